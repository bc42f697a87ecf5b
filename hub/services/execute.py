"""execute(): load, decide, save. The only writer of incidents on command; it never commits."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.commands import Close, Command, Reopen, Resolve, Split
from hub.domain.alert import Alert
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
CLEARS = Resolve | Close  # they look at all that fires in an incident


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
    world = await _loaded(change, commands)
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


async def _loaded(change: Change, commands: list[Asked]) -> World:
    """The incidents of commands, and what is open for the same problems, locked; then the alerts.

    A split reads only those that it names, and locks none: while it holds the service, nobody changes an
    incident's alerts but who resolves or closes it, and what has ended is not split.
    """
    locked: dict[UUID, Incident] = {}
    leaving: list[Alert] = []
    for incident, command in commands:
        if isinstance(command, Reopen):
            locked |= await incidents.lock_with_open(change.tx, incident, [incident.group_key])
        elif isinstance(command, Split):
            leaving += await splitting.named(change, incident, command)
            locked |= await incidents.lock_with_open(change.tx, incident, map(home, leaving))
        else:
            locked[incident.id] = incident
    world = World(locked.values(), leaving)
    for incident, command in commands:
        if isinstance(command, CLEARS):
            for alert in await alerts.uncleared_for_update(change.tx, incident.id):
                world.alerts[alert.id] = alert
    return world


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
