"""PagerDuty's change events and the first version of its events: other fields, the same words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.contract.signals import Link, Signal, Unreadable
from hub.contract.words import SignalAction
from hub.sources import pagerduty_change, pagerduty_v1
from hub.sources.base import Checked

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
KEY = "0123456789abcdef0123456789abcdef"
PAYLOAD = {"summary": "Deployed 1.2", "source": "ci", "timestamp": "2026-11-23T08:50:31.000+0000",
           "custom_details": {"build": 7}}  # fmt: skip
CHANGE = {
    "routing_key": KEY,
    "payload": PAYLOAD,
    "links": [{"href": "https://ci.example/7", "text": "Build"}],
}
EVENT = {"service_key": KEY, "event_type": "trigger", "incident_key": "db", "description": "Disk full",
         "client": "Nagios", "client_url": "https://nagios.example", "details": {"host": "db-1"},
         "contexts": [{"type": "link", "href": "https://x.example", "text": "Graph"}]}  # fmt: skip


def change(**fields: object) -> bytes:
    """A change, with fields replaced."""
    return json.dumps(CHANGE | fields).encode()


def first(**fields: object) -> bytes:
    """An event of the first version, with fields replaced."""
    return json.dumps(EVENT | fields).encode()


def test_a_change_is_recorded_and_is_no_alert() -> None:
    assert pagerduty_change.check(change()) == Checked(key=KEY)
    assert pagerduty_change.signals(change()) == [
        Signal(
            action=SignalAction.CHANGE, dedup_key=None, title="Deployed 1.2", source="ci", text="build: 7",
            occurred_at=datetime(2026, 11, 23, 8, 50, 31, tzinfo=UTC),
            links=(Link(href="https://ci.example/7", text="Build"),),
        )
    ]  # fmt: skip
    reply = pagerduty_change.answer(Checked(key=KEY), ROW)
    assert (reply.status, reply.body) == (202, {"status": "success", "message": "Change event processed"})


@pytest.mark.parametrize("payload", [None, {}, [], "x", {"summary": " "}, {"summary": 7}])
def test_a_change_without_a_summary_is_refused_and_kept(payload: object) -> None:
    checked = pagerduty_change.check(change(payload=payload))
    assert (checked.key, [fault.pointer for fault in checked.faults]) == (KEY, ["/payload/summary"])
    reply = pagerduty_change.answer(checked, ROW)
    assert (reply.status, reply.body) == (400, {
        "status": "invalid event", "message": "Event object is invalid",
        "errors": ["'payload.summary' is missing or blank"],
    })  # fmt: skip
    with pytest.raises(Unreadable, match="/payload/summary"):
        pagerduty_change.signals(change(payload=payload))


def test_an_event_of_the_first_version_is_taken() -> None:
    assert pagerduty_v1.check(first()) == Checked(key=KEY, dedup_key="db")
    assert pagerduty_v1.signals(first()) == [
        Signal(
            action=SignalAction.TRIGGER, dedup_key="db", title="Disk full", source="Nagios",
            text="host: db-1",
            links=(
                Link(href="https://x.example", text="Graph"),
                Link(href="https://nagios.example", text="Nagios"),
            ),
        )
    ]  # fmt: skip
    reply = pagerduty_v1.answer(pagerduty_v1.check(first()), ROW)
    assert (reply.status, reply.body) == (
        200,
        {"status": "success", "message": "Event processed", "incident_key": "db"},
    )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"event_type": "explode"}, "/event_type"),
        ({"description": ""}, "/description"),
        ({"incident_key": 7}, "/incident_key"),
        ({"incident_key": "k" * 256}, "/incident_key"),
        ({"event_type": "resolve", "incident_key": None}, "/incident_key"),
        ({"service_key": " "}, "/service_key"),
    ],
)
def test_what_the_first_version_refuses_names_its_field(fields: dict[str, object], pointer: str) -> None:
    checked = pagerduty_v1.check(first(**fields))
    assert [fault.pointer for fault in checked.faults] == [pointer]
    assert pagerduty_v1.answer(checked, ROW).status == 400


@pytest.mark.parametrize("source", [pagerduty_change, pagerduty_v1])
def test_the_key_of_a_broken_body_is_still_found(source: object) -> None:
    body = first() if source is pagerduty_v1 else change()
    check = pagerduty_v1.check if source is pagerduty_v1 else pagerduty_change.check
    assert check(body[:-1]).key == KEY
