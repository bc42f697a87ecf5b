"""Integrations: shown with how to send to them, made, changed, rotated, disabled and enabled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import UNSET

from hub.contract import integrations as wire
from hub.contract.administration import IntegrationCreated
from hub.contract.hold import HoldShown
from hub.contract.ids import new, parse, text
from hub.contract.integrations import IntegrationDetail, IntegrationMade
from hub.contract.resources import Named
from hub.contract.words import Action, SigningScheme
from hub.domain.access import Grant
from hub.domain.errors import NotAllowedNow, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.version import Expected
from hub.services import paging
from hub.services.altered import altered
from hub.services.change import Change, change, read
from hub.services.credentials import INTEGRATION_KEY, keep, new_integration_key
from hub.services.naming import named_service
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.snippets import PLACE, SIGNING_PLACE, addresses, snippets
from hub.services.views import view
from hub.storage import catalogue, integrations, keys
from hub.storage.constraints import TAKEN
from hub.storage.integrations import Integration
from hub.storage.keys import KeyKept
from hub.storage.tx import Tx


def _resource(found: Integration, kept: Iterable[KeyKept], now: datetime) -> wire.IntegrationResource:
    alive = [key for key in kept if key.expires_at is None or key.expires_at > now]
    return wire.IntegrationResource(
        id=text("integration", found.id),
        name=found.name,
        service=Named(text("service", found.service_id), found.service_name),
        keys=[
            wire.KeyShown(
                last4=key.about.get("last4", ""),
                created_at=key.created_at,
                expires_at=key.expires_at,
                last_used_at=key.last_used_at,
            )
            for key in alive
        ],
        last_used_at=max((key.last_used_at for key in alive if key.last_used_at), default=None),
        created_at=found.created_at,
        disabled_at=found.disabled_at,
        stale_after_seconds=_seconds(found.stale_after),
        expire=found.expire,
        hold=HoldShown(**msgspec.structs.asdict(found.hold)) if found.hold else None,
        signing=wire.SigningShown(**msgspec.structs.asdict(found.signing)) if found.signing else None,
        version=found.version,
    )


async def _made(
    ports: Ports, tx: Tx, reference: str, key: str | None = None, secret: str | None = None
) -> IntegrationMade:
    """The integration as it is now, with how to send to it."""
    found = await _find(tx, reference)
    kept = (await keys.of(tx, INTEGRATION_KEY, [found.id]))[found.id]
    at = addresses(ports.config, text("integration", found.id), key or PLACE)
    fields = msgspec.structs.asdict(_resource(found, kept, ports.clock()))
    is_grafanas = found.signing is not None and found.signing.scheme is SigningScheme.GRAFANA
    shown = snippets(at, key or PLACE, (secret or SIGNING_PLACE) if is_grafanas else None)
    return IntegrationMade(**fields, urls=at, snippets=shown, key=key)


async def detail(ports: Ports, tx: Tx, reference: str, secret: str | None = None) -> IntegrationDetail:
    """An integration as it is in this transaction, with how to send to it; a new signing secret stands in
    the snippets."""
    return _detail(await _made(ports, tx, reference, secret=secret))


def _detail(made: IntegrationMade) -> IntegrationDetail:
    fields = IntegrationDetail.__struct_fields__
    return IntegrationDetail(**{name: getattr(made, name) for name in fields})


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> wire.IntegrationPage:
    """Integrations that one sees, in the order they were made, disabled ones too."""
    grant.require_somewhere(Action.INTEGRATION_READ)
    after = paging.id_place(ports, grant, "integrations", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await integrations.page(tx, view(grant), after, limit + 1)
        kept = await keys.of(tx, INTEGRATION_KEY, [each.id for each in found[:limit]])
    last = found[limit - 1].id if len(found) > limit else None
    return wire.IntegrationPage(
        [_resource(each, kept[each.id], ports.clock()) for each in found[:limit]],
        paging.next_cursor(ports, grant, "integrations", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> IntegrationDetail:
    """One integration, with its addresses and snippets; NotFound alike for a foreign and a missing one."""
    async with read(ports, grant) as tx:
        await find_integration(tx, grant, reference, Action.INTEGRATION_READ)
        return await detail(ports, tx, reference)


async def add(
    ports: Ports, grant: Grant, asked: wire.NewIntegration, key: str | None, context: RequestContext
) -> tuple[IntegrationMade, bool]:
    """Make an integration with a key; True beside it where a request made before did: then without the key.
    Invalid for a name that is taken, and for a service that is archived or not there."""
    grant.require_somewhere(Action.INTEGRATION_MANAGE)

    async def attempt() -> tuple[IntegrationMade, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "integration.create", key, asked)
            if (earlier := await claim.earlier()) is not None:
                await find_integration(changed.tx, grant, earlier, Action.INTEGRATION_MANAGE)
                return await _made(ports, changed.tx, earlier), True
            faults = Faults()
            with faults.collected():
                service = await _service(changed, asked.service)
            await _check_name(changed, asked.name, faults)
            faults.check()
            id, secret = new(), new_integration_key()
            await catalogue.add_integration(changed.tx, id, service, asked.name, changed.now)
            await keep(changed, INTEGRATION_KEY, secret, id, asked.name)
            changed.happened(IntegrationCreated(name=asked.name, service=asked.service), id)
            await claim.done(text("integration", id))
            return await _made(ports, changed.tx, text("integration", id), secret), False

    return await patiently(attempt)


async def patch(
    ports: Ports,
    grant: Grant,
    reference: str,
    asked: wire.IntegrationPatch,
    expected: Expected,
    context: RequestContext,
) -> IntegrationDetail:
    """Change what the patch names; raise Stale unless `expected` has the present version."""

    async def attempt() -> IntegrationDetail:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            if not expected.meets(found.version):
                raise Stale(await detail(ports, changed.tx, reference))
            wanted, faults = found, Faults()
            if isinstance(asked.name, str) and asked.name != found.name:
                await _check_name(changed, asked.name, faults)
                wanted = msgspec.structs.replace(wanted, name=asked.name)
            if isinstance(asked.service, str):
                with faults.collected():
                    service = await _service(changed, asked.service)
                    wanted = msgspec.structs.replace(wanted, service_id=service)
            if asked.stale_after_seconds is not UNSET:
                seconds = asked.stale_after_seconds
                span = timedelta(seconds=seconds) if seconds is not None else None
                wanted = msgspec.structs.replace(wanted, stale_after=span)
            if asked.expire is not UNSET:
                wanted = msgspec.structs.replace(wanted, expire=asked.expire)
            faults.check()
            if wanted != found:
                await integrations.save(changed.tx, wanted)
                changes = altered(_fields(found), _fields(wanted))
                changed.happened(wire.IntegrationChanged(changes=changes), found.id)
            return await detail(ports, changed.tx, reference)

    return await patiently(attempt)


async def rotate(
    ports: Ports, grant: Grant, reference: str, asked: wire.Rotate, key: str | None, context: RequestContext
) -> tuple[IntegrationMade, bool]:
    """Give it a new key; the present one works on for the overlap, any older one ends. Its alerts stay."""

    async def attempt() -> tuple[IntegrationMade, bool]:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            claim = Claim(changed, "integration.rotate", key, reference, asked)
            if await claim.earlier() is not None:
                return await _made(ports, changed.tx, reference), True
            secret = await _renew(changed, found, asked.overlap_seconds)
            await claim.done(reference)
            return await _made(ports, changed.tx, reference, secret), False

    return await patiently(attempt)


async def disable(
    ports: Ports, grant: Grant, reference: str, is_disabled: bool, key: str | None, context: RequestContext
) -> tuple[IntegrationDetail, bool]:
    """Refuse its keys like unknown ones, or take them again; what was kept before is still processed.
    NotAllowedNow where it would alert a service that is archived."""
    command = "integration.disable" if is_disabled else "integration.enable"

    async def attempt() -> tuple[IntegrationDetail, bool]:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            claim = Claim(changed, command, key, reference)
            is_replay = await claim.earlier() is not None
            if not is_replay:
                if is_disabled != (found.disabled_at is not None):
                    await _switch(changed, found, is_disabled)
                await claim.done(reference)
            return await detail(ports, changed.tx, reference), is_replay

    return await patiently(attempt)


async def _renew(changed: Change, found: Integration, overlap: int) -> str:
    kept, secret = await keys.lock(changed.tx, INTEGRATION_KEY, found.id), new_integration_key()
    until = changed.now + timedelta(seconds=overlap) if overlap else None
    if kept:
        await keys.retire(changed.tx, INTEGRATION_KEY, kept[0], until)
    await keep(changed, INTEGRATION_KEY, secret, found.id, found.name)
    if found.disabled_at is not None:
        await keys.disable(changed.tx, INTEGRATION_KEY, found.id, True)
    if found.signing is not None:
        await keys.mark_signed(changed.tx, INTEGRATION_KEY, found.id, True)
    changed.happened(wire.IntegrationRotated(old_key_until=until if kept else None), found.id)
    return secret


async def _switch(changed: Change, found: Integration, is_disabled: bool) -> None:
    if not is_disabled:
        service = await catalogue.lock_service(changed.tx, found.service_id)
        if service is None or service.is_archived:
            raise NotAllowedNow("Its service is archived; give it another one first.")
    at = changed.now if is_disabled else None
    await integrations.save(changed.tx, msgspec.structs.replace(found, disabled_at=at))
    await keys.disable(changed.tx, INTEGRATION_KEY, found.id, is_disabled)
    changed.happened(wire.IntegrationDisabled() if is_disabled else wire.IntegrationEnabled(), found.id)


def _fields(found: Integration) -> dict[str, str | int | None]:
    """What a PATCH can name, in the words of the wire."""
    return {
        "name": found.name,
        "service": text("service", found.service_id),
        "stale_after_seconds": _seconds(found.stale_after),
        "expire": found.expire.value,
    }


def _seconds(span: timedelta | None) -> int | None:
    return int(span.total_seconds()) if span is not None else None


async def _check_name(changed: Change, name: str, faults: Faults) -> None:
    """Tell of a name that is taken together with other faults; the constraint is for who comes meanwhile."""
    if await integrations.is_taken(changed.tx, name):
        faults.add("/name", "taken", TAKEN)


async def _service(changed: Change, reference: str) -> UUID:
    """A service that may get alerts, locked so that nobody archives it meanwhile."""
    found = await named_service(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    return found.id


def _permit(grant: Grant, found: Integration, action: Action) -> Integration:
    """An integration is seen, and managed, by whoever sees and manages its service."""
    if not view(grant).sees_service(found.service_id):
        raise NotFound("There is no such integration.")
    grant.require(action, service=found.service_id)
    return found


async def find_integration(tx: Tx, grant: Grant, reference: str, action: Action) -> Integration:
    """An integration by its id on the wire; NotFound for one out of sight as for a missing one, Forbidden
    where it is seen, but the action is not allowed."""
    return _permit(grant, await _find(tx, reference), action)


async def _find(tx: Tx, reference: str) -> Integration:
    id = parse("integration", reference)
    found = await integrations.find(tx, id) if id else None
    if found is None:
        raise NotFound("There is no such integration.")
    return found


async def lock_integration(changed: Change, reference: str) -> Integration:
    """An integration, to manage it, locked against every other change. NotFound for one out of sight as for a
    missing one, Forbidden where it is seen, but may not be managed: before this waits for anybody."""
    found = await find_integration(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    locked = await integrations.lock(changed.tx, found.id)
    if locked is None:
        raise NotFound("There is no such integration.")
    return _permit(changed.grant, locked, Action.INTEGRATION_MANAGE)
