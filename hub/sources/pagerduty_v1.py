"""PagerDuty's first Events API, which old agents still speak, with fields of other names."""

from __future__ import annotations

from uuid import UUID

from hub.contract.signals import TITLE_MAX, Fault, Rejected, Signal
from hub.contract.words import SignalAction
from hub.sources import reading, routed
from hub.sources.base import Checked, Reply, derived_key

NAME = "pagerduty_v1"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True

_TYPES = ("trigger", "acknowledge", "resolve")


def check(body: bytes) -> Checked:
    """Read the service key, the incident key and the required fields."""
    return routed.check(body, "service_key", "incident_key", _faults)


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal a body, an error since it tells no severity; Unreadable as check finds faults, or where the
    JSON is not strict."""
    event = routed.event(body, _faults)
    return [
        Signal(
            action=SignalAction(str(event["event_type"])),
            dedup_key=routed.key_or_none(event.get("incident_key")),
            title=reading.text(event.get("description"), TITLE_MAX),
            source=reading.text(event.get("client")),
            text=reading.prose(event.get("details")),
            links=reading.links(routed.links({**event, "links": event.get("contexts")})),
        )
    ]


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer in the vendor's words: 200 with the incident key, 400 with a list of sentences."""
    if row is None or checked.faults:
        return routed.refused(checked)
    return routed.processed(200, incident_key=checked.dedup_key or derived_key(row, 0))


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503, or 403, which is this version's throttle: its clients try again on both."""
    return routed.busy(is_over_quota, throttle=403)


def _faults(event: dict[str, object]) -> list[Fault]:
    kind = event.get("event_type")
    found = [] if kind in _TYPES else [routed.not_one_of("event_type", _TYPES)]
    found += routed.faults_of_key(
        "incident_key", event.get("incident_key"), is_needed=kind in ("acknowledge", "resolve")
    )
    if kind == "trigger" and routed.is_blank(event.get("description")):
        found.append(routed.missing("description"))
    return found
