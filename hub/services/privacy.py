"""Privacy: who sees a private incident. The names are its role bindings, and `hide` alone changes them."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from hub.contract.commands import BreakGlass, Command, Hide
from hub.contract.events import Event
from hub.contract.ids import parse, text
from hub.contract.privacy import IncidentGlassBroken, IncidentHidden, Name
from hub.contract.requests import Private
from hub.domain.faults import Faults
from hub.domain.incident import Incident
from hub.domain.lifecycle import Names
from hub.services.change import Change
from hub.services.views import view
from hub.storage import names
from hub.storage.names import Named, Naming

MEMBER, TEAM, KEY = "member", "team", "key"


class Chosen(NamedTuple):
    """Those whom somebody asks for, by what they are and whose; who is named now; whether the commander is
    in a team that is asked for."""

    named: dict[tuple[str, UUID], str]
    now: list[Named]
    is_led: bool


async def names_of(change: Change, incident: Incident, command: Command) -> Names | None:
    """What `decide` has to know of the names, for a command about them; None for all others. Raise Invalid
    for whom a command names and who is not there; those who are stay until the transaction ends."""
    if isinstance(command, BreakGlass):
        sees = view(change.grant).sees_incident(incident.id, incident.service_id, incident.private)
        return Names(sees=sees)
    if not isinstance(command, Hide):
        return None
    asked = Private(members=command.members, teams=command.teams, keys=command.keys)
    return wanted(change, incident, await chosen(change, incident.id, asked, "", incident.commander_id))


async def chosen(
    change: Change, incident: UUID, asked: Private, at: str, commander: UUID | None = None
) -> Chosen:
    """Those whom the body's member `at` names; raise Invalid with everybody who is not there."""
    fields = ((MEMBER, "members"), (TEAM, "teams"), (KEY, "keys"))
    places = {
        f"{at}/{field}/{index}": (kind, parse(kind, reference))
        for kind, field in fields
        for index, reference in enumerate(getattr(asked, field))
    }
    subjects = [(kind, id) for kind, id in places.values() if id is not None]
    known, faults, named = await names.asked(change.tx, incident, subjects, commander), Faults(), {}
    for place, (kind, id) in places.items():
        if id is None or (kind, id) not in known.found:
            faults.add(place, "unknown", f"There is no such {kind}.")
        else:
            named[kind, id] = known.found[kind, id]
    faults.check()
    return Chosen(named, known.now, known.is_led)


def wanted(change: Change, incident: Incident, chosen: Chosen) -> Names:
    """Those whom somebody asks for, and the actor. Who breaks the glass of a private incident stays named
    until the end of that time: nobody is looked at and shuts the door."""
    stays = chosen.named.copy()
    for kind in (MEMBER, KEY):
        if (id := parse(kind, change.grant.actor.id)) is not None:
            stays[kind, id] = change.grant.actor.name
    after = [Name(text(kind, id), name) for (kind, id), name in stays.items()]
    for one in chosen.now:
        if incident.private and one.until is not None and (one.kind, one.subject) not in stays:
            after.append(_name(one))
    leader = text(MEMBER, incident.commander_id) if incident.commander_id else None
    return Names(
        now=tuple(_name(one) for one in chosen.now),
        wanted=tuple(after),
        commands=leader is None or chosen.is_led or leader in {one.id for one in after},
    )


def naming(event: Event) -> Naming | None:
    """The names that an event changes: they are saved with its incident."""
    match event.data:
        case IncidentHidden(named=named):
            after = [Named(*_subject(one.id), one.name, one.until) for one in named]
            # as they are read later: those who stay have had their role for longer
            after.sort(key=lambda one: one.until is None)
            return Naming(event.subject, after, True, event.at)
        case IncidentGlassBroken(member=member, name=name, until=until):
            return Naming(event.subject, [Named(*_subject(member), name, until)], False, event.at)
    return None


def _name(named: Named) -> Name:
    return Name(text(named.kind, named.subject), named.name, named.until)


def _subject(reference: str) -> tuple[str, UUID]:
    """The (kind, id) of a subject that an event of ours names."""
    for kind in (MEMBER, TEAM, KEY):
        if (id := parse(kind, reference)) is not None:
            return kind, id
    raise ValueError(f"{reference} names nobody")
