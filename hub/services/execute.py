"""execute(): load, decide, save. The only writer of incidents on command; it never commits."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from hub.contract.commands import Close, Command, Reopen, Resolve, Split
from hub.domain.errors import Conflict
from hub.domain.incident import Incident
from hub.domain.lifecycle import decide
from hub.domain.storm import home
from hub.services import privacy, splitting
from hub.services.change import Change
from hub.services.commanding import commander
from hub.services.shown import first_past, resource_of
from hub.services.views import view
from hub.services.world import World
from hub.storage import alerts, incidents
from hub.storage.incidents import Hold
from hub.storage.names import Naming

Asked = tuple[Incident, Command]
CLEARS = Resolve | Close | Split  # the only ones that look at an incident's alerts


class Executed(msgspec.Struct, frozen=True):
    """The bytes of what happened, in order, the incidents as they were saved, and what became of names."""

    events: list[bytes]
    incidents: dict[UUID, Incident]
    naming: Naming | None


async def execute(change: Change, commands: list[Asked]) -> Executed:
    """Do commands to incidents, in order, which this transaction has found with `holding` of each.

    Locks: services of those that may reopen, then incidents, then their alerts (architecture, lock order),
    and those who are named. Raise NotAllowedNow, Invalid for who or what cannot be named, or Conflict for
    a loser of `if_version`; then nothing is done.
    """
    world = World(await _locked(change, commands))
    for incident, command in commands:
        if isinstance(command, CLEARS):
            for alert in await alerts.uncleared_for_update(change.tx, incident.id):
                world.alerts[alert.id] = alert
    for id, command in [(incident.id, command) for incident, command in commands]:
        incident = world.incidents[id]
        await _check_version(change, incident, command)
        mine = [a for a in world.alerts.values() if a.incident_id == id and not a.is_over]
        rival, _ = world.of_group(incident.group_key)
        if rival is not None and not view(change.grant).sees_incident(
            rival.id, rival.service_id, rival.private
        ):
            rival = msgspec.structs.replace(rival, private=True)  # who asks must not learn of it
        named = await commander(change.tx, incident, command)
        names = await privacy.names_of(change, incident, command)
        homes = {home(a): found for a in mine if (found := world.of_group(home(a))[0]) is not None}
        events = decide(incident, mine, rival, command, change.grant.actor, change.now, named, names, homes)
        for event in events:
            world.apply(event)
    return Executed(await world.save(change), world.incidents, world.naming)


def holding(command: Command) -> Hold:
    """What has to be locked where a command's incident is found: for a reopen or a split its service, so
    that nothing opens for the same group meanwhile; else the incident itself."""
    return Hold.SERVICE if isinstance(command, Reopen | Split) else Hold.INCIDENT


async def _locked(change: Change, commands: list[Asked]) -> Iterable[Incident]:
    locked: dict[UUID, Incident] = {}
    for incident, command in commands:
        if isinstance(command, Reopen):
            locked |= await incidents.lock_rivals(change.tx, incident)
        elif isinstance(command, Split):
            groups = {home(alert) for alert in await splitting.named(change, incident, command)}
            known = await incidents.ids_of_groups(change.tx, incident.service_id, groups)
            locked |= await incidents.load_for_update(change.tx, {incident.id, *known})
        else:
            locked[incident.id] = incident
    return locked.values()


async def _check_version(change: Change, incident: Incident, command: Command) -> None:
    if command.if_version is None or command.if_version == incident.version:
        return
    first = await first_past(change.tx, incident.id, command.if_version)
    who = f"{first.actorname} was first ({first.type})" if first else "it never had that version"
    raise Conflict(
        f"Incident {incident.label} is at version {incident.version}, not {command.if_version}: {who}.",
        current=await resource_of(change.tx, incident, view(change.grant)),
        first=first,
    )
