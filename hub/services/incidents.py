"""Incidents for readers and responders: page, show, timeline, and every command through one function."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

import msgspec

from hub.contract.commands import COMMANDS, Command
from hub.contract.events import Event, IncidentOpened
from hub.contract.ids import IncidentId, new, parse, text
from hub.contract.requests import OpenIncident
from hub.contract.resources import IncidentPage, IncidentResource, Performed, TimelinePage
from hub.contract.signals import Fault
from hub.contract.words import OPEN, Action, Severity, Status, Urgency
from hub.domain.access import Grant
from hub.domain.errors import Contended, Invalid, KeyReused, NotFound
from hub.services import paging
from hub.services.change import Change, change, read
from hub.services.execute import execute
from hub.services.ports import Ports, RequestContext
from hub.services.shown import resource
from hub.services.world import World
from hub.storage import catalogue, incidents, log, requests
from hub.storage.incidents import Shown
from hub.storage.tx import Tx

RETRIES = 3


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
    with other arguments. A deadlock or a lock's time-out is tried again, three times.
    """
    grant.require(COMMANDS[name].action)
    for left in reversed(range(RETRIES)):
        try:
            async with change(ports, grant, context) as changed:
                return await _perform(changed, reference, name, command, idempotency_key)
        except Contended:
            if not left:
                raise
    raise AssertionError  # the loop returns or raises


async def _perform(changed: Change, reference: str, name: str, command: Command, key: str | None) -> Done:
    id = (await _find(changed.tx, reference)).incident.id
    hashed = hashlib.sha256(id.bytes + msgspec.json.encode(command)).digest()
    if key is not None:
        earlier = await requests.claim(changed.tx, changed.grant.actor.id, name, key)
        if earlier is not None:
            if earlier.request_hash != hashed:
                raise KeyReused
            shown = await _find(changed.tx, earlier.subject)
            return Done(Performed(incident=resource(shown), events=[], changed=False), True)
    bodies = await execute(changed, [(id, command)])
    if key is not None:
        request = requests.Request(hashed, text("incident", id))
        await requests.keep(changed.tx, changed.grant.actor.id, name, key, request, changed.now)
    shown = await _find(changed.tx, text("incident", id))
    performed = Performed(
        incident=resource(shown), events=[msgspec.Raw(body) for body in bodies], changed=bool(bodies)
    )
    return Done(performed, False)


async def open_by_hand(
    ports: Ports, grant: Grant, body: OpenIncident, context: RequestContext
) -> IncidentResource:
    """Open an incident that no alert has told of; a group of its own. NotFound for an unknown service."""
    grant.require(Action.INCIDENT_OPEN)
    service_id = parse("service", body.service)
    async with change(ports, grant, context) as changed:
        service = await catalogue.lock_service(changed.tx, service_id) if service_id else None
        if service is None:
            fault = Fault(pointer="/service", code="unknown", detail="There is no such service.")
            raise Invalid([fault])
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
        world.apply(_event(changed, opened, id))
        await world.save(changed)
        return resource(await _find(changed.tx, text("incident", id)))


def _event(changed: Change, data: IncidentOpened, id: UUID) -> Event:
    return Event(data=data, subject=id, incident=id, actor=changed.grant.actor, at=changed.now)
