"""Privacy: who sees a private incident. The names are its role bindings, and `hide` alone changes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from hub.contract.commands import BreakGlass, Command, Hide
from hub.contract.events import Event
from hub.contract.ids import new, parse, text
from hub.contract.privacy import IncidentGlassBroken, IncidentHidden, Name
from hub.contract.requests import Private
from hub.contract.words import Role, Scope
from hub.domain.faults import Faults
from hub.domain.incident import Incident
from hub.domain.lifecycle import Names
from hub.services.change import Change
from hub.services.views import view
from hub.storage import names, people, roles
from hub.storage.names import Named

Chosen = dict[tuple[str, UUID], str]  # names by what they are and whose

MEMBER, TEAM, KEY = "member", "team", "key"
ROLE: Final = Role.RESPONDER  # of everybody who is named: whoever may see it may work on it


async def names_of(change: Change, incident: Incident, command: Command) -> Names | None:
    """What `decide` has to know of the names, for a command about them; None for all others. Raise Invalid
    for whom a command names and who is not there; those who are stay until the transaction ends."""
    if isinstance(command, BreakGlass):
        sees = view(change.grant).sees_incident(incident.id, incident.service_id, incident.private)
        return Names(sees=sees)
    if not isinstance(command, Hide):
        return None
    now = await names.now(change.tx, incident.id)
    asked = Private(members=command.members, teams=command.teams, keys=command.keys)
    return await wanted(change, incident, await chosen(change, asked), now)


async def chosen(change: Change, asked: Private, at: str = "") -> Chosen:
    """Those whom the body's member `at` names; raise Invalid with everybody who is not there."""
    found, faults = Chosen(), Faults()
    for kind, field in ((MEMBER, "members"), (TEAM, "teams"), (KEY, "keys")):
        found |= await _found(change, kind, f"{at}/{field}", getattr(asked, field), faults)
    faults.check()
    return found


async def wanted(change: Change, incident: Incident, named: Chosen, now: Sequence[Named] = ()) -> Names:
    """Those whom somebody asks for, and the actor. Who breaks the glass of a private incident stays named
    until the end of that time: nobody is looked at and shuts the door."""
    stays = named.copy()
    for kind in (MEMBER, KEY):
        if (id := parse(kind, change.grant.actor.id)) is not None:
            stays[kind, id] = change.grant.actor.name
    after = [Name(text(kind, id), name) for (kind, id), name in stays.items()]
    for one in now:
        if incident.private and one.until is not None and (one.kind, one.subject) not in stays:
            after.append(_name(one))
    return Names(
        now=tuple(_name(one) for one in now),
        wanted=tuple(after),
        commands=incident.commander_id is None or await _is_among(change, incident.commander_id, after),
    )


async def bind(change: Change, event: Event) -> None:
    """Give and take the roles that an event about the names tells of."""
    match event.data:
        case IncidentHidden(named=named):
            staying = [_subject(one.id)[1] for one in named if one.until is not None]
            await names.take_others(change.tx, event.subject, staying)
            for one in named:
                if one.until is None:
                    await _give(change, event.subject, _subject(one.id), None)
        case IncidentGlassBroken(member=member, until=until):
            await _give(change, event.subject, _subject(member), until)


async def _give(change: Change, incident: UUID, subject: tuple[str, UUID], until: datetime | None) -> None:
    scope = (Scope.INCIDENT, incident)
    await roles.forget_ended(change.tx, *subject, ROLE, scope)
    await people.bind(change.tx, new(), subject, ROLE, scope, change.now, until)


async def _found(change: Change, kind: str, at: str, references: Sequence[str], faults: Faults) -> Chosen:
    asked = [parse(kind, reference) for reference in references]
    there = await names.find(change.tx, kind, [id for id in asked if id is not None]) if asked else {}
    for index, id in enumerate(asked):
        if id not in there:
            faults.add(f"{at}/{index}", "unknown", f"There is no such {kind}.")
    return {(kind, id): there[id] for id in asked if id in there}


async def _is_among(change: Change, member: UUID, after: Sequence[Name]) -> bool:
    subjects = [_subject(one.id) for one in after]
    teams = [id for kind, id in subjects if kind == TEAM]
    return (MEMBER, member) in subjects or await names.is_in(change.tx, member, teams)


def _name(named: Named) -> Name:
    return Name(text(named.kind, named.subject), named.name, named.until)


def _subject(reference: str) -> tuple[str, UUID]:
    """The (kind, id) of a subject that an event of ours names."""
    for kind in (MEMBER, TEAM, KEY):
        if (id := parse(kind, reference)) is not None:
            return kind, id
    raise ValueError(f"{reference} names nobody")
