"""Consumers: made, changed and deleted by whom they belong to; owners and admins see and delete all."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from hub.contract.consumers import (
    ChangeConsumer,
    ConsumerChanged,
    ConsumerCreated,
    ConsumerDeleted,
    ConsumerPage,
    ConsumerResource,
    NewConsumer,
)
from hub.contract.ids import new, parse, text
from hub.contract.resources import Named
from hub.contract.words import Action
from hub.domain import filter
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, NotAllowedNow, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.filter import Filter
from hub.domain.resume import Place
from hub.domain.version import Expected
from hub.services import paging
from hub.services.altered import altered, asked_for
from hub.services.change import Change, change, read
from hub.services.lagging import is_own, lag_of, owner_of, reset, view_of
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.views import view
from hub.storage import consumers, log, organizations
from hub.storage.constraints import TAKEN
from hub.storage.consumers import Kept
from hub.storage.tx import Tx

OWNERS_MAX: Final = 50
ORGANIZATIONS_MAX: Final = 500
GONE: Final = "owner_gone"


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> ConsumerPage:
    """One's own consumers, or all of them for who manages them, in the order in which they were made."""
    grant.require_somewhere(Action.CONSUMER_USE)
    after = paging.id_place(ports, grant, "consumers", cursor, paging.OLDEST)
    owner = None if grant.allows(Action.CONSUMER_MANAGE) else owner_of(grant)
    async with read(ports, grant) as tx:
        found = await consumers.page(tx, owner, after, limit + 1)
        data = [await _resource(ports, tx, grant, kept) for kept in found[:limit]]
    last = found[limit - 1].id if len(found) > limit else None
    return ConsumerPage(data, paging.next_cursor(ports, grant, "consumers", len(found) > limit, last))


async def show(ports: Ports, grant: Grant, reference: str) -> ConsumerResource:
    """One consumer; NotFound alike for a foreign and a missing one, and for somebody else's."""
    grant.require_somewhere(Action.CONSUMER_USE)
    async with read(ports, grant) as tx:
        return await _resource(ports, tx, grant, await find(tx, grant, reference))


async def create(
    ports: Ports, grant: Grant, body: NewConsumer, key: str | None, context: RequestContext
) -> tuple[ConsumerResource, bool]:
    """Make one whose place is where the log ends now; True beside it where a request made before did.
    Invalid for a name that is taken in the organization, NotAllowedNow beyond 50 of an owner's, and 500."""
    grant.require_somewhere(Action.CONSUMER_USE)
    owner = owner_of(grant)

    async def attempt() -> tuple[ConsumerResource, bool]:
        async with change(ports, grant, context) as changed:
            tx, claim = changed.tx, Claim(changed, "consumer.create", key, body)
            if (earlier := await claim.earlier()) is not None:
                return await _resource(ports, tx, grant, await find(tx, grant, earlier)), True
            asked = await _asked(tx, body.name, body.filter)
            await organizations.lock(tx)  # two that are made at once are counted one after the other
            await _require_room(tx, owner)
            id, head = new(), await log.head(tx)
            seen = msgspec.structs.replace(view(grant), filter=asked)
            place = Place(epoch=head.epoch, position=head.position, view=seen.hash)
            await consumers.add(tx, id, body.name, owner, body.filter, place, changed.now)
            changed.happened(ConsumerCreated(name=body.name, filter=filter.veiled(body.filter)), id)
            await claim.done(text("consumer", id))
            return await _resource(ports, tx, grant, await find(tx, grant, text("consumer", id))), False

    return await patiently(attempt)


async def change_consumer(
    ports: Ports,
    grant: Grant,
    reference: str,
    body: ChangeConsumer,
    expected: Expected,
    context: RequestContext,
) -> ConsumerResource:
    """Another name or filter. Raise Stale unless `expected` has the present version, Invalid for a name that
    is taken, Forbidden for another's."""
    grant.require_somewhere(Action.CONSUMER_USE)
    wanted = asked_for(body)
    async with change(ports, grant, context) as changed:
        tx, before = changed.tx, await lock(changed.tx, grant, reference)
        if not expected.meets(before.version):
            raise Stale(await _resource(ports, tx, grant, before))
        after = msgspec.structs.replace(before, **wanted)
        asked = await _asked(tx, None if after.name == before.name else after.name, wanted.get("filter", ""))
        if after.name != before.name:
            await consumers.rename(tx, before.id, after.name)
        if after.filter != before.filter:
            now = view(grant)
            was = msgspec.structs.replace(now, filter=filter.read(before.filter))
            will_be = msgspec.structs.replace(now, filter=asked)
            # A place that meant something goes on to; of one that did not, the next stream is told.
            kept = will_be.hash if before.place.is_in(before.epoch, was.hash) else before.view
            await consumers.set_filter(tx, before.id, after.filter, kept)
        if after != before:
            changed.happened(ConsumerChanged(changes=altered(_fields(before), _fields(after))), before.id)
        return await _resource(ports, tx, grant, await find(tx, grant, text("consumer", before.id)))


async def delete(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Forget a consumer; a stream that is open for it ends within two seconds. Raise Stale unless `expected`
    has the present version."""
    grant.require_somewhere(Action.CONSUMER_USE)
    async with change(ports, grant, context) as changed:
        found = await find(changed.tx, grant, reference)
        kept = await consumers.lock(changed.tx, found.id)
        if kept is None:
            raise NotFound("There is no such consumer.")
        if not expected.meets(kept.version):
            raise Stale(await _resource(ports, changed.tx, grant, kept))
        await consumers.delete(changed.tx, kept.id)
        changed.happened(_deleted(kept.name, kept.owner_kind, kept.owner_id, "deleted"), kept.id)


async def end(changed: Change, kind: str, owner: UUID) -> None:
    """Forget what belongs to a member or key that goes."""
    for id, name in await consumers.end(changed.tx, kind, owner):
        changed.happened(_deleted(name, kind, owner, GONE), id)


async def find(tx: Tx, grant: Grant, reference: str) -> Kept:
    """The consumer of an id or name, for who may know of it; else NotFound."""
    id = parse("consumer", reference)
    kept = await (consumers.find(tx, id) if id else consumers.named(tx, reference))
    if kept is None or not (is_own(grant, kept) or grant.allows(Action.CONSUMER_MANAGE)):
        raise NotFound("There is no such consumer.")
    return kept


async def lock(tx: Tx, grant: Grant, reference: str) -> Kept:
    """One's own consumer, which nobody else moves until this transaction ends. NotFound as `find`, Forbidden
    for another's."""
    found = await find(tx, grant, reference)
    if not is_own(grant, found):
        raise Forbidden("Only whose consumer it is changes it, and acknowledges for it.")
    kept = await consumers.lock(tx, found.id)
    if kept is None:
        raise NotFound("There is no such consumer.")
    return kept


async def _asked(tx: Tx, name: str | None, words: str) -> Filter:
    """What a body filters by. Raise Invalid for words that mean nothing and for a new name that is taken,
    for both at once; the constraint is for who comes meanwhile."""
    asked, faults = filter.EVERYTHING, Faults()
    if name is not None and await consumers.named(tx, name) is not None:
        faults.add("/name", "taken", TAKEN)
    with faults.collected():
        asked = filter.read(words)
    faults.check()
    return asked


async def _require_room(tx: Tx, owner: tuple[str, UUID]) -> None:
    of_owner, of_all = await consumers.count(tx, owner)
    if of_owner >= OWNERS_MAX:
        raise NotAllowedNow(f"You have {OWNERS_MAX} consumers, which is the most.")
    if of_all >= ORGANIZATIONS_MAX:
        raise NotAllowedNow(f"This organization has {ORGANIZATIONS_MAX} consumers, which is the most.")


def _deleted(name: str, kind: str, owner: UUID, reason: str) -> ConsumerDeleted:
    return ConsumerDeleted(name=name, owner=text(kind, owner), reason=reason)


def _fields(kept: Kept) -> dict[str, str | int | None]:
    return {"name": kept.name, "filter": filter.veiled(kept.filter)}


async def _resource(ports: Ports, tx: Tx, grant: Grant, kept: Kept) -> ConsumerResource:
    seen, head = await view_of(tx, grant, kept), await log.head(tx)
    why = reset(kept, seen, head)
    return ConsumerResource(
        id=text("consumer", kept.id),
        name=kept.name,
        owner=Named(text(kept.owner_kind, kept.owner_id), kept.owner_name),
        filter=kept.filter if is_own(grant, kept) else filter.veiled(kept.filter),
        cursor=ports.cursors.write(grant.tenant, kept.place),
        lag=None if why else await lag_of(tx, grant, kept, seen, head),
        reset=why,
        acknowledged_at=kept.acknowledged_at,
        held=kept.held,
        created_at=kept.created_at,
        version=kept.version,
    )
