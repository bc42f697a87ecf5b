"""What streams ask of the log: where it ends, and what lies between two positions."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.services.access import system
from hub.services.change import read
from hub.services.ports import Ports
from hub.storage import directory, incidents, log
from hub.storage.directory import Head
from hub.storage.log import LogEvent

__all__ = ["Head", "LogEvent", "heads", "load"]


async def heads(ports: Ports, tenants: list[TenantId]) -> dict[TenantId, Head]:
    """The heads of many tenants in one call."""
    return await directory.heads(ports.store, tenants)


async def load(ports: Ports, tenant: TenantId, first: int, last: int) -> list[LogEvent]:
    """The events of [first, last] in order, read as `system:stream`; what a subscriber may see of them is
    decided by its view."""
    grant = system("stream", tenant)
    grant.require(Action.LOG_READ)
    async with read(ports, grant) as tx:
        return await log.between(tx, first, last)


async def sights(ports: Ports, tenant: TenantId, ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, bool]]:
    """The service of each of these incidents that exists, and whether it is private: what decides who sees it
    now, read as `system:stream`."""
    grant = system("stream", tenant)
    grant.require(Action.LOG_READ)
    async with read(ports, grant) as tx:
        found = await incidents.some(tx, ids)
    return {shown.incident.id: (shown.incident.service_id, shown.incident.private) for shown in found}
