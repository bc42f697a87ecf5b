"""Our own format: one event, or a list of them, read strictly and answered item by item."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from itertools import chain
from uuid import UUID

import msgspec

from hub.contract import ids
from hub.contract.signals import DETAILS_MAX, LABEL_MAX, TITLE_MAX, Fault, Rejected, Signal, Unreadable
from hub.contract.strict import Broken, escape, scan
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import reading
from hub.sources.base import Checked, Reply
from hub.sources.fields import FAULTS_MAX, Fields
from hub.sources.replies import problem, throttled, unavailable, unknown_key

NAME = "generic"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True
ITEMS_MAX = 500
FIELDS = frozenset(
    ("event_id", "action", "dedup_key", "title", "severity", "source", "service", "occurred_at", "labels",
     "details", "links", "correlation_id")
)  # fmt: skip

Reader = Callable[[object, str], Signal | list[Fault]]

_SAYS_ENOUGH = frozenset({SignalAction.ACKNOWLEDGE, SignalAction.RESOLVE, SignalAction.HEARTBEAT})
_NAMES_A_PROBLEM = _SAYS_ENOUGH | {SignalAction.NOTE}


def check(body: bytes) -> Checked:
    """Read every item; all of them bad, or a body that is no JSON, are faults. The delivery is `event_id`.

    A list has no delivery: its repeats are judged by state.
    """
    return checked(body, event, lambda whole: reading.text(reading.member(whole, "event_id")))


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal, or one rejection with its first bad field, an item; Unreadable where check finds faults."""
    return taken(body, event)


def checked(body: bytes, read: Reader, name: Callable[[object], str]) -> Checked:
    """What check says of items that `read` reads; `name` is what the sender calls a whole body."""
    try:
        value = scan(body)
        parts = _parts(value, read)
    except Broken as broken:
        return Checked(faults=(Fault(pointer=broken.pointer, code=broken.code, detail=broken.detail),))
    bad = [part for part in parts if isinstance(part, list)]
    if len(bad) == len(parts):
        return Checked(faults=tuple(chain.from_iterable(bad))[:FAULTS_MAX])
    delivery = name(value)
    items = tuple(part[0] if isinstance(part, list) else None for part in parts)
    named = {part.correlation_id for part in parts if isinstance(part, Signal)}
    return Checked(
        delivery=delivery if delivery.strip() else None,
        correlation=named.pop() if len(named) == 1 else "",
        items=items,
    )


def taken(body: bytes, read: Reader) -> list[Signal | Rejected]:
    """What signals gives of items that `read` reads."""
    try:
        parts = _parts(scan(body), read)
    except Broken as broken:
        raise Unreadable(str(broken)) from None
    found = [_rejected(part) if isinstance(part, list) else part for part in parts]
    reading.demand_one(found)
    return found


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer 202 with what became of each item, 400 with the bad fields, 401 for an unknown key.

    The receipt id is in the 400 too: what was sent is kept as a dead letter.
    """
    if row is None:
        return unknown_key()
    receipt = ids.text("receipt", row)
    if checked.faults:
        return problem(
            HTTPStatus.BAD_REQUEST,
            "invalid_body",
            "No event can be taken from this body. It is kept, and listed as a dead letter.",
            {},
            checked.faults,
            receipt_id=receipt,
        )
    items = [_item(index, fault) for index, fault in enumerate(checked.items)]
    return Reply(status=202, body={"receipt_id": receipt, "status": "accepted", "items": items})


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 429 or 503, with Retry-After."""
    return throttled() if is_over_quota else unavailable()


def _item(index: int, fault: Fault | None) -> dict[str, object]:
    if fault is None:
        return {"index": index, "status": "accepted", "errors": []}
    return {"index": index, "status": "rejected", "errors": [msgspec.to_builtins(fault)]}


def _parts(value: object, read: Reader) -> list[Signal | list[Fault]]:
    """Read each item; raise Broken where the whole is not one event or a list of 1 to ITEMS_MAX."""
    if not isinstance(value, list):
        return [read(value, "")]
    if not 0 < len(value) <= ITEMS_MAX:
        raise Broken("", "wrong_length", f"A list holds 1 to {ITEMS_MAX} events.")
    return [read(item, escape(index)) for index, item in enumerate(value)]


def _rejected(faults: list[Fault]) -> Rejected:
    return Rejected(pointer=faults[0].pointer, detail=faults[0].detail)


def event(item: object, at: str) -> Signal | list[Fault]:
    """Read one item: its signal, or all its faults."""
    if not isinstance(item, dict):
        return [Fault(pointer=at, code="wrong_type", detail="An event is an object.")]
    fields = Fields(item, at)
    fields.key("event_id")
    action = fields.word("action", SignalAction, SignalAction.TRIGGER)
    title = fields.prose("title", TITLE_MAX, required=action not in _SAYS_ENOUGH)
    details = fields.details("details")
    service = fields.prose("service", LABEL_MAX)
    labels = fields.labels("labels")
    signal = Signal(
        action=action,
        dedup_key=fields.key("dedup_key", required=action in _NAMES_A_PROBLEM),
        title=title,
        severity=fields.word("severity", AlertSeverity, AlertSeverity.ERROR),
        source=fields.prose("source", LABEL_MAX),
        text=f"{title}\n{details}"[:DETAILS_MAX] if action is SignalAction.NOTE and details else details,
        occurred_at=fields.moment("occurred_at"),
        labels=reading.labels({"service": service, **labels}) if service else labels,
        links=fields.links("links"),
        correlation_id=fields.key("correlation_id") or "",
    )
    fields.no_more()
    return fields.faults or signal
