"""Receipts on the wire: what became of a stored request, and what is asked of a dead letter."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec

from hub.contract.administration import Administrative
from hub.contract.resources import Named
from hub.contract.words import Decision, InboxState


class OutcomeItem(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about one item of a stored request, and why; `events` are the ids of those that it
    caused, none where it changed nothing. A repeat has the `count` of its alert with it. A ping, and what was
    asked of a heartbeat, names it."""

    index: int
    decision: Decision
    rule: str
    dedup_key: str | None = None
    alert: str | None = None
    incident: str | None = None
    detail: str | None = None
    count: int | None = None
    heartbeat: str | None = None
    events: list[str] = []


class ReceiptEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a request caused."""

    id: str
    type: str
    time: datetime
    incident: str | None


class ReceiptConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """A durable consumer, and how many of the events that are shown lie within what it has acknowledged. One
    whose view or filter has no place for an event passes it too."""

    name: str
    acknowledged: int


class ReceiptResource(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one stored request: each of its items, and the events that they caused (`events_total`;
    a single receipt shows the first 200, and up to 50 durable consumers of the caller, of all for who manages
    them). `body` is shown for a dead letter alone."""

    id: str
    state: InboxState
    format: str
    integration: Named
    received_at: datetime
    processed_at: datetime | None
    request_id: str
    correlation_id: str
    truncated: bool
    reason: str
    items: list[OutcomeItem]
    nobody_is_paged: bool
    events_total: int = 0
    events: list[ReceiptEvent] = []
    consumers: list[ReceiptConsumer] = []
    body: str | None = None


class ReceiptPage(msgspec.Struct, frozen=True):
    """Receipts, newest first."""

    data: list[ReceiptResource]
    next_cursor: str | None


BODY_MAX: Final = 1024 * 1024  # of a dead letter that is shown and mended: characters, and bytes


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dead letter once more: as it came, or with `body` in place of what came."""

    body: Annotated[str, msgspec.Meta(min_length=1, max_length=BODY_MAX)] | None = None


class Discard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why nothing is to become of a dead letter."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ReplayedAll(msgspec.Struct, frozen=True, kw_only=True):
    """How many dead letters went back into their lane, and how many are left: ask again while there are.
    `truncated` of those are not whole, and stay."""

    replayed: int
    left: int
    truncated: int


class ReceiptReplayed(Administrative, frozen=True, kw_only=True):
    """A dead letter was put back, or `replacement` was, the receipt of a mended body."""

    kind = "receipt.replayed"
    about = "receipt"
    integration: str
    replacement: str | None


class ReceiptDiscarded(Administrative, frozen=True, kw_only=True):
    """Nothing is to become of a dead letter."""

    kind = "receipt.discarded"
    about = "receipt"
    integration: str
    reason: str


class IntegrationReplayed(Administrative, frozen=True, kw_only=True):
    """So many dead letters of an integration were put back."""

    kind = "integration.replayed"
    about = "integration"
    receipts: int
