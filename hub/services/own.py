"""Alerts of the hub's own: what it says itself is judged like a sender's word, on a lane that is held."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from hub.contract.events import Actor
from hub.contract.ids import new
from hub.contract.signals import Signal
from hub.domain.alert import HUB
from hub.domain.errors import Broken
from hub.domain.intake import Origin, Situation, group_key, judge
from hub.services import silence
from hub.services.change import Change
from hub.services.world import World
from hub.storage import alerts, catalogue, incidents
from hub.storage.lanes import Lane


class Said(NamedTuple):
    """What came of the hub's own word: the ids of its events, and of the incident that they are about."""

    events: list[UUID]
    incident: UUID | None


async def say(change: Change, lane: Lane, signal: Signal, actor: Actor) -> Said:
    """Judge one signal of the hub about an integration, whose lane this transaction holds, and save what
    comes of it. Its format is the hub's, so that no sender's key is meant by accident.

    Locks: service, incidents, alerts.
    """
    service = await catalogue.lock_service(change.tx, lane.service_id)
    key = signal.dedup_key
    if service is None or key is None:
        raise Broken("The hub says something about nothing.")
    origin = Origin(integration_id=lane.integration_id, format=HUB, receipt="", actor=actor, service=service)
    group = group_key(signal, key, origin)
    known = await alerts.latest(change.tx, lane.integration_id, HUB, [key])
    groups = {group, *(alert.group_key for alert in known)}
    ids = {alert.incident_id for alert in known} | set(
        await incidents.ids_of_groups(change.tx, service.id, groups)
    )
    if service.flow is not None and service.flow.storm is not None:
        ids.add(service.flow.storm)
    loaded = await incidents.load_for_update(change.tx, ids)
    world = World(loaded.values(), await alerts.load_for_update(change.tx, [alert.id for alert in known]))
    world.flow = service.flow
    alert = world.latest(HUB, key)
    incident = world.incidents.get(alert.incident_id) if alert else None
    open, last = world.of_group(group)
    situation = Situation(
        alert=alert,
        incident=incident,
        rival=world.of_group(incident.group_key)[0] if incident else None,
        open=open,
        last=last,
        flow=world.flow,
        storm=world.storm,
    )
    judged = judge(situation, signal, key, origin, new, change.now)
    happened = [world.apply(event) for event in judged.events]
    world.flow = judged.flow or world.flow
    await silence.save(change, lane, world)
    return Said(happened, judged.events[0].incident if judged.events else None)
