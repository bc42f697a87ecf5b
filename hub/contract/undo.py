"""Undo on the wire: what is asked of an integration whose key has leaked, and how much was taken back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from hub.contract.administration import Administrative
from hub.contract.hold import Address

NAMED_MAX: Final = 100  # effects of each list of an answer


class Kept(StrEnum):
    """Why an effect is left as it is: others have said the same, or use it; a person has worked on the
    incident since, or ended it; the alert has fired since by another's word; other alerts are in the
    incident; the heartbeat was changed since, one of its name was made since, or there are as many as there
    may be; or what was before is not known any more."""

    OTHERS = "others"
    WORKED_ON = "worked_on"
    ENDED = "ended"
    FIRED_SINCE = "fired_since"
    NOT_EMPTY = "not_empty"
    CHANGED = "changed"
    TAKEN = "taken"
    FULL = "full"
    UNKNOWN = "unknown"


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
    incidents_reopened: int = 0
    notes: int = 0
    acknowledgements: int = 0
    pings: int = 0
    heartbeats_made: int = 0
    heartbeats_changed: int = 0
    heartbeats_deleted: int = 0


class NamedEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One effect: the kind of event that it was (`heartbeat.pinged` for pings, which are none), what it was
    about, and the incident. `kept` says why it is left as it is, null where it was taken back."""

    what: str
    subject: str
    name: str
    incident: str | None
    kept: Kept | None


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests were taken back (a preview: counted), with these effects. `left` of them are not taken
    back, up to 10,000: ask again while there are. `undone` names what this call has taken back, and `kept`
    what it has left, the first 100 of each; in a preview, what a call would. What nothing is left of is in
    neither."""

    preview: bool
    receipts: int
    effects: Effects
    left: int
    undone: list[NamedEffect] = []
    undone_total: int = 0
    kept: list[NamedEffect] = []
    kept_total: int = 0


class IntegrationUndone(Administrative, frozen=True, kw_only=True):
    """What so many requests since then had done was taken back; `events` is how many corrections it took, and
    `kept` how many effects were left as they are, but for those in private incidents."""

    kind = "integration.undone"
    about = "integration"
    since: datetime
    addresses: tuple[str, ...]
    receipts: int
    events: int
    kept: int = 0
