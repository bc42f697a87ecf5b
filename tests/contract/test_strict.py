"""The strict reader of JSON: what it takes, what it refuses, and where it says the fault is."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.contract.strict import FAULTS_MAX, POINTER_MAX, Broken, scan

SOUND = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "", "invalid_json"),
        (b"{", "", "invalid_json"),
        (b"{} x", "", "invalid_json"),
        (b"{'a': 1}", "", "invalid_json"),
        (b'"\x00"', "", "invalid_json"),
        (b"\xff\xfe{\x00}\x00", "", "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "", "not_utf8"),
        (b"[" * 100_000, "", "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "", "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "", "too_deep"),
        (b"[" * 33 + b"]" * 33, "/0" * 32, "too_deep"),
        (b'{"a": ["\\u0000"]}', "/a/0", "bad_character"),
        (b'{"a": "\\ud800"}', "/a", "bad_character"),
        (b'{"a": "\\ude00\\ud83d"}', "/a", "bad_character"),
        (b'{"a": {"\\udfff": 1}}', "/a", "bad_character"),
        (b'{"a": {"\\u0000": 1}}', "/a", "bad_character"),
        (b'{"a": 1, "a": 1}', "/a", "duplicate_key"),
        (b'[0, {"a/b~c": {"x": 1, "y": 2, "x": 3}}]', "/1/a~1b~0c/x", "duplicate_key"),
        (b'{"x": 1, "\\u0078": 2}', "/x", "duplicate_key"),
        (b"[NaN]", "/0", "bad_number"),
        (b"[-Infinity]", "/0", "bad_number"),
        (b"[1, 1e400]", "/1", "bad_number"),
        (b"[18446744073709551616]", "/0", "bad_number"),
        (b"[-9223372036854775809]", "/0", "bad_number"),
        (b"[" + b"9" * 5_000 + b"]", "/0", "bad_number"),
        (b"[-" + b"1" + b"0" * 5_000 + b"]", "/0", "bad_number"),
    ],
)
def test_a_broken_body_is_refused_with_its_place(body: bytes, pointer: str, code: str) -> None:
    with pytest.raises(Broken) as caught:
        scan(body)
    assert (caught.value.pointer, caught.value.code) == (pointer, code)
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b" \r\n[1]\t\n ", [1]),
        (b"\xef\xbb\xbf{}", {}),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b"[18446744073709551615, -9223372036854775808]", [2**64 - 1, -(2**63)]),
        (b"[1e308, -0.0, 1E+2]", [1e308, -0.0, 100.0]),
        (b'{"a": 1, "A": 2}', {"a": 1, "A": 2}),
        (b"[true, false, null]", [True, False, None]),
    ],
)
def test_odd_but_sound_bodies_are_read(body: bytes, value: object) -> None:
    assert scan(body) == value


def test_the_depth_itself_is_allowed_and_one_more_is_not() -> None:
    assert scan(b"[[1]]", max_depth=2) == [[1]]
    with pytest.raises(Broken):
        scan(b"[[[]]]", max_depth=2)


def test_values_are_counted_when_asked() -> None:
    assert scan(b"[1, 2, 3]", max_nodes=4) == [1, 2, 3]
    with pytest.raises(Broken) as caught:
        scan(b"[1, 2, 3, 4]", max_nodes=4)
    assert (caught.value.pointer, caught.value.code) == ("/3", "too_many")


@pytest.mark.parametrize(("body", "pointer"), [(b'{"a": "1234"}', "/a"), (b'{"1234": 1}', "")])
def test_texts_and_keys_are_measured_when_asked(body: bytes, pointer: str) -> None:
    assert scan(body) == scan(body, max_string=4)
    with pytest.raises(Broken) as caught:
        scan(body, max_string=3)
    assert (caught.value.pointer, caught.value.code) == (pointer, "too_long")


def test_a_pointer_is_bounded() -> None:
    with pytest.raises(Broken) as caught:
        scan(b'{"' + b"k" * 10_000 + b'": NaN}')
    assert len(caught.value.pointer) == POINTER_MAX


@settings(deadline=None)
@given(SOUND)
def test_sound_values_come_back_as_they_were(value: object) -> None:
    assert scan(json.dumps(value).encode()) == value
    assert scan(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"-")
@example(b"\xef\xbb\xbf\xef\xbb\xbf1")
def test_any_bytes_are_read_or_broken(body: bytes) -> None:
    try:
        value = scan(body)
    except Broken as broken:
        broken.pointer.encode()
        broken.detail.encode()
    else:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"a": "\\u0000", "b": [1e999, "\\ud800", 0], "b2": 1}', ["/a", "/b/0", "/b/1"]),
        (b'{"a": 1, "b": 2, "a": 3, "b": 4, "a": 5}', ["/a", "/b"]),
        (b'{"\\u0000": 1, "a": NaN, "\\ud800": 2}', ["", "/a", ""]),
        (b'[{"x": 1, "x": "\\u0000"}, [[]], 18446744073709551616]', ["/0/x", "/0/x", "/2"]),
    ],
)
def test_every_broken_place_is_named(body: bytes, places: list[str]) -> None:
    with pytest.raises(Broken) as broken:
        scan(body)
    assert [each.pointer for each in broken.value.all] == places


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b'"\\u0000",' * 5_000 + b"1]",
        b"{" + b'"\\u0000": 1, "a": NaN,' * 5_000 + b'"b": 1}',
        b"[" + b'["\\u0000", NaN],' * 5_000 + b"1]",
    ],
)
def test_of_a_body_without_end_of_faults_so_many_are_named(body: bytes) -> None:
    with pytest.raises(Broken) as broken:
        scan(body)
    assert len(broken.value.all) <= FAULTS_MAX


def test_of_too_many_values_it_is_told_once() -> None:
    with pytest.raises(Broken) as broken:
        scan(b"[" + b"[1, 2]," * 50 + b"1]", max_nodes=20)
    assert [each.code for each in broken.value.all] == ["too_many"]
