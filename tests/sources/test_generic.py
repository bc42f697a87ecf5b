"""Our own format: what is taken, what is refused and with which pointer, and the answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.contract import ids
from hub.contract.signals import Fault, Link, Rejected, Signal, Unreadable
from hub.contract.strict import POINTER_MAX
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import generic
from hub.sources.fields import FAULTS_MAX, Fields

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def faults(value: object) -> list[tuple[str, str]]:
    """The pointers and codes with which a body is refused."""
    return [(fault.pointer, fault.code) for fault in generic.check(json.dumps(value).encode()).faults]


def taken(value: object) -> Signal:
    """The one signal of a body."""
    (signal,) = generic.signals(json.dumps(value).encode())
    assert isinstance(signal, Signal)
    return signal


def test_a_title_is_enough_for_a_trigger() -> None:
    assert taken({"title": "Disk full"}) == Signal(
        action=SignalAction.TRIGGER, dedup_key=None, title="Disk full", severity=AlertSeverity.ERROR
    )


def test_every_field_finds_its_place() -> None:
    event = {
        "event_id": "e-1",
        "action": "trigger",
        "dedup_key": "db-1/disk",
        "title": "Disk full",
        "severity": "critical",
        "service": "checkout",
        "source": "db-1",
        "occurred_at": "2026-11-23T09:48:18.5+01:00",
        "labels": {"host": "db-1"},
        "details": {"free": "1 %", "mounts": ["/", "/var"], "note": "two\nlines"},
        "links": [
            {"href": "https://runbook.example/disk", "text": "Runbook"},
            {"href": "javascript:alert(1)"},
        ],
        "correlation_id": "c-1",
    }
    assert taken(event) == Signal(
        action=SignalAction.TRIGGER,
        dedup_key="db-1/disk",
        title="Disk full",
        severity=AlertSeverity.CRITICAL,
        source="db-1",
        text='free: 1 %\nmounts: ["/","/var"]\nnote: two\nlines',
        occurred_at=datetime(2026, 11, 23, 8, 48, 18, 500_000, UTC),
        labels={"service": "checkout", "host": "db-1"},
        links=(Link(href="https://runbook.example/disk", text="Runbook"),),
        correlation_id="c-1",
    )


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_acknowledge_and_resolve_need_only_the_key(action: str) -> None:
    assert taken({"action": action, "dedup_key": "k"}).action == action
    assert faults({"action": action}) == [("/dedup_key", "required")]
    assert faults({"action": action, "dedup_key": " "}) == [("/dedup_key", "required")]


def test_a_note_needs_its_words_and_the_key_and_keeps_both_title_and_details() -> None:
    assert taken({"action": "note", "dedup_key": "k", "title": "T"}).text == ""
    assert taken({"action": "note", "dedup_key": "k", "title": "T", "details": "D"}).text == "T\nD"
    assert faults({"action": "note"}) == [("/title", "required"), ("/dedup_key", "required")]


def test_a_change_needs_no_key() -> None:
    assert taken({"action": "change", "title": "Deployed 1.2"}).action is SignalAction.CHANGE


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, [("/title", "required")]),
        ({"title": ""}, [("/title", "required")]),
        ({"title": None}, [("/title", "required")]),
        ({"title": 7}, [("/title", "wrong_type")]),
        ({"title": "t", "titel": "t"}, [("/titel", "unknown_field")]),
        ({"title": "t", "a/b~": None}, [("/a~1b~0", "unknown_field")]),
        ({"title": "t", "action": "page"}, [("/action", "not_a_choice")]),
        ({"title": "t", "severity": "SEV1"}, [("/severity", "not_a_choice")]),
        ({"title": "t", "dedup_key": "k" * 256}, [("/dedup_key", "too_long")]),
        ({"title": "t", "event_id": ["e"]}, [("/event_id", "wrong_type")]),
        ({"title": "t", "occurred_at": "yesterday"}, [("/occurred_at", "bad_time")]),
        ({"title": "t", "occurred_at": "2026-11-23T08:48:18"}, [("/occurred_at", "bad_time")]),
        ({"title": "t", "occurred_at": "2026-13-01T00:00:00Z"}, [("/occurred_at", "bad_time")]),
        ({"title": "t", "occurred_at": 1_795_423_698}, [("/occurred_at", "wrong_type")]),
        ({"title": "t", "labels": ["a"]}, [("/labels", "wrong_type")]),
        ({"title": "t", "labels": {"a": "1", "b": 2}}, [("/labels/b", "wrong_type")]),
        ({"title": "t", "labels": {str(n): "" for n in range(65)}}, [("/labels", "wrong_type")]),
        ({"title": "t", "links": {"href": "https://x"}}, [("/links", "wrong_type")]),
        ({"title": "t", "links": ["https://x"]}, [("/links/0", "wrong_type")]),
        ({"title": "t", "links": [{"href": "https://x", "rel": ""}]}, [("/links/0", "wrong_type")]),
        ({"title": "t", "links": [{}] * 17}, [("/links", "wrong_type")]),
        ({"title": "t", "n" * 9_000: 1}, [("/" + "n" * (POINTER_MAX - 1), "unknown_field")]),
        ({"title": 7, "action": "x"}, [("/action", "not_a_choice"), ("/title", "wrong_type")]),
        ("text", [("", "wrong_type")]),
        (None, [("", "wrong_type")]),
        ([], [("", "wrong_length")]),
        ([[{"title": "t"}]], [("/0", "wrong_type")]),
        ([{}, {"titel": ""}], [
            ("/0/title", "required"), ("/1/title", "required"), ("/1/titel", "unknown_field"),
        ]),
    ],
)  # fmt: skip
def test_every_bad_field_is_named(event: object, expected: list[tuple[str, str]]) -> None:
    assert faults(event) == expected
    with pytest.raises(Unreadable, match=expected[0][0] or "body"):
        generic.signals(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b'{"title": "t", "title": "u"}', "/title", "duplicate_key"),
        (b'[{"title": "t"}, {"title": "a\\u0000b"}]', "/1/title", "bad_character"),
        (b'{"title": "t", "details": NaN}', "/details", "bad_number"),
        (b'{"title": "t", "details": 99999999999999999999}', "/details", "bad_number"),
        (b"title=t", "", "invalid_json"),
    ],
)
def test_json_that_is_not_strict_is_refused_with_its_place(body: bytes, pointer: str, code: str) -> None:
    (fault,) = generic.check(body).faults
    assert (fault.pointer, fault.code) == (pointer, code)
    with pytest.raises(Unreadable):
        generic.signals(body)


def test_faults_are_bounded() -> None:
    many: dict[str, object] = {f"field {n}": 0 for n in range(100)}
    assert len(faults([many] * 3)) == FAULTS_MAX
    fields = Fields(many)
    fields.no_more()
    assert len(fields.faults) == FAULTS_MAX


def test_a_list_holds_at_most_500_events() -> None:
    assert faults([{"title": "t"}] * 500) == []
    assert faults([{"title": "t"}] * 501) == [("", "wrong_length")]


def test_prose_is_cut_and_never_refused() -> None:
    signal = taken({"title": "t" * 2_000, "source": "s" * 2_000, "details": "d" * 20_000})
    assert (len(signal.title), len(signal.source), len(signal.text)) == (1_024, 1_024, 16_384)
    assert len(taken({"title": "t", "details": {"d" * 20_000: 1}}).text) == 16_384
    assert taken({"title": "t", "labels": {"l" * 2_000: "v" * 2_000}}).labels == {"l" * 1_024: "v" * 1_024}


@pytest.mark.parametrize("year", ["0001", "1969", "2200", "9999"])
def test_a_year_that_means_never_is_no_time(year: str) -> None:
    assert taken({"title": "t", "occurred_at": f"{year}-06-01T00:00:00Z"}).occurred_at is None


def test_the_delivery_is_the_event_id_of_a_single_event() -> None:
    assert generic.check(b'{"title": "t", "event_id": "e-1"}').delivery == "e-1"
    assert generic.check(b'{"title": "t", "event_id": null}').delivery is None
    assert generic.check(b'[{"title": "t", "event_id": "e-1"}]').delivery is None


def test_one_bad_item_does_not_hold_up_the_others() -> None:
    body = b'[{"title": "one"}, {"titel": "two"}, {"title": "three"}]'
    first, second, third = generic.signals(body)
    assert (isinstance(first, Signal), isinstance(third, Signal)) == (True, True)
    assert second == Rejected(pointer="/1/title", detail="The field is required.")
    reply = generic.answer(generic.check(body), ROW)
    assert reply.status == 202
    assert reply.body == {
        "receipt_id": ids.text("receipt", ROW),
        "status": "accepted",
        "items": [
            {"index": 0, "status": "accepted", "errors": []},
            {
                "index": 1,
                "status": "rejected",
                "errors": [{"pointer": "/1/title", "code": "required", "detail": "The field is required."}],
            },
            {"index": 2, "status": "accepted", "errors": []},
        ],
    }


def test_a_refusal_is_a_problem_that_names_the_fields_and_the_receipt() -> None:
    reply = generic.answer(generic.check(b'{"title": 7}'), ROW)
    assert (reply.status, reply.content_type) == (400, "application/problem+json")
    assert isinstance(reply.body, dict)
    assert reply.body["code"] == "invalid_body"
    assert reply.body["receipt_id"] == ids.text("receipt", ROW)
    assert reply.body["errors"] == [
        {"pointer": "/title", "code": "wrong_type", "detail": "The value is a text."}
    ]


@pytest.mark.parametrize("body", [b'{"title": "t"}', b"broken"])
def test_an_unknown_key_is_told_nothing_of_the_body(body: bytes) -> None:
    reply = generic.answer(generic.check(body), None)
    assert (reply.status, reply.headers) == (401, {"WWW-Authenticate": 'Bearer realm="incidenthub"'})
    assert isinstance(reply.body, dict)
    assert reply.body["errors"] == []


def test_a_fault_is_what_the_receipt_will_say() -> None:
    body = b'[{"title": "one"}, {"title": "two", "labels": {"a": 1}}]'
    fault = generic.check(body).items[1]
    rejected = generic.signals(body)[1]
    assert isinstance(fault, Fault)
    assert rejected == Rejected(pointer=fault.pointer, detail=fault.detail)
