"""PagerDuty's change events: what was done to a service, for its record; no alert, and nobody is paged."""

from __future__ import annotations

from uuid import UUID

from hub.contract.signals import LABEL_MAX, TITLE_MAX, Fault, Rejected, Signal
from hub.contract.words import SignalAction
from hub.sources import reading, routed
from hub.sources.base import Checked, Reply
from hub.sources.reading import member

NAME = "pagerduty_change"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True


def check(body: bytes) -> Checked:
    """Read the routing key and the summary."""
    return routed.check(body, "routing_key", "", _faults)


def signals(body: bytes) -> list[Signal | Rejected]:
    """One change a body; Unreadable where check finds faults, or where the JSON is not strict."""
    event = routed.event(body, _faults)
    payload = event.get("payload")
    return [
        Signal(
            action=SignalAction.CHANGE,
            dedup_key=None,
            title=reading.text(member(payload, "summary"), TITLE_MAX),
            source=reading.text(member(payload, "source"), LABEL_MAX),
            text=reading.prose(member(payload, "custom_details")),
            occurred_at=reading.moment(member(payload, "timestamp")),
            links=reading.links(routed.links(event)),
        )
    ]


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer in the vendor's words: 202, or 400 with a list of sentences."""
    if row is None or checked.faults:
        return routed.refused(checked)
    return Reply(status=202, body={"status": "success", "message": "Change event processed"})


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503, or 429: its clients try again on both."""
    return routed.busy(is_over_quota)


def _faults(event: dict[str, object]) -> list[Fault]:
    summary = member(event.get("payload"), "summary")
    return [routed.missing("payload.summary")] if routed.is_blank(summary) else []
