"""Watching: pings are heard as they come through a lane, and a silence that is too long raises an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from hub.contract.events import Actor
from hub.contract.heartbeats import HeartbeatCreated
from hub.contract.ids import new, text
from hub.domain.heartbeat import ALWAYS, FED, HEARTBEATS_MAX, NAMES, Heartbeat, Listening
from hub.services.change import Change
from hub.services.own import say
from hub.storage import heartbeats, lanes, timers
from hub.storage.lanes import Lane

TIMER: Final = "heartbeat"
AGAIN: Final = timedelta(seconds=2)
GRACE: Final = timedelta(minutes=1)


class Ping(NamedTuple):
    """When a ping came, and for how many seconds its sender's word is good."""

    at: datetime
    good_for: int


async def hear(change: Change, lane: Lane, pings: Mapping[str, Ping]) -> set[str]:
    """Take pings by their names on a lane that is held; the names that a heartbeat of this integration has
    are returned. One that was late clears its alert. For an alert that always fires, and feeds none, one is
    made."""
    fed = {name.removeprefix(FED) for name in pings if name.startswith(FED)}
    found = await heartbeats.named(change.tx, lane.integration_id, pings, fed)
    for name in sorted(fed & ALWAYS - {heartbeat.fed_by for heartbeat in found}):
        if (made := await _expect(change, lane, name, pings[FED + name])) is not None:
            found.append(made)
    known: set[str] = set()
    for heartbeat in found:
        names = [name for name in (heartbeat.name, FED + heartbeat.fed_by) if name in pings]
        known.update(names)
        at = max(pings[name].at for name in names)
        if heartbeat.last_ping_at is not None:
            at = max(at, heartbeat.last_ping_at)
        if heartbeat.late_since is not None:
            actor = Actor(text("integration", lane.integration_id), lane.name)
            await say(change, lane, heartbeat.again(), actor)
        heard = msgspec.structs.replace(heartbeat, last_ping_at=at, late_since=None)
        await heartbeats.mark(change.tx, heard)
        await timers.set_due(change.tx, TIMER, heard.id, heard.due())
    return known


async def _expect(change: Change, lane: Lane, name: str, ping: Ping) -> Heartbeat | None:
    """A heartbeat that this alert feeds, late when its sender would have repeated it; None beyond the
    organization's number."""
    if await heartbeats.count(change.tx) >= HEARTBEATS_MAX:
        return None
    for number in range(1, NAMES + 1):
        free = name if number == 1 else f"{name}-{number}"
        if not await heartbeats.is_taken(change.tx, lane.integration_id, free):
            break
    else:
        return None
    made = Heartbeat(
        id=new(),
        integration_id=lane.integration_id,
        name=free,
        interval=timedelta(seconds=ping.good_for),
        grace=GRACE,
        fed_by=name,
    )
    await heartbeats.add(change.tx, made, change.now)
    said = HeartbeatCreated(
        name=free,
        integration=text("integration", lane.integration_id),
        interval_seconds=ping.good_for,
        grace_seconds=int(GRACE.total_seconds()),
        fed_by=name,
    )
    change.happened(said, made.id)
    return made


async def watch(change: Change, id: UUID, listening: Listening) -> datetime | None:
    """Look at a heartbeat whose time has come, and raise its alert where it is late indeed; when to look
    again, or None.

    It is not, while we do not listen, while its lane is held or has rows that may be pings, and until its
    whole time has passed since we do. A disabled integration cannot be heard: its time starts again.
    """
    soon = listening.now + AGAIN
    found = await heartbeats.find(change.tx, id)
    if found is None:
        return None
    if not listening.is_on:
        return soon
    lane = await lanes.lock(change.tx, found.heartbeat.integration_id)
    if lane is None or await lanes.has_waiting(change.tx, lane.integration_id):
        return soon
    found = await heartbeats.lock(change.tx, id)
    due = found.heartbeat.due(listening.since) if found is not None else None
    if found is None or due is None:
        return None
    heartbeat = found.heartbeat
    if due > listening.now:
        return due
    if found.is_disabled:
        return listening.now + heartbeat.interval + heartbeat.grace
    await say(change, lane, heartbeat.late(), change.grant.actor)
    await heartbeats.mark(change.tx, msgspec.structs.replace(heartbeat, late_since=listening.now))
    return None
