"""Silence: alerts that were not repeated in their own time, and storms whose rate has fallen, by timers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from hub.contract.events import AlertFired, Event
from hub.contract.silence import AlertHeardAgain
from hub.domain.heartbeat import Listening
from hub.domain.silence import fell_silent
from hub.domain.storm import ended
from hub.services.change import Change
from hub.services.world import World
from hub.storage import alerts, catalogue, incidents, lanes, timers
from hub.storage.lanes import Lane

STALE: Final = "stale"  # a timer of an integration: when the first of its alerts is silent
STORM: Final = "storm"  # a timer of a service: when its storm is over, if nothing more comes
AGAIN: Final = timedelta(seconds=2)
ALERTS: Final = 200  # of one transaction


async def save(change: Change, lane: Lane, world: World) -> None:
    """Save what a lane's batch has done, and set its timers: repeats only put an end off, so that new alerts
    alone need one."""
    spans = [
        event.data.fresh_for
        for event in world.events
        if isinstance(event.data, AlertFired | AlertHeardAgain) and event.data.fresh_for is not None
    ]
    await world.save(change)
    if spans:
        due = change.now + timedelta(seconds=min(spans))
        await timers.set_earlier(change.tx, STALE, lane.integration_id, due)
    if world.flow is not None and world.flow.at == change.now:
        await catalogue.save_flow(change.tx, lane.service_id, world.flow)
        if world.flow.storm is not None:
            await timers.set_due(change.tx, STORM, lane.service_id, world.flow.calm_at())


async def fall_silent(change: Change, integration_id: UUID, listening: Listening) -> datetime | None:
    """Let alerts of an integration fall silent whose time has passed; when to look again, or None.

    Not while nobody listens, and not while its lane is held or has rows, which may be the repeats.
    Locks: lane, service, incidents, alerts.
    """
    soon = listening.now + AGAIN
    if not listening.is_on:
        return soon
    lane = await lanes.lock(change.tx, integration_id)
    if lane is None or await lanes.has_waiting(change.tx, integration_id):
        return soon
    service = await catalogue.lock_service(change.tx, lane.service_id)
    found = await alerts.silent(change.tx, integration_id, listening.since, listening.now, ALERTS)
    if service is not None and found:
        loaded = await incidents.load_for_update(change.tx, {incident for _, incident in found})
        world = World(loaded.values(), await alerts.load_for_update(change.tx, [id for id, _ in found]))
        for id, _ in found:
            alert = world.alerts[id]
            incident = world.incidents[alert.incident_id]
            for event in fell_silent(
                alert, incident, lane.expire, service.auto_resolve, change.grant.actor, change.now
            ):
                world.apply(event)
        await world.save(change)
    if len(found) == ALERTS:
        return listening.now
    return await alerts.silent_at(change.tx, integration_id, listening.since)


async def calm(change: Change, service_id: UUID, listening: Listening) -> datetime | None:
    """End a storm whose rate has fallen, and say so on its incident; when to look again, or None."""
    service = await catalogue.lock_service(change.tx, service_id)
    flow = service.flow if service is not None else None
    if flow is None or flow.storm is None:
        return None
    if not flow.is_over(change.now):
        return flow.calm_at() + AGAIN
    loaded = await incidents.load_for_update(change.tx, [flow.storm])
    world = World(loaded.values())
    storm = loaded.get(flow.storm)
    if storm is not None and storm.is_open:
        data, actor = ended(storm), change.grant.actor
        world.apply(Event(data=data, subject=storm.id, incident=storm.id, actor=actor, at=change.now))
        await world.save(change)
    await catalogue.save_flow(change.tx, service_id, msgspec.structs.replace(flow, storm=None))
    return None


Sweep = Callable[[Change, UUID, Listening], Awaitable[datetime | None]]
SWEEPS: Final[dict[str, Sweep]] = {STALE: fall_silent, STORM: calm}
