"""Bodies of our own: exact type, strict JSON, and every bad field at once."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.commands import Note, SetSeverity
from hub.contract.signals import Fault
from hub.domain.errors import Invalid
from hub.door.body import check_type, read
from hub.door.problems import WrongType


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    count: int


class Order(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: int
    inner: list[Inner] = []
    one: Annotated[list[Annotated[str, msgspec.Meta(max_length=2)]], msgspec.Meta(max_length=3)] | None = None
    other: Inner | None = None
    note: str | None = None


def faults(body: bytes, kind: type[msgspec.Struct] = Order) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        read(body, kind)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def test_a_good_body_becomes_its_struct() -> None:
    assert read(b'{"name":"a","size":2,"inner":[{"count":1}]}', Order) == Order("a", 2, [Inner(1)])
    assert read(b'{"severity":"SEV1","if_version":3}', SetSeverity).if_version == 3


def test_every_bad_field_is_named_not_only_the_first() -> None:
    body = b'{"name":7,"size":"x","inner":[{"count":1},{"count":"y"}],"extra":1}'
    assert sorted(faults(body)) == [
        ("/extra", "unknown"),
        ("/inner/1/count", "invalid"),
        ("/name", "invalid"),
        ("/size", "invalid"),
    ]


class Bounds(msgspec.Struct):
    text: Annotated[str, msgspec.Meta(min_length=10)] = "x" * 10
    size: Annotated[int, msgspec.Meta(ge=-1, le=60)] = 0
    items: Annotated[list[str], msgspec.Meta(max_length=2)] | None = None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"text":"short"}', "Expected text of length 10 or more."),
        (b'{"text":null}', "Expected text, got null."),
        (b'{"size":61}', "Expected a whole number of 60 or less."),
        (b'{"size":-2}', "Expected a whole number of -1 or more."),
        (b'{"size":1.5}', "Expected a whole number, got a number."),
        (b'{"items":["a","b","c"]}', "Expected a list of length 2 or less."),
        (b'{"items":{}}', "Expected a list or null, got an object."),
    ],
)
def test_a_fault_is_told_in_words(body: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(body, Bounds)
    assert [fault.detail for fault in refused.value.faults] == [said]


def test_every_bad_field_inside_another_is_named() -> None:
    body = (
        b'{"name":"a","size":1,"inner":[{"count":"x"},{},{"count":1,"a":1,"b":1}],'
        b'"one":["abc",1,"ok"],"other":{"count":"x","more":1}}'
    )
    assert sorted(faults(body)) == [
        ("/inner/0/count", "invalid"),
        ("/inner/1/count", "required"),
        ("/inner/2/a", "unknown"),
        ("/inner/2/b", "unknown"),
        ("/one/0", "invalid"),
        ("/one/1", "invalid"),
        ("/other/count", "invalid"),
        ("/other/more", "unknown"),
    ]


def test_what_is_wrong_as_a_whole_is_named_as_a_whole() -> None:
    assert faults(b'{"name":"a","size":1,"one":["a","b","c","d"]}') == [("/one", "invalid")]
    assert faults(b'{"name":"a","size":1,"one":{},"other":[],"inner":null}') == [
        ("/inner", "invalid"), ("/one", "invalid"), ("/other", "invalid"),
    ]  # fmt: skip


def test_missing_fields_are_named() -> None:
    assert faults(b"{}") == [("/name", "required"), ("/size", "required")]


def test_names_are_escaped_as_pointers() -> None:
    assert faults(b'{"name":"a","size":1,"a/b~c":1}') == [("/a~1b~0c", "unknown")]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "", "invalid_json"),
        (b"not json", "", "invalid_json"),
        (b"[]", "", "wrong_type"),
        (b"3", "", "wrong_type"),
        (b'"\xff"', "", "not_utf8"),
        (b'{"name":"a","name":"b","size":1}', "/name", "duplicate_key"),
        (b'{"name":"a\\u0000","size":1}', "/name", "bad_character"),
        (b'{"name":"\\ud800","size":1}', "/name", "bad_character"),
        (b'{"name":"a","size":NaN}', "/size", "bad_number"),
        (b'{"name":"a","size":' + b"9" * 5000 + b"}", "/size", "bad_number"),
        (b'{"name":"' + b"x" * 70_000 + b'","size":1}', "/name", "too_long"),
        (b"[" * 100_000, "", "too_deep"),
        (b'{"inner":[' + b"1," * 10_001 + b"1]}", "", "too_many"),
    ],
)
def test_poison_is_refused_where_it_is(body: bytes, pointer: str, code: str) -> None:
    found = faults(body)
    assert len(found) == 1
    assert found[0][1] == code
    assert found[0][0].startswith(pointer)


def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(Invalid) as refused:
        read(b'{"severity":"a secret"}', SetSeverity)
    assert "secret" not in refused.value.faults[0].detail


def test_the_faults_are_bounded() -> None:
    body = msgspec.json.encode({f"key{index}": 1 for index in range(5_000)})
    assert len(faults(body)) == 100


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_invalid(body: bytes) -> None:
    with contextlib.suppress(Invalid):
        read(body, Note)


keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["name", "size", "inner", "note"]) | keys, json_values))
def test_no_object_raises_anything_but_invalid_and_every_fault_names_a_field(value: object) -> None:
    told: list[Fault] = []
    try:
        read(msgspec.json.encode(value), Order)
    except Invalid as refused:
        told = refused.faults
    else:
        return
    assert told
    assert all(fault.pointer.startswith("/") for fault in told)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ],
)
def test_json_is_taken(content_type: str) -> None:
    check_type({"Content-Type": content_type})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/plain; application/json"},
        {"Content-Type": "application/json-patch+json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_what_a_foreign_page_could_send_is_not(headers: dict[str, str]) -> None:
    with pytest.raises(WrongType):
        check_type(headers)
