"""Incidents for readers and responders: page, show, timeline, and every command through one function."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

import msgspec

from hub.contract.commands import COMMANDS, BreakGlass, Command
from hub.contract.events import Event, IncidentOpened
from hub.contract.ids import IncidentId, new, parse, text
from hub.contract.privacy import IncidentHidden
from hub.contract.requests import OpenIncident
from hub.contract.resources import IncidentPage, IncidentResource, Performed, TimelinePage
from hub.contract.words import Action, Severity, Urgency
from hub.domain.access import Grant
from hub.domain.errors import Broken, NotFound
from hub.domain.faults import Faults
from hub.domain.query import Query
from hub.domain.sight import View
from hub.services import paging, privacy
from hub.services.change import Change, change, read
from hub.services.execute import Executed, execute, holding
from hub.services.naming import named_service
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.shown import resource
from hub.services.views import view
from hub.services.world import World
from hub.storage import incidents, log, search
from hub.storage.incidents import Hold, Shown
from hub.storage.tx import Tx

NUMBER: Final = re.compile(r"#?[pP]?(-[0-9]{1,15}|(?<![pP])[0-9]{1,15})", re.ASCII)


async def page(ports: Ports, grant: Grant, asked: Query, limit: int, cursor: str | None) -> IncidentPage:
    """Incidents that one sees and asks for, newest first. Where it takes a look at each one to tell, a page
    ends after so many looks (search.ROWS), full or not, and the next one goes on from there."""
    grant.require_somewhere(Action.INCIDENT_READ)
    filter = f"incidents/{asked.words}"
    before = paging.id_place(ports, grant, filter, cursor, paging.NEWEST)
    seen = view(grant)
    async with read(ports, grant) as tx:
        if asked.is_of_statuses:
            found = await incidents.page(tx, seen, asked.statuses, before, limit + 1)
            last = found[limit - 1].incident.id if len(found) > limit else None
        else:
            ids, last = await search.page(tx, seen, asked, before, limit)
            found = await incidents.some(tx, ids) if ids else []
    return IncidentPage(
        [resource(shown, seen) for shown in found[:limit] if _is_seen(shown, seen)],
        paging.next_cursor(ports, grant, filter, last is not None, last),
    )


def _is_seen(shown: Shown, seen: View) -> bool:
    """Still: what was found may have been hidden before it was read."""
    return seen.sees_incident(shown.incident.id, shown.incident.service_id, shown.incident.private)


async def _find(
    tx: Tx,
    grant: Grant,
    reference: str,
    action: Action,
    hold: Hold = Hold.NOTHING,
    through_glass: bool = False,
) -> Shown:
    """An incident by its id or its number (7 or #7, P-7 of a private one). NotFound for one out of sight as
    for a missing one, but `through_glass`; Forbidden where it is seen, but the action is not allowed."""
    named: UUID | int | None = parse("incident", reference)
    if named is None and (number := NUMBER.fullmatch(reference)):
        named = int(number[1])
    shown = None
    if named is not None and through_glass:
        shown = await incidents.behind_glass(tx, named)
    elif named is not None:
        shown = await incidents.seen(tx, view(grant), named, hold)
    if shown is None:
        raise NotFound("There is no such incident.")
    grant.require(action, service=shown.incident.service_id, incident=shown.incident.id)
    return shown


async def _shown(tx: Tx, grant: Grant, reference: str, action: Action) -> IncidentResource:
    return resource(await _find(tx, grant, reference, action), view(grant))


async def show(ports: Ports, grant: Grant, reference: str) -> IncidentResource:
    """One incident by id or number; NotFound alike for a foreign and a missing one, and one out of sight."""
    async with read(ports, grant) as tx:
        return await _shown(tx, grant, reference, Action.INCIDENT_READ)


async def timeline(
    ports: Ports, grant: Grant, reference: str, limit: int, cursor: str | None
) -> TimelinePage:
    """The events of one incident, oldest first, as the stream sends them."""
    async with read(ports, grant) as tx:
        id = (await _find(tx, grant, reference, Action.INCIDENT_READ)).incident.id
        filter = f"timeline/{id}"
        after = paging.number_place(ports, grant, filter, cursor, 0)
        found = await log.timeline(tx, id, after, limit + 1)
    last = found[limit - 1][0] if len(found) > limit else None
    return TimelinePage(
        [msgspec.Raw(body) for _, body in found[:limit]],
        paging.next_cursor(ports, grant, filter, len(found) > limit, last),
    )


class Done(msgspec.Struct, frozen=True):
    """A command's result, and whether it is the answer to a request that was made before."""

    performed: Performed
    replayed: bool


async def perform(
    ports: Ports,
    grant: Grant,
    reference: str,
    name: str,
    command: Command,
    idempotency_key: str | None,
    context: RequestContext,
) -> Done:
    """Do a command to an incident. The one function behind the command route and the stream's frame.

    With a key, a repeat changes nothing and answers the incident as it is now; KeyReused when the key came
    with other arguments.
    """

    async def attempt() -> Done:
        async with change(ports, grant, context) as changed:
            return await _perform(changed, reference, name, command, idempotency_key)

    return await patiently(attempt)


async def _perform(changed: Change, reference: str, name: str, command: Command, key: str | None) -> Done:
    # nobody breaks the glass without a face: for an API key it is as if nothing were behind it
    breaks = isinstance(command, BreakGlass) and changed.grant.person is not None
    action, hold = COMMANDS[name].action, holding(command)
    found = await _find(changed.tx, changed.grant, reference, action, hold, through_glass=breaks)
    id, seen = found.incident.id, view(changed.grant)
    subject = text("incident", id)
    if await Claim(changed, name, key, subject, command).is_taken(subject):
        return Done(Performed(incident=resource(found, seen), events=[], changed=False), True)
    done = await execute(changed, [(found.incident, command)])
    performed = Performed(
        incident=resource(_after(found, done), seen),
        events=[msgspec.Raw(body) for body in done.events],
        changed=bool(done.events),
    )
    return Done(performed, False)


def _after(found: Shown, done: Executed) -> Shown:
    """What was found, as it was saved, with the names that it has now."""
    incident, named = done.incidents[found.incident.id], found.named
    if done.naming is not None:
        named = done.naming.named if done.naming.only else [*named, *done.naming.named]
    return msgspec.structs.replace(found, incident=incident, named=named if incident.private else [])


class Opened(msgspec.Struct, frozen=True):
    """An incident opened by hand, and whether a request made before opened it."""

    incident: IncidentResource
    replayed: bool


async def open_by_hand(
    ports: Ports, grant: Grant, body: OpenIncident, idempotency_key: str | None, context: RequestContext
) -> Opened:
    """Open an incident that no alert has told of; a group of its own. Invalid for an unknown service, and one
    out of sight."""
    grant.require_somewhere(Action.INCIDENT_OPEN)

    async def attempt() -> Opened:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "open", idempotency_key, body)
            if (earlier := await claim.earlier()) is not None:
                return Opened(await _shown(changed.tx, grant, earlier, Action.INCIDENT_OPEN), True)
            id = await _open(changed, body)
            await claim.done(text("incident", id))
            return Opened(_required(await incidents.by_id(changed.tx, id), view(grant)), False)

    return await patiently(attempt)


def _required(shown: Shown | None, seen: View) -> IncidentResource:
    """What was opened a moment ago. Who opens a private one is named by that; their Grant is older."""
    if shown is None:
        raise Broken("An incident was opened, and is not there.")
    return resource(shown, seen)


async def _open(changed: Change, body: OpenIncident) -> IncidentId:
    faults, named, id = Faults(), privacy.Chosen({}, [], False), IncidentId(new())
    if body.private is not None:
        changed.grant.require_somewhere(Action.INCIDENT_HIDE)
    with faults.collected():
        service = await named_service(changed.tx, changed.grant, body.service, Action.INCIDENT_OPEN)
        if body.private is not None:
            changed.grant.require(Action.INCIDENT_HIDE, service=service.id)
    if body.private is not None:
        with faults.collected():
            named = await privacy.chosen(changed, id, body.private, "/private")
    faults.check()
    opened = IncidentOpened(
        number=0,
        title=body.title,
        service=body.service,
        severity=body.severity,
        urgency=Urgency.HIGH if body.severity in {Severity.SEV1, Severity.SEV2} else Urgency.LOW,
        group_key=f"hand:{text('incident', id)}",
        private=body.private is not None,
    )
    world, actor = World(), changed.grant.actor
    world.apply(Event(data=opened, subject=id, incident=id, actor=actor, at=changed.now))
    if body.private is not None:
        names = privacy.wanted(changed, world.incidents[id], named)
        hidden = IncidentHidden(named=names.wanted, was_private=True, reason=body.private.reason or "")
        event = Event(data=hidden, subject=id, incident=id, actor=actor, at=changed.now)
        world.apply(event)
    await world.save(changed)
    return id
