"""PagerDuty's Events API v2: the key is in the body, and the answer is the vendor's, word for word."""

from __future__ import annotations

from uuid import UUID

from hub.contract.signals import LABEL_MAX, TITLE_MAX, Fault, Rejected, Signal
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import reading, routed
from hub.sources.base import Checked, Reply, derived_key
from hub.sources.reading import member

NAME = "pagerduty"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True

_ACTIONS = ("trigger", "acknowledge", "resolve")


def check(body: bytes) -> Checked:
    """Read the routing key, the dedup key and the required fields."""
    return routed.check(body, "routing_key", "dedup_key", _faults)


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal a body; Unreadable where check finds faults, or where the JSON is not strict."""
    event = routed.event(body, _faults)
    payload = event.get("payload")
    named = {name: member(payload, name) for name in ("component", "group", "class")}
    return [
        Signal(
            action=SignalAction(str(event["event_action"])),
            dedup_key=routed.key_or_none(event.get("dedup_key")),
            title=reading.text(member(payload, "summary"), TITLE_MAX),
            severity=reading.severity(member(payload, "severity")),
            source=reading.text(member(payload, "source"), LABEL_MAX),
            text=reading.prose(member(payload, "custom_details")),
            occurred_at=reading.moment(member(payload, "timestamp")),
            labels=reading.labels({name: value for name, value in named.items() if value is not None}),
            links=reading.links(routed.links(event)),
        )
    ]


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer in the vendor's words: 202 with the dedup key, 400 with a list of sentences."""
    if row is None or checked.faults:
        return routed.refused(checked)
    return routed.processed(202, dedup_key=checked.dedup_key or derived_key(row, 0))


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503, or 429: its clients try again on both."""
    return routed.busy(is_over_quota)


def _faults(event: dict[str, object]) -> list[Fault]:
    """Find what the vendor's contract refuses. The routing key is the door's affair, not the event's."""
    action, payload = event.get("event_action"), event.get("payload")
    found = [] if action in _ACTIONS else [routed.not_one_of("event_action", _ACTIONS)]
    found += routed.faults_of_key(
        "dedup_key", event.get("dedup_key"), is_needed=action in ("acknowledge", "resolve")
    )
    if action == "trigger":
        found += [
            routed.missing(f"payload.{name}")
            for name in ("summary", "source")
            if routed.is_blank(member(payload, name))
        ]
        if member(payload, "severity") not in tuple(AlertSeverity):
            found.append(routed.not_one_of("payload.severity", tuple(AlertSeverity)))
    return found
