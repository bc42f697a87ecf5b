"""Heartbeats on the wire: the bodies that make and change them, how they are shown, and their events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub.contract.administration import Administrative, Altered
from hub.contract.catalogue import Reference
from hub.contract.people import Asked
from hub.contract.resources import Named
from hub.contract.words import HeartbeatStatus

# It is a segment of an address, and part of a signal's key.
HeartbeatName = Annotated[
    str,
    msgspec.Meta(
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]*$(?!\n)",
        description="letters, digits and . _ ~ -, the first of them a letter or digit",
    ),
]
Interval = Annotated[int, msgspec.Meta(ge=10, le=31 * 86_400)]
Grace = Annotated[int, msgspec.Meta(ge=0, le=31 * 86_400)]
AlertName = Annotated[str, msgspec.Meta(max_length=200)]


class NewHeartbeat(Asked, frozen=True, kw_only=True):
    """A heartbeat of an integration, whose key its pings come with. With `fed_by`, alerts of this
    `alertname` are pings too, such as `Watchdog`, and no alerts any more."""

    name: HeartbeatName
    integration: Reference
    interval_seconds: Interval
    grace_seconds: Grace = 60
    fed_by: AlertName = ""
    enabled: bool = True


class HeartbeatPatch(Asked, frozen=True, kw_only=True):
    """What is to be different about a heartbeat."""

    name: HeartbeatName | UnsetType = UNSET
    interval_seconds: Interval | UnsetType = UNSET
    grace_seconds: Grace | UnsetType = UNSET
    fed_by: AlertName | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class HeartbeatResource(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat. `due_at` is when it is late unless a ping comes; none is expected before the first one,
    and none of one that is not `enabled`."""

    id: str
    name: str
    integration: Named
    service: Named
    interval_seconds: int
    grace_seconds: int
    fed_by: str
    enabled: bool
    status: HeartbeatStatus
    last_ping_at: datetime | None
    due_at: datetime | None
    late_since: datetime | None
    url: str
    created_at: datetime
    version: int


class HeartbeatPage(msgspec.Struct, frozen=True):
    """Heartbeats in the order they were made."""

    data: list[HeartbeatResource]
    next_cursor: str | None


class HeartbeatCreated(Administrative, frozen=True, kw_only=True):
    """Somebody is expected to be heard of; again, where the event that had deleted it is taken back
    (`corrects`)."""

    kind = "heartbeat.created"
    about = "heartbeat"
    name: str
    integration: str
    interval_seconds: int
    grace_seconds: int
    fed_by: str
    enabled: bool = True
    corrects: str = ""


class HeartbeatChanged(Administrative, frozen=True, kw_only=True):
    """Fields of a heartbeat were changed, or changed back (`corrects`)."""

    kind = "heartbeat.changed"
    about = "heartbeat"
    changes: dict[str, Altered]
    corrects: str = ""


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """What a deleted heartbeat was, to make it again; `receipt` is that of its last ping."""

    integration: str
    interval_seconds: int
    grace_seconds: int
    fed_by: str
    enabled: bool
    last_ping_at: datetime | None
    receipt: str | None


class HeartbeatDeleted(Administrative, frozen=True, kw_only=True):
    """Nothing is expected any more; its alert, if it was late, has cleared. Or it should never have been made
    (`corrects`)."""

    kind = "heartbeat.deleted"
    about = "heartbeat"
    name: str
    was: Remains | None = None
    corrects: str = ""


class HeartbeatPingsCorrected(Administrative, frozen=True, kw_only=True):
    """So many pings of it are taken back: it was last heard of then (null: never), not when it `was`."""

    kind = "heartbeat.pings_corrected"
    about = "heartbeat"
    pings: int
    last_ping_at: datetime | None
    was: datetime
