"""Acknowledging: consumers are taken by whoever opens a stream for them, and moved forward by its holder."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.consumers import Acknowledge, Acknowledged
from hub.contract.ids import TenantId
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain import filter
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound, TakenOver
from hub.services import consumers
from hub.services.lagging import owner_of
from hub.services.ports import Ports
from hub.services.views import view
from hub.storage import consumers as stored
from hub.storage import directory, log
from hub.storage.consumers import Kept, Step
from hub.storage.directory import Lost

__all__ = ["Kept", "Lost", "Step", "acknowledge", "find", "lost", "note", "take"]


async def acknowledge(ports: Ports, grant: Grant, reference: str, body: Acknowledge) -> Acknowledged:
    """Move one's consumer to a cursor, never backwards: it is stored when this returns. No event tells of it.

    Raise Invalid for a cursor of elsewhere, of another filter, and from before a reset; TakenOver where the
    body names a holder who is the present one no more.
    """
    grant.require_somewhere(Action.CONSUMER_USE)
    place = ports.cursors.read(grant.tenant, body.cursor)
    if place is None:
        raise _refused("This cursor is not one of this organization.")
    async with ports.store.begin(grant.tenant) as tx:
        kept = await consumers.lock(tx, grant, reference)
        if body.holder is not None and body.holder != kept.holder:
            raise TakenOver
        seen = msgspec.structs.replace(view(grant), filter=filter.read(kept.filter))
        head = await log.head(tx)
        if not place.is_in(head.epoch, seen.hash) or place.position > head.position:
            raise _refused("This cursor is of another view or filter, or of a log that is no more.")
        step = Step(kept.id, kept.holder, place)
        is_moved = await stored.acknowledge(tx, [step], ports.clock())
    return Acknowledged(ports.cursors.write(grant.tenant, place if is_moved else kept.place))


async def find(ports: Ports, grant: Grant, name: str) -> None:
    """Raise NotFound where the actor has no consumer of this name."""
    grant.require_somewhere(Action.CONSUMER_USE)
    async with ports.store.reading(grant.tenant) as tx:
        kept = await stored.named(tx, name)
    if kept is None or owner_of(grant) != (kept.owner_kind, kept.owner_id):
        raise NotFound("You have no such consumer.")


async def take(ports: Ports, grant: Grant, name: str, holder: int | None) -> Kept:
    """Hold one's consumer from now on, whoever did before; with `holder`, go on as the one who holds it, or
    raise TakenOver. Raise NotFound where the actor has none of this name. A new holder's number outlives a
    crash of the database: else two could come to have the same one."""
    grant.require_somewhere(Action.CONSUMER_USE)
    owner = owner_of(grant)
    async with ports.store.begin(grant.tenant, durable=holder is None) as tx:
        taken = await stored.take(tx, name, owner, holder)
        known = taken or await stored.named(tx, name)
    if known is None or owner != (known.owner_kind, known.owner_id):
        raise NotFound("You have no such consumer.")
    if taken is None:
        raise TakenOver
    return taken


async def note(
    ports: Ports, tenant: TenantId, steps: list[Step], living: dict[UUID, int], gone: dict[UUID, int]
) -> int:
    """Write what became of holders of one organization, in one transaction: how far they are, who lives, who
    has gone; how many places moved. Whoever was replaced changes nothing. What a crash takes comes again."""
    async with ports.store.begin(tenant, durable=False) as tx:
        moved = await stored.acknowledge(tx, steps, ports.clock()) if steps else set()
        if living:
            await stored.renew(tx, living)
        if gone:
            await stored.release(tx, gone)
    return len(moved)


async def lost(ports: Ports, held: list[tuple[TenantId, UUID, int]]) -> list[Lost]:
    """Which of these (tenant, consumer, holder) are that holder's no more, over all organizations."""
    return await directory.lost_consumers(ports.store, held)


def _refused(detail: str) -> Invalid:
    return Invalid([Fault(pointer="/cursor", code="cursor", detail=detail)])
