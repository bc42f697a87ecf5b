"""Opsgenie's alerts: made, acted upon, cut where the vendor cuts, and refused in its words."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from hub.contract.signals import Signal, Unreadable
from hub.sources import opsgenie
from hub.sources.base import Checked

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def created(**fields: Any) -> bytes:
    """The envelope of a new alert, with fields replaced."""
    return opsgenie.envelope(
        "create", "", json.dumps({"message": "Disk full", "alias": "disk"} | fields).encode()
    )


def acted(verb: str, **fields: Any) -> list[tuple[str, str | None, str]]:
    """(action, key, text) of the signals of an act."""
    sent = opsgenie.envelope(verb, "disk", json.dumps(fields).encode())
    assert opsgenie.check(sent) == Checked()
    return [(s.action, s.dedup_key, s.text) for s in opsgenie.signals(sent) if isinstance(s, Signal)]


def taken(body: bytes) -> Signal:
    """The one signal of a body."""
    (signal,) = opsgenie.signals(body)
    assert isinstance(signal, Signal)
    return signal


def test_what_alertmanager_sends_is_taken(sample: Any) -> None:
    signal = taken(opsgenie.envelope("create", "", sample("alertmanager-opsgenie-create")))
    assert (signal.action, signal.severity) == ("trigger", "critical")
    assert signal.dedup_key == "17c4e445d234645c9e547ff6d32a864af0ebdadcd1902771c24c8d366637ff41"
    assert signal.title == "[FIRING:2] DiskFull (node critical)"
    assert signal.labels == {
        "tags": "war-room, prod",
        "alertname": "DiskFull",
        "job": "node",
        "severity": "critical",
    }
    assert [link.href for link in signal.links] == ["http://vm:9793/#/alerts?receiver=everything"]


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("P1", "critical"),
        ("P2", "error"),
        ("P3", "warning"),
        ("P4", "info"),
        ("P5", "info"),
        (None, "warning"),
    ],
)
def test_a_priority_is_a_severity(priority: str | None, severity: str) -> None:
    assert taken(created(priority=priority)).severity == severity


def test_over_long_values_are_cut_and_a_long_alias_is_hashed() -> None:
    signal = taken(
        created(message="m" * 5_000, description="d" * 50_000, alias="a" * 512, tags=["t" * 99] * 99)
    )
    assert (len(signal.title), len(signal.text), len(signal.labels["tags"])) == (1_024, 16_384, 1_024)
    assert signal.dedup_key is not None
    assert signal.dedup_key.startswith("long:1:")


def test_each_act_is_what_it_is_here_and_its_note_comes_first() -> None:
    assert acted("close") == [("resolve", "disk", "")]
    assert acted("acknowledge", user="ann", note="mine") == [
        ("note", "disk", "mine"),
        ("acknowledge", "disk", ""),
    ]
    assert acted("notes", note="look here") == [("note", "disk", "look here")]
    assert acted("snooze", endTime="2026-01-01T00:00:00Z", user="ann") == [
        ("note", "disk", "ann asked for snooze \nendTime: 2026-01-01T00:00:00Z")
    ]


@pytest.mark.parametrize("message", [None, "", " ", 7, []])
def test_a_new_alert_without_a_message_is_a_422_with_the_field(message: object) -> None:
    reply = opsgenie.answer(opsgenie.check(created(message=message)), ROW)
    assert (reply.status, reply.body) == (422, {
        "message": "Request body is not processable. Please check the errors.", "took": 0.001,
        "requestId": str(ROW), "errors": {"message": "may not be empty"},
    })  # fmt: skip
    with pytest.raises(Unreadable, match="/body/message"):
        opsgenie.signals(created(message=message))


@pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b'{},"verb":"close"', b'{"a":1,"a":2}', b"\xff"])
def test_what_is_no_json_object_or_reaches_for_the_envelope_is_a_400(raw: bytes) -> None:
    sent = opsgenie.envelope("create", "", raw)
    assert opsgenie.answer(opsgenie.check(sent), ROW).status == 400
    with pytest.raises(Unreadable):
        opsgenie.signals(sent)


def test_the_good_answer_names_the_request() -> None:
    reply = opsgenie.answer(opsgenie.check(created()), ROW)
    assert (reply.status, reply.body) == (
        202,
        {"result": "Request will be processed", "took": 0.001, "requestId": str(ROW)},
    )
    assert reply.headers["X-RateLimit-State"] == "OK"
    assert opsgenie.busy(is_over_quota=True).headers["X-RateLimit-State"] == "THROTTLED"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"message": "Disk full",}', "line 1, column 25"),
        ('{\n"message" "Disk full"}', "line 2, column 11"),
        ('{"tags": ["a"], "tags": ["b"]}', "/tags: "),
        ('{"details": {"log": "\\u0000"}}', "/details/log: "),
    ],
)
@pytest.mark.parametrize("alias", ["disk", '\\",":{"body":,"body":{'])
def test_what_is_broken_is_named_by_its_place_in_what_was_sent(raw: str, words: str, alias: str) -> None:
    answer = opsgenie.answer(opsgenie.check(opsgenie.envelope("close", alias, raw.encode())), ROW)
    assert isinstance(answer.body, dict)
    assert answer.status == 400
    assert words in answer.body["message"]
    assert "/body" not in answer.body["message"]
