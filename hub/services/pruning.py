"""Pruning: the sweeper goes round the tenants, slowly, and deletes what has ended."""

from __future__ import annotations

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.services.access import system
from hub.services.ports import Ports
from hub.storage import directory, pruning

TENANTS = 20  # of one turn
ROWS = 500  # of one tenant's turn and kind


async def prune(ports: Ports, after: TenantId | None) -> TenantId | None:
    """Prune the next tenants behind `after`; the last of them, or None at the end of the round. A tenant with
    more than a portion has the rest in the next round. No event tells of it: it had no effect any more."""
    tenants = await directory.tenants(ports.store, after, TENANTS)
    for tenant in tenants:
        system("sweeper", tenant).require(Action.TIMER_FIRE)
        async with ports.store.begin(tenant) as tx:
            await pruning.credentials(tx, ROWS)
            await pruning.request_keys(tx, ROWS)
            await pruning.secrets(tx, ROWS)
    return tenants[-1] if len(tenants) == TENANTS else None
