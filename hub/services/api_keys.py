"""API keys: listed, made, rotated, deleted. Nobody gets at a key that may do more than they may."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hub.contract.administration import KeyCreated
from hub.contract.ids import new, parse, text
from hub.contract.integrations import Rotate
from hub.contract.keys import KeyDeleted, KeyMade, KeyPage, KeyResource, KeyRotated, NewKey
from hub.contract.resources import Named
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX, Grant
from hub.domain.errors import Forbidden, NotAllowedNow, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.version import Expected
from hub.services import consumers, paging
from hub.services.change import Change, change, read
from hub.services.credentials import API_KEY, keep, new_api_key
from hub.services.joining import KEY, Place, give
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.roles import check_end, require_grantable
from hub.services.views import view
from hub.storage import keys, programs, services
from hub.storage.keys import KeyKept
from hub.storage.programs import Bound
from hub.storage.tx import Tx


def _resource(kept: list[KeyKept], bound: list[Bound], now: datetime) -> KeyResource:
    """A key by its credentials, the newest first."""
    present, before = kept[0], kept[1:]
    ends = [key.expires_at for key in before if key.expires_at is not None and key.expires_at > now]
    is_restricted = all(each.kind is Scope.SERVICE for each in bound)
    restricted = {each.id: each.name for each in bound} if is_restricted else {}
    return KeyResource(
        id=text("key", present.subject),
        name=present.about.get("name", ""),
        roles=sorted({each.role for each in bound}, key=list(Role).index),
        services=[Named(text("service", id), name) for id, name in restricted.items()],
        scopes=[Action(scope) for scope in present.scopes],
        last4=present.about.get("last4", ""),
        created_at=_made_at(present),
        expires_at=present.expires_at,
        last_used_at=max((key.last_used_at for key in kept if key.last_used_at), default=None),
        old_key_until=max(ends, default=None),
        version=_version(present),
    )


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> KeyPage:
    """API keys in the order they were made."""
    grant.require(Action.KEY_MANAGE)
    after = paging.id_place(ports, grant, "keys", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await programs.page(tx, after, limit + 1)
        kept = await keys.of(tx, API_KEY, found[:limit])
        roles = await programs.roles(tx, found[:limit])
    now = ports.clock()
    last = found[limit - 1] if len(found) > limit else None
    return KeyPage(
        [_resource(kept[id], roles[id], now) for id in found[:limit] if kept[id]],
        paging.next_cursor(ports, grant, "keys", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> KeyResource:
    """One API key; NotFound alike for a foreign and a missing one."""
    grant.require(Action.KEY_MANAGE)
    async with read(ports, grant) as tx:
        return await _shown(tx, reference, ports.clock())


async def add(
    ports: Ports, grant: Grant, asked: NewKey, key: str | None, context: RequestContext
) -> tuple[KeyMade, bool]:
    """Make a key; True beside it where a request made before did: then without the secret. Forbidden for a
    role that may do what the maker may not, Invalid for scopes outside of the role, and for a service that is
    not there."""
    grant.require(Action.KEY_MANAGE)
    if asked.services is None:
        require_grantable(grant, asked.role)

    async def attempt() -> tuple[KeyMade, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "key.create", key, asked)
            if (earlier := await claim.earlier()) is not None:
                return await _made(changed, earlier, None), True
            faults = Faults()
            scopes = _scopes(asked, faults)
            with faults.collected():
                check_end(asked.expires_at, changed.now)
            places = await _places(changed, asked, faults)
            faults.check()
            id, secret = new(), new_api_key()
            await keep(changed, API_KEY, secret, id, asked.name, scopes, asked.expires_at)
            named = tuple(place.named for place in places if place)
            changed.happened(KeyCreated(name=asked.name, scopes=scopes, services=named), id)
            for place in places:
                await give(changed, KEY, id, asked.role, place=place)
            await claim.done(text("key", id))
            return await _made(changed, text("key", id), secret), False

    return await patiently(attempt)


async def rotate(
    ports: Ports, grant: Grant, reference: str, asked: Rotate, key: str | None, context: RequestContext
) -> tuple[KeyMade, bool]:
    """Give it a new secret; the present one works on for the overlap, any older one ends. Forbidden where the
    key may do what the actor may not, NotAllowedNow where it has expired."""
    grant.require(Action.KEY_MANAGE)

    async def attempt() -> tuple[KeyMade, bool]:
        async with change(ports, grant, context) as changed:
            kept = await _lock(changed.tx, reference)
            await _require_over(changed, kept[0])
            claim = Claim(changed, "key.rotate", key, reference, asked)
            if await claim.earlier() is not None:
                return await _made(changed, reference, None), True
            secret = await _renew(changed, kept[0], asked.overlap_seconds)
            await claim.done(reference)
            return await _made(changed, reference, secret), False

    return await patiently(attempt)


async def delete(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """End a key at once, with its roles; its streams end with the event. Raise Stale unless `expected` has
    the present version."""
    grant.require(Action.KEY_MANAGE)

    async def attempt() -> None:
        async with change(ports, grant, context) as changed:
            kept = await _lock(changed.tx, reference)
            if not expected.meets(_version(kept[0])):
                raise Stale(await _shown(changed.tx, reference, changed.now))
            await keys.end(changed.tx, API_KEY, kept[0].subject)
            await programs.vacate(changed.tx, kept[0].subject)
            await consumers.end(changed, "key", kept[0].subject)
            changed.happened(KeyDeleted(name=kept[0].about.get("name", "")), kept[0].subject)

    await patiently(attempt)


def _version(key: KeyKept) -> int:
    """A key's version moves when it is rotated: nothing else of it is ever changed."""
    return int(key.about.get("version", "1"))


def _made_at(key: KeyKept) -> datetime:
    """When a key was made: its credential is a new one with each rotation."""
    told = key.about.get("made_at")
    return datetime.fromisoformat(told) if told else key.created_at


def _scopes(asked: NewKey, faults: Faults) -> tuple[str, ...]:
    if asked.role is Role.OWNER:
        faults.add("/role", "not_a_choice", "Only members are owners: keys would pass it on.")
    carried = CARRIES[Scope.SERVICE if asked.services else Scope.ORGANIZATION] & MATRIX[asked.role]
    what = f"{asked.role} of a service" if asked.services else asked.role
    for index, scope in enumerate(asked.scopes or ()):
        if scope not in carried:
            faults.add(f"/scopes/{index}", "not_a_choice", f"The role {what} has no {scope}.")
    return tuple(sorted(set(asked.scopes or ())))


async def _places(changed: Change, asked: NewKey, faults: Faults) -> list[Place | None]:
    """Where the role is to hold; None is the organization. Every service that is not there is a fault."""
    if asked.services is None:
        return [None]
    found = dict[UUID, Place | None]()
    for index, reference in enumerate(asked.services):
        id = parse("service", reference)
        if id is None or not view(changed.grant).sees_service(id) or not await services.find(changed.tx, id):
            faults.add(f"/services/{index}", "unknown", "There is no such service.")
            continue
        place = found[id] = Place(Scope.SERVICE, id, reference)
        require_grantable(changed.grant, asked.role, place)
    return list(found.values())


async def _renew(changed: Change, present: KeyKept, overlap: int) -> str:
    if present.expires_at is not None and present.expires_at <= changed.now:
        raise NotAllowedNow("This key has expired; make a new one.")
    until = changed.now + timedelta(seconds=overlap) if overlap else None
    await keys.retire(changed.tx, API_KEY, present, until)
    secret, name = new_api_key(), present.about.get("name", "")
    await keep(
        changed, API_KEY, secret, present.subject, name, present.scopes, present.expires_at,
        _version(present) + 1, _made_at(present),
    )  # fmt: skip
    changed.happened(KeyRotated(old_key_until=until), present.subject)
    return secret


async def _require_over(changed: Change, present: KeyKept) -> None:
    """Who rotates a key gets its secret, and with it all that it may do."""
    for bound in (await programs.roles(changed.tx, [present.subject]))[present.subject]:
        gives = MATRIX[bound.role] & CARRIES[bound.kind]
        if present.scopes:
            gives &= {Action(scope) for scope in present.scopes}
        if not gives <= changed.grant.at(bound.kind, bound.id):
            raise Forbidden("This key may do what you may not.")


async def _made(changed: Change, reference: str, secret: str | None) -> KeyMade:
    shown = await _shown(changed.tx, reference, changed.now)
    return KeyMade(**msgspec.structs.asdict(shown), secret=secret)


async def _shown(tx: Tx, reference: str, now: datetime) -> KeyResource:
    id = _id(reference)
    kept = (await keys.of(tx, API_KEY, [id]))[id]
    if not kept:
        raise NotFound("There is no such key.")
    return _resource(kept, (await programs.roles(tx, [id]))[id], now)


async def _lock(tx: Tx, reference: str) -> list[KeyKept]:
    kept = await keys.lock(tx, API_KEY, _id(reference))
    if not kept:
        raise NotFound("There is no such key.")
    return kept


def _id(reference: str) -> UUID:
    id = parse("key", reference)
    if id is None:
        raise NotFound("There is no such key.")
    return id
