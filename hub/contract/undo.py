"""Undo on the wire: what is asked of an integration whose key has leaked, and how much was taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.administration import Administrative
from hub.contract.hold import Address


class Undo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take back what requests have done that came since then: all of them, or those from these addresses and
    networks. With `preview`, count it, and change nothing."""

    since: Annotated[datetime, msgspec.Meta(tz=True)]
    addresses: Annotated[list[Address], msgspec.Meta(max_length=50)] = []
    preview: bool = False


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What requests have done, by what it was; what they did in private incidents is not counted."""

    alerts_fired: int = 0
    alerts_cleared: int = 0
    incidents_opened: int = 0
    notes: int = 0
    acknowledgements: int = 0


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests were taken back (a preview: counted), with these effects. `left` of them are not taken
    back, up to 10,000: ask again while there are."""

    preview: bool
    receipts: int
    effects: Effects
    left: int


class IntegrationUndone(Administrative, frozen=True, kw_only=True):
    """What so many requests since then had done was taken back; `events` is how many corrections it took,
    but for those in private incidents."""

    kind = "integration.undone"
    about = "integration"
    since: datetime
    addresses: tuple[str, ...]
    receipts: int
    events: int
