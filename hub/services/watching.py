"""Watching: pings are heard as they come through a lane, and a silence that is too long raises an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from hub.contract.events import Actor
from hub.contract.ids import text
from hub.domain.heartbeat import FED, Listening
from hub.services.change import Change
from hub.services.own import say
from hub.storage import heartbeats, lanes, timers
from hub.storage.lanes import Lane

TIMER: Final = "heartbeat"
AGAIN: Final = timedelta(seconds=2)


async def hear(change: Change, lane: Lane, pings: Mapping[str, datetime]) -> set[str]:
    """Take pings by their names, each with when it came, on a lane that is held; the names that a heartbeat
    of this integration has are returned. One that was late clears its alert."""
    fed = {name.removeprefix(FED) for name in pings if name.startswith(FED)}
    known: set[str] = set()
    for heartbeat in await heartbeats.named(change.tx, lane.integration_id, pings, fed):
        names = [name for name in (heartbeat.name, FED + heartbeat.fed_by) if name in pings]
        known.update(names)
        at = max(pings[name] for name in names)
        if heartbeat.last_ping_at is not None:
            at = max(at, heartbeat.last_ping_at)
        if heartbeat.late_since is not None:
            actor = Actor(text("integration", lane.integration_id), lane.name)
            await say(change, lane, heartbeat.again(), actor)
        heard = msgspec.structs.replace(heartbeat, last_ping_at=at, late_since=None)
        await heartbeats.mark(change.tx, heard)
        await timers.set_due(change.tx, TIMER, heard.id, heard.due())
    return known


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
