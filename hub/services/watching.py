"""Watching: pings are heard as they come through a lane, and a silence that is too long raises an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hub.contract.events import Actor
from hub.contract.ids import new, text
from hub.contract.receipts import OutcomeItem
from hub.contract.words import Decision
from hub.domain.heartbeat import ALWAYS, FED, HEARTBEATS_MAX, NAMES, Heartbeat, Listening
from hub.services.change import Change
from hub.services.expecting import TIMER, created
from hub.services.own import Said, say
from hub.storage import heartbeats, lanes, timers
from hub.storage.lanes import Lane

AGAIN: Final = timedelta(seconds=2)
GRACE: Final = timedelta(minutes=1)


class Ping(NamedTuple):
    """The last ping of a name: when it came, in which request, and for how many seconds its word is good."""

    at: datetime
    receipt: UUID
    good_for: int


class Pinged(msgspec.Struct, frozen=True):
    """What a ping was to a heartbeat: which was the last one before (receipt and time). It is what undoing
    goes by, kept in the outcome, but never shown."""

    heartbeat: str
    before: UUID | None
    before_at: datetime | None


class PingOutcome(OutcomeItem, frozen=True, kw_only=True):
    """The outcome of a ping, as it is kept."""

    pinged: tuple[Pinged, ...] = ()


class Heard:
    """Heartbeats that pings of one name were heard by, and what the first of them has caused."""

    def __init__(self, said: Said | None = None) -> None:
        self.of: list[Heartbeat] = []
        self.said = said
        self._last: tuple[UUID, datetime] | None = None

    def outcome(self, index: int, key: str, receipt: UUID, at: datetime) -> PingOutcome:
        """The outcome of the next of these pings, in the order in which they came."""
        if self._last is not None and self._last[0] != receipt:
            before, before_at = self._last
            self.of = [replace(each, heard_in=before, last_ping_at=before_at) for each in self.of]
        self._last = (receipt, at)
        said, self.said = self.said, None
        return PingOutcome(
            index=index,
            decision=Decision.RECORDED,
            rule="a ping of a heartbeat",
            dedup_key=key,
            heartbeat=text("heartbeat", self.of[0].id),
            incident=text("incident", said.incident) if said and said.incident else None,
            events=[text("event", id) for id in said.events] if said else [],
            pinged=tuple(
                Pinged(text("heartbeat", each.id), each.heard_in, each.last_ping_at) for each in self.of
            ),
        )


async def hear(change: Change, lane: Lane, pings: Mapping[str, Ping]) -> dict[str, Heard]:
    """Take pings by their names on a lane that is held; the names that a heartbeat of this integration has
    are returned. One that was late clears its alert. For an alert that always fires, and feeds none, one is
    made."""
    fed = {name.removeprefix(FED) for name in pings if name.startswith(FED)}
    found = await heartbeats.named(change.tx, lane.integration_id, pings, fed)
    known: dict[str, Heard] = {}
    for name in sorted(fed & ALWAYS - {heartbeat.fed_by for heartbeat in found}):
        if (made := await _expect(change, lane, name, pings[FED + name])) is not None:
            found.append(made)
            known[FED + name] = Heard(Said([change.entries[-1].id], None))
    for heartbeat in found:
        names = [name for name in (heartbeat.name, FED + heartbeat.fed_by) if name in pings]
        last = max((pings[name] for name in names), key=lambda ping: ping.at)
        at = max(last.at, heartbeat.last_ping_at or last.at)
        for name in names:
            known.setdefault(name, Heard()).of.append(heartbeat)
        if heartbeat.late_since is not None:
            actor = Actor(text("integration", lane.integration_id), lane.name)
            said = await say(change, lane, heartbeat.again(), actor)
            known[names[0]].said = known[names[0]].said or said
        heard = replace(heartbeat, last_ping_at=at, heard_in=last.receipt, late_since=None)
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
    change.happened(created(made), made.id)
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
    await heartbeats.mark(change.tx, replace(heartbeat, late_since=listening.now))
    return None
