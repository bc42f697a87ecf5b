"""Genie beats: an Opsgenie client's heartbeats, which are those of the integration whose key it has."""

from __future__ import annotations

from hub.contract import heartbeats as wire
from hub.contract.events import Actor
from hub.contract.ids import text
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, NotFound
from hub.domain.heartbeat import Heartbeat
from hub.domain.version import Expected
from hub.services import access, heartbeats
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports, RequestContext
from hub.storage import heartbeats as stored
from hub.storage import integrations

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
    ports: Ports, owner: IntegrationRef, name: str, seconds: int, context: RequestContext
) -> Heartbeat:
    """A new one; raise Invalid for a name that is taken, Forbidden as `change` does."""
    grant = await _grant(ports, owner, context)
    asked = wire.NewHeartbeat(
        name=name, integration=text("integration", owner.integration), interval_seconds=seconds
    )
    await heartbeats.add(ports, grant, asked, None, context)
    return await find(ports, owner, name)


async def change(
    ports: Ports, owner: IntegrationRef, name: str, seconds: int | None, context: RequestContext
) -> Heartbeat:
    """Another interval; raise NotFound, or Forbidden where a hold keeps this address back: who has a leaked
    key must not silence what would tell of it."""
    found, grant = await find(ports, owner, name), await _grant(ports, owner, context)
    if seconds is not None:
        asked = wire.HeartbeatPatch(interval_seconds=seconds)
        await heartbeats.patch(ports, grant, text("heartbeat", found.id), asked, ANY, context)
    return await find(ports, owner, name)


async def delete(ports: Ports, owner: IntegrationRef, name: str, context: RequestContext) -> None:
    """Expect nothing any more; raise as `change` does."""
    found, grant = await find(ports, owner, name), await _grant(ports, owner, context)
    await heartbeats.delete(ports, grant, text("heartbeat", found.id), ANY, context)


async def _grant(ports: Ports, owner: IntegrationRef, context: RequestContext) -> Grant:
    async with ports.store.reading(owner.tenant) as tx:
        found = await integrations.find(tx, owner.integration)
    if found is None:
        raise NotFound
    if found.hold is not None and found.hold.releasing is None and found.hold.keeps_back(context.address):
        raise Forbidden("This integration is on hold, and your address is not listed.")
    actor = Actor(text("integration", found.id), found.name)
    return access.sender(owner.tenant, actor, found.service_id)
