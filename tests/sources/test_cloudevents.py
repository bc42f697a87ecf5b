"""CloudEvents 1.0 in its three modes, as the SDK writes them and as it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from tornado.httputil import HTTPHeaders

from hub.contract.signals import Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import cloudevents

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
EVENT = {
    "specversion": "1.0", "id": "e-1", "source": "//backup/db-1", "type": "org.example.backup.failed",
    "subject": "nightly", "time": "2026-11-23T08:48:18Z", "data": {"size": 7},
}  # fmt: skip


def body(**fields: Any) -> bytes:
    """An event in the JSON format, with fields replaced; None takes one away."""
    return json.dumps({name: value for name, value in (EVENT | fields).items() if value is not None}).encode()


def taken(sent: bytes) -> Signal:
    """The one signal of a body."""
    (signal,) = cloudevents.signals(sent)
    assert isinstance(signal, Signal)
    return signal


def made(data: object, kind: str = "application/json") -> CloudEvent:
    """An event of the SDK."""
    attributes = {name: EVENT[name] for name in ("id", "source", "type", "subject", "specversion")}
    attributes |= {"time": datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC), "datacontenttype": kind}
    return CloudEvent(attributes, data)


@pytest.mark.parametrize("write", [to_structured, to_binary])
def test_what_the_sdk_writes_is_taken_in_both_modes(write: Any) -> None:
    message = write(made({"size": 7}), JSONFormat())
    headers = HTTPHeaders(message.headers)
    assert cloudevents.is_event(headers)
    signal = taken(cloudevents.structured(headers, message.body))
    assert signal == Signal(
        action=SignalAction.TRIGGER, dedup_key=signal.dedup_key, title="org.example.backup.failed: nightly",
        source="//backup/db-1", text="size: 7", occurred_at=datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC),
        labels={"type": "org.example.backup.failed", "subject": "nightly"},
    )  # fmt: skip


@pytest.mark.parametrize("write", [to_structured, to_binary])
def test_data_of_our_format_is_an_event_of_ours(write: Any) -> None:
    message = write(made({"action": "resolve", "dedup_key": "db-1/backup"}), JSONFormat())
    signal = taken(cloudevents.structured(HTTPHeaders(message.headers), message.body))
    assert (signal.action, signal.dedup_key, signal.source) == ("resolve", "db-1/backup", "//backup/db-1")


def test_data_of_our_format_is_read_strictly() -> None:
    checked = cloudevents.check(body(data={"title": 7}))
    assert [(fault.pointer, fault.code) for fault in checked.faults] == [("/data/title", "wrong_type")]
    with pytest.raises(Unreadable, match="/data/title"):
        cloudevents.signals(body(data={"title": 7}))


@pytest.mark.parametrize("field", ["id", "source", "type", "specversion"])
@pytest.mark.parametrize("value", [None, "", 7, {}])
def test_an_event_without_what_it_needs_is_refused_by_its_field(field: str, value: object) -> None:
    checked = cloudevents.check(body(**{field: value}))
    assert [fault.pointer for fault in checked.faults] == [f"/{field}"]
    assert cloudevents.answer(checked, ROW).status == 400


def test_source_and_id_name_the_delivery_and_cannot_run_together() -> None:
    names = [
        cloudevents.check(body(source=source, id=id)).delivery for source, id in (("a", "bc"), ("ab", "c"))
    ]
    assert names == ['["a","bc"]', '["ab","c"]']
    assert cloudevents.check(b"[" + body() + b"]").delivery is None


def test_a_batch_is_read_event_by_event() -> None:
    batch = b"[" + b",".join([body(), body(id=""), body(type="other")]) + b"]"
    parts = cloudevents.signals(batch)
    assert [type(part) for part in parts] == [Signal, Rejected, Signal]
    assert cloudevents.answer(cloudevents.check(batch), ROW).status == 202


def test_the_same_source_type_and_subject_are_the_same_problem() -> None:
    keys = [taken(body(**fields)).dedup_key for fields in ({}, {"id": "e-2"}, {"subject": "weekly"})]
    assert keys[0] == keys[1] != keys[2]


def test_a_binary_event_keeps_text_and_cannot_smuggle_attributes() -> None:
    headers = HTTPHeaders({f"ce-{name}": str(EVENT[name]) for name in EVENT if name != "data"})
    headers["Content-Type"] = "text/plain"
    assert b'"data_base64"' in cloudevents.structured(headers, b"no JSON")
    assert taken(cloudevents.structured(headers, b"no JSON")).title == "org.example.backup.failed: nightly"
    assert taken(cloudevents.structured(headers, b"")).text == ""
    headers["Content-Type"] = "application/json; charset=utf-8"
    for raw in (b'1,"id":"e-2"', b"{}}", b"{", b"\xff"):
        with pytest.raises(Unreadable):
            cloudevents.signals(cloudevents.structured(headers, raw))
    headers["ce-subject"] = "Euro%20%E2%82%AC"
    assert taken(cloudevents.structured(headers, b"{}")).labels["subject"] == "Euro \N{EURO SIGN}"


@pytest.mark.parametrize(
    ("said", "severity"), [("WARN", "warning"), ("critical", "critical"), (None, "error")]
)
def test_the_severity_extension_is_understood(said: str | None, severity: str) -> None:
    assert taken(body(severitytext=said)).severity is AlertSeverity(severity)


@pytest.mark.parametrize(("data", "text"), [("It is líne", "It is líne"), (b"\xff\xfe", ""), (b"a\0b", "ab")])
def test_text_that_came_as_bytes_is_read(data: str | bytes, text: str) -> None:
    message = to_binary(made(data, "text/plain"), JSONFormat())
    assert taken(cloudevents.structured(HTTPHeaders(message.headers), message.body)).text == text
