"""What streams ask of the log: where it ends, and what lies between two positions."""

from __future__ import annotations

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.services.access import system
from hub.services.change import read
from hub.services.ports import Ports
from hub.storage import directory, log
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
