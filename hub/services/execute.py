"""execute(): load, decide, save. The only writer of incidents on command; it never commits."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.commands import Command, Reopen
from hub.domain.errors import Conflict, NotFound
from hub.domain.incident import Incident
from hub.domain.lifecycle import decide
from hub.services.change import Change
from hub.services.shown import first_past, resource_of
from hub.services.views import view
from hub.services.world import World
from hub.storage import alerts, catalogue, incidents

Asked = tuple[UUID, Command]


async def execute(change: Change, commands: list[Asked]) -> list[bytes]:
    """Do commands to incidents, in order; the bytes of their events are returned, in order.

    Locks: services of those that may reopen, then incidents, then their alerts (architecture, lock order).
    Raise NotFound, NotAllowedNow, or Conflict for a loser of `if_version`; then nothing is done.
    """
    rivals = await _rivals(change, commands)
    loaded = await incidents.load_for_update(change.tx, [id for id, _ in commands] + rivals)
    world = World(loaded.values())
    for id in sorted({id for id, _ in commands}):
        for alert in await alerts.uncleared_for_update(change.tx, id):
            world.alerts[alert.id] = alert
    for id, command in commands:
        incident = world.incidents.get(id)
        if incident is None:
            raise NotFound("There is no such incident.")
        await _check_version(change, incident, command)
        mine = [a for a in world.alerts.values() if a.incident_id == id and not a.is_over]
        rival, _ = world.of_group(incident.group_key)
        if rival is not None and not view(change.grant).sees_incident(
            rival.id, rival.service_id, rival.private
        ):
            rival = msgspec.structs.replace(rival, private=True)  # who asks must not learn of it
        for event in decide(incident, mine, rival, command, change.grant.actor, change.now):
            world.apply(event)
    return await world.save(change)


async def _rivals(change: Change, commands: list[Asked]) -> list[UUID]:
    """For a reopen: hold its service, so that nothing opens for the same group meanwhile, and find those."""
    found: list[UUID] = []
    for id in sorted({id for id, command in commands if isinstance(command, Reopen)}):
        shown = await incidents.by_id(change.tx, id)
        if shown is None:
            continue
        await catalogue.lock_service(change.tx, shown.incident.service_id)
        found += await incidents.ids_of_groups(
            change.tx, shown.incident.service_id, [shown.incident.group_key]
        )
    return found


async def _check_version(change: Change, incident: Incident, command: Command) -> None:
    if command.if_version is None or command.if_version == incident.version:
        return
    first = await first_past(change.tx, incident.id, command.if_version)
    who = f"{first.actorname} was first ({first.type})" if first else "it never had that version"
    raise Conflict(
        f"Incident #{incident.number} is at version {incident.version}, not {command.if_version}: {who}.",
        current=await resource_of(change.tx, incident, view(change.grant)),
        first=first,
    )
