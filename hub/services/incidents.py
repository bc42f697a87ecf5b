"""Incidents for readers and responders: page, show, timeline, and every command through one function."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hub.contract.commands import COMMANDS, Command
from hub.contract.events import Event, IncidentOpened
from hub.contract.ids import IncidentId, new, parse, text
from hub.contract.requests import OpenIncident
from hub.contract.resources import IncidentPage, IncidentResource, Performed, TimelinePage
from hub.contract.signals import Fault
from hub.contract.words import OPEN, Action, Severity, Status, Urgency
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound
from hub.services import paging
from hub.services.change import Change, change, read
from hub.services.execute import execute
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.shown import resource
from hub.services.world import World
from hub.storage import catalogue, incidents, log
from hub.storage.incidents import Shown
from hub.storage.tx import Tx


def statuses_of(words: Iterable[str]) -> frozenset[Status]:
    """The statuses that a list's filter names: `open`, `all` or words of Status; Invalid for others."""
    found: set[Status] = set()
    for word in words:
        if word not in {"open", "all", *Status}:
            fault = Fault(pointer="/status", code="word", detail=f"{word[:40]!r} is no status.")
            raise Invalid([fault])
        found |= OPEN if word == "open" else set(Status) if word == "all" else {Status(word)}
    return frozenset(found or Status)


async def page(
    ports: Ports, grant: Grant, statuses: frozenset[Status], limit: int, cursor: str | None
) -> IncidentPage:
    """Incidents, newest first."""
    grant.require(Action.INCIDENT_READ)
    filter = "incidents/" + ",".join(sorted(statuses))
    before = paging.id_place(ports, grant, filter, cursor, paging.NEWEST)
    async with read(ports, grant) as tx:
        found = await incidents.page(tx, statuses, before, limit + 1)
    last = found[limit - 1].incident.id if len(found) > limit else None
    return IncidentPage(
        [resource(shown) for shown in found[:limit]],
        paging.next_cursor(ports, grant, filter, len(found) > limit, last),
    )


async def _find(tx: Tx, reference: str) -> Shown:
    """An incident by its id or its number."""
    id = parse("incident", reference)
    shown = None
    if id is not None:
        shown = await incidents.by_id(tx, id)
    elif reference.isascii() and reference.isdigit() and len(reference) < 16:
        shown = await incidents.by_number(tx, int(reference))
    if shown is None:
        raise NotFound("There is no such incident.")
    return shown


async def show(ports: Ports, grant: Grant, reference: str) -> IncidentResource:
    """One incident by id or number; NotFound alike for a foreign and a missing one."""
    grant.require(Action.INCIDENT_READ)
    async with read(ports, grant) as tx:
        return resource(await _find(tx, reference))


async def timeline(
    ports: Ports, grant: Grant, reference: str, limit: int, cursor: str | None
) -> TimelinePage:
    """The events of one incident, oldest first, as the stream sends them."""
    grant.require(Action.INCIDENT_READ)
    async with read(ports, grant) as tx:
        id = (await _find(tx, reference)).incident.id
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
    grant.require(COMMANDS[name].action)

    async def attempt() -> Done:
        async with change(ports, grant, context) as changed:
            return await _perform(changed, reference, name, command, idempotency_key)

    return await patiently(attempt)


async def _perform(changed: Change, reference: str, name: str, command: Command, key: str | None) -> Done:
    id = (await _find(changed.tx, reference)).incident.id
    subject = text("incident", id)
    claim = Claim(changed, name, key, subject, command)
    if await claim.earlier() is not None:
        shown = await _find(changed.tx, subject)
        return Done(Performed(incident=resource(shown), events=[], changed=False), True)
    bodies = await execute(changed, [(id, command)])
    await claim.done(subject)
    shown = await _find(changed.tx, subject)
    performed = Performed(
        incident=resource(shown), events=[msgspec.Raw(body) for body in bodies], changed=bool(bodies)
    )
    return Done(performed, False)


class Opened(msgspec.Struct, frozen=True):
    """An incident opened by hand, and whether a request made before opened it."""

    incident: IncidentResource
    replayed: bool


async def open_by_hand(
    ports: Ports, grant: Grant, body: OpenIncident, idempotency_key: str | None, context: RequestContext
) -> Opened:
    """Open an incident that no alert has told of; a group of its own. Invalid for an unknown service."""
    grant.require(Action.INCIDENT_OPEN)

    async def attempt() -> Opened:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "open", idempotency_key, body)
            if (earlier := await claim.earlier()) is not None:
                return Opened(resource(await _find(changed.tx, earlier)), True)
            subject = await _open(changed, body)
            await claim.done(subject)
            return Opened(resource(await _find(changed.tx, subject)), False)

    return await patiently(attempt)


async def _open(changed: Change, body: OpenIncident) -> str:
    service_id = parse("service", body.service)
    service = await catalogue.lock_service(changed.tx, service_id) if service_id else None
    if service is None or service.is_archived:
        raise Invalid([Fault(pointer="/service", code="unknown", detail="There is no such service.")])
    id = IncidentId(new())
    opened = IncidentOpened(
        number=0,
        title=body.title,
        service=body.service,
        severity=body.severity,
        urgency=Urgency.HIGH if body.severity in {Severity.SEV1, Severity.SEV2} else Urgency.LOW,
        group_key=f"hand:{text('incident', id)}",
    )
    world = World()
    world.apply(Event(data=opened, subject=id, incident=id, actor=changed.grant.actor, at=changed.now))
    await world.save(changed)
    return text("incident", id)
