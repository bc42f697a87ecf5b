"""Opsgenie heartbeats: those of the integration whose key a client of Opsgenie has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
from msgspec import UNSET

from hub.contract import heartbeats as wire
from hub.contract.events import Actor
from hub.contract.ids import new, text
from hub.contract.receipts import OutcomeItem
from hub.contract.words import Decision
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, NotFound
from hub.domain.heartbeat import Heartbeat
from hub.domain.version import Expected
from hub.services import access, heartbeats
from hub.services.change import Change, change
from hub.services.grants import IntegrationRef
from hub.services.once import patiently
from hub.services.ports import Ports, RequestContext
from hub.sources import opsgenie
from hub.storage import heartbeats as stored
from hub.storage import inbox, integrations
from hub.storage.inbox import InboxRow

ANY = Expected(None)


async def all_of(ports: Ports, owner: IntegrationRef) -> list[Heartbeat]:
    """Its heartbeats, in the order they were made."""
    async with ports.store.reading(owner.tenant) as tx:
        return [shown.heartbeat for shown in await stored.own(tx, owner.integration)]


async def find(ports: Ports, owner: IntegrationRef, name: str) -> Heartbeat:
    """The one of a name; NotFound for another integration's too."""
    async with ports.store.reading(owner.tenant) as tx:
        found = await stored.own(tx, owner.integration, name)
    if not found:
        raise NotFound(f"Heartbeat with name [{name[:100]}] does not exist")
    return found[0].heartbeat


async def make(
    ports: Ports, owner: IntegrationRef, name: str, seconds: int, enabled: bool, context: RequestContext
) -> Heartbeat:
    """A new one; raise Invalid for a name that is taken, Forbidden as `alter` does."""
    asked = wire.NewHeartbeat(
        name=name,
        integration=text("integration", owner.integration),
        interval_seconds=seconds,
        enabled=enabled,
    )

    async def deed(changed: Change) -> UUID:
        return (await heartbeats.make(changed, asked)).id

    await _done(ports, owner, "made", name, deed, context)
    return await find(ports, owner, name)


async def alter(
    ports: Ports,
    owner: IntegrationRef,
    name: str,
    seconds: int | None,
    enabled: bool | None,
    context: RequestContext,
) -> Heartbeat:
    """Another interval, or enabled or not; raise NotFound, or Forbidden where a hold keeps this address back:
    who has a leaked key must not silence what would tell of it. NotAllowedNow while its lane is at work."""
    reference = text("heartbeat", (await find(ports, owner, name)).id)
    asked = wire.HeartbeatPatch(
        interval_seconds=UNSET if seconds is None else seconds, enabled=UNSET if enabled is None else enabled
    )

    async def deed(changed: Change) -> UUID:
        return await heartbeats.refit(ports, changed, reference, asked, ANY)

    await _done(ports, owner, "changed", name, deed, context)
    return await find(ports, owner, name)


async def delete(ports: Ports, owner: IntegrationRef, name: str, context: RequestContext) -> None:
    """Expect nothing any more; raise as `alter` does."""
    reference = text("heartbeat", (await find(ports, owner, name)).id)

    async def deed(changed: Change) -> UUID:
        return await heartbeats.remove(ports, changed, reference, ANY)

    await _done(ports, owner, "deleted", name, deed, context)


async def _done(
    ports: Ports,
    owner: IntegrationRef,
    what: str,
    name: str,
    deed: Callable[[Change], Awaitable[UUID]],
    context: RequestContext,
) -> None:
    """Do it, and keep it among the integration's requests where it changed anything: so it is a use of its
    key like any other, has a receipt, and can be undone."""
    grant = await _grant(ports, owner, context)

    async def attempt() -> None:
        async with change(ports, grant, context) as changed:
            id = await deed(changed)
            if not changed.entries:
                return
            place = next((entry.incident_id for entry in changed.entries if entry.incident_id), None)
            outcome = OutcomeItem(
                index=0,
                decision=Decision.RECORDED,
                rule=f"a heartbeat was {what}",
                dedup_key=name,
                incident=text("incident", place) if place else None,
                heartbeat=text("heartbeat", id),
                events=[text("event", entry.id) for entry in changed.entries],
            )
            row = InboxRow(
                tenant_id=owner.tenant,
                id=new(),
                integration_id=owner.integration,
                format=opsgenie.NAME,
                body=opsgenie.envelope(f"heartbeat {what}", name, b""),
                received_at=changed.now,
                request_id=context.request_id,
                traceparent=context.traceparent,
                address=context.address,
            )
            await inbox.keep_done(changed.tx, row, msgspec.json.encode([outcome]))

    await patiently(attempt)


async def _grant(ports: Ports, owner: IntegrationRef, context: RequestContext) -> Grant:
    async with ports.store.reading(owner.tenant) as tx:
        found = await integrations.find(tx, owner.integration)
    if found is None:
        raise NotFound
    if found.hold is not None and found.hold.releasing is None and found.hold.keeps_back(context.address):
        raise Forbidden("This integration is on hold, and your address is not listed.")
    actor = Actor(text("integration", found.id), found.name)
    return access.sender(owner.tenant, actor, found.service_id)
