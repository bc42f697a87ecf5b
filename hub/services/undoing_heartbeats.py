"""Undo: pings, and what was done to heartbeats, with a leaked key are taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from hub.contract import heartbeats as wire
from hub.contract.corrections import AlertRestored
from hub.contract.events import AlertCleared, Event
from hub.contract.ids import parse, text
from hub.contract.undo import Kept
from hub.domain.alert import HUB, Alert
from hub.domain.errors import Broken
from hub.domain.heartbeat import HEARTBEATS_MAX, Heartbeat
from hub.domain.undo import Effect
from hub.services.change import Change
from hub.services.expecting import TIMER, alter, drop, expect, fields, settled
from hub.services.own import say
from hub.services.undoing_tally import Deed, Tally
from hub.services.world import World
from hub.storage import heartbeats, lanes, timers
from hub.storage import undoing_heartbeats as stored
from hub.storage.lanes import Lane
from hub.storage.undoing import Since
from hub.storage.undoing_heartbeats import PINGS

PINGED: Final = "heartbeat.pinged"  # what an answer calls pings, which are no events


class HeartbeatUndo:
    """Heartbeats of an integration whose lane is held, locked while what a key did to them is taken back.

    First come their settings, then pings, then what should never have been made; so each is as it was before
    when the next is looked at. Where a false ping, or the end of a heartbeat, had cleared its alert, that is
    restored with the other alerts, and it is late again; else a timer looks at once.
    """

    def __init__(self, changed: Change, wanted: Since, tally: Tally, lane: Lane, found: Iterable[Heartbeat]):
        self._changed = changed
        self._wanted = wanted
        self._tally = tally
        self._lane = lane
        self._beats = {each.id: each for each in found}
        self._silent: set[UUID] = set()
        self._drops: list[tuple[UUID, str]] = []

    @classmethod
    async def begun(
        cls, changed: Change, wanted: Since, tally: Tally, deeds: Sequence[Deed]
    ) -> HeartbeatUndo:
        """Lock the heartbeats, and take back what can be without the alerts. Locks: heartbeats."""
        pinged = {each.heartbeat for deed in deeds for each in deed.pinged}
        effects = [effect for effect in tally.effects if effect.data.about == "heartbeat"]
        ids = {effect.subject for effect in effects}
        ids |= {id for name in pinged if (id := parse("heartbeat", name)) is not None}
        lane = await lanes.lock(changed.tx, wanted.integration)
        if lane is None:
            raise Broken("The lane of what is undone is not held.")
        found = await heartbeats.some_for_update(changed.tx, wanted.integration, ids) if ids else []
        begun = cls(changed, wanted, tally, lane, found)
        for effect in effects:
            if isinstance(effect.data, wire.HeartbeatDeleted):
                await begun._make_again(effect, effect.data)
            elif isinstance(effect.data, wire.HeartbeatChanged):
                await begun._change_back(effect, effect.data)
        await begun._take_back_pings(pinged)
        for effect in effects:
            if isinstance(effect.data, wire.HeartbeatCreated):
                begun._unmake(effect, effect.data)
        return begun

    def means(self, alert: Alert, effect: Effect) -> bool:
        """Whether an effect on an alert is to be taken back. One of the hub's own was cleared rightly, unless
        its heartbeat is silent."""
        if alert.format != HUB:
            return True
        is_silent = any(self._beats[id].dedup_key == alert.dedup_key for id in self._silent)
        return is_silent and isinstance(effect.data, AlertCleared)

    async def done(self, world: World, happened: Sequence[Event]) -> None:
        """Let the silent be late whose alert was restored, and look at the others; drop what should not be.
        One that nobody was expected to ping is late no more."""
        restored = [world.alerts[each.subject] for each in happened if isinstance(each.data, AlertRestored)]
        late = {alert.dedup_key: alert.fired_at for alert in restored if alert.format == HUB}
        for id in sorted(self._silent):
            beat = self._beats[id]
            if beat.last_ping_at is None and beat.late_since is not None:
                await say(self._changed, self._lane, beat.again(), self._changed.grant.actor)
                beat = replace(beat, late_since=None)
            beat = replace(beat, late_since=late.get(beat.dedup_key, beat.late_since))
            self._beats[id] = beat
            await heartbeats.mark(self._changed.tx, beat)
            await timers.set_due(self._changed.tx, TIMER, id, beat.due())
        for id, corrects in self._drops:
            await drop(self._changed, self._lane, self._beats[id], corrects)

    async def _make_again(self, effect: Effect, deleted: wire.HeartbeatDeleted) -> None:
        """Make a heartbeat that was deleted, unless there is another one of its name by now. Its time starts
        again: its pings were not heard meanwhile."""
        was = deleted.was
        if effect.subject in self._beats:
            return
        if was is None:
            self._told(effect, deleted.name, Kept.UNKNOWN)
            return
        if await heartbeats.is_taken(self._changed.tx, self._wanted.integration, deleted.name):
            self._told(effect, deleted.name, Kept.TAKEN)
            return
        if await heartbeats.count(self._changed.tx) >= HEARTBEATS_MAX:
            self._told(effect, deleted.name, Kept.FULL)
            return
        made = Heartbeat(
            id=effect.subject,
            integration_id=self._wanted.integration,
            name=deleted.name,
            interval=timedelta(seconds=was.interval_seconds),
            grace=timedelta(seconds=was.grace_seconds),
            fed_by=was.fed_by,
            enabled=was.enabled,
            last_ping_at=was.last_ping_at,
            heard_in=parse("receipt", was.receipt) if was.receipt else None,
            counts_from=self._changed.now,
        )
        await expect(self._changed, made, effect.id)
        self._beats[made.id] = made
        self._silent.add(made.id)
        self._told(effect, made.name)

    async def _change_back(self, effect: Effect, changed: wire.HeartbeatChanged) -> None:
        """Change settings back that are still what the key has made them."""
        found = self._beats.get(effect.subject)
        if found is None:
            return
        now = fields(found)
        back = {
            name: each.was
            for name, each in changed.changes.items()
            if now.get(name) == each.now and isinstance(each.was, str | int)
        }
        if not back:
            self._told(effect, found.name, Kept.CHANGED)
            return
        wanted = settled(found, now | back)
        self._beats[found.id] = await alter(self._changed, self._lane, found, wanted, effect.id)
        if wanted.enabled and not found.enabled:
            self._silent.add(found.id)
        self._told(effect, found.name)

    async def _take_back_pings(self, pinged: Iterable[str]) -> None:
        """Go back to the last ping that stays. Where that is the last one anyhow, nothing is left to do."""
        heard = {
            name: found
            for name in pinged
            if (id := parse("heartbeat", name)) and (found := self._beats.get(id)) and found.heard_in
        }
        asked = {name: found.heard_in for name, found in heard.items() if found.heard_in}
        last = await stored.last(self._changed.tx, self._wanted, asked) if asked else {}
        for name, found in sorted(heard.items()):
            to = last[name]
            if not to.undone or found.last_ping_at is None:
                continue
            if not to.known or to.undone == PINGS:
                self._tally.add(PINGED, name, found.name, Kept.UNKNOWN)
                continue
            self._beats[found.id] = replace(found, heard_in=to.receipt, last_ping_at=to.at)
            self._silent.add(found.id)
            self._tally.add(PINGED, name, found.name, None)
            corrected = wire.HeartbeatPingsCorrected(
                pings=to.undone, last_ping_at=to.at, was=found.last_ping_at
            )
            self._changed.happened(corrected, found.id)

    def _unmake(self, effect: Effect, created: wire.HeartbeatCreated) -> None:
        """Drop a heartbeat that should not be there, unless it was changed since, or others ping it."""
        found = self._beats.get(effect.subject)
        if found is None:
            return
        was = {name: getattr(created, name) for name in fields(found)}
        if fields(found) != was:
            self._told(effect, found.name, Kept.CHANGED)
            return
        if found.last_ping_at is not None:
            self._told(effect, found.name, Kept.OTHERS)
            return
        self._drops.append((found.id, effect.id))
        self._told(effect, found.name)

    def _told(self, effect: Effect, name: str, kept: Kept | None = None) -> None:
        self._tally.add(effect.data.kind, text("heartbeat", effect.subject), name, kept)
