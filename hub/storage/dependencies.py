"""Dependencies: which service needs which, read as a graph and written a service at a time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx

_REACHED = written(
    """
    WITH RECURSIVE reached (id) AS (
      SELECT unnest(:starts)
      UNION
      SELECT d.needs_id FROM service_dependency d JOIN reached r ON r.id = d.service_id
      WHERE d.tenant_id = :tenant
    )
    SELECT d.service_id, d.needs_id FROM service_dependency d
    WHERE d.tenant_id = :tenant AND d.service_id IN (SELECT id FROM reached)
    ORDER BY d.service_id, d.needs_id
    """,
    tenant="uuid",
    starts="uuid[]",
)
_CLEAR = written(
    "DELETE FROM service_dependency WHERE tenant_id = :tenant AND service_id = :service",
    tenant="uuid", service="uuid",
)  # fmt: skip
_ADD = written(
    "INSERT INTO service_dependency (tenant_id, service_id, needs_id)"
    " SELECT :tenant, :service, unnest(:needs)",
    tenant="uuid", service="uuid", needs="uuid[]",
)  # fmt: skip


async def reached(tx: Tx, starts: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """What each service needs, for all that these lead to. Each service is visited once: the graph is walked,
    not its paths."""
    found: dict[UUID, list[UUID]] = {}
    for row in await tx.fetch(_REACHED, starts=list(starts)):
        found.setdefault(row["service_id"], []).append(row["needs_id"])
    return found


async def replace(tx: Tx, service: UUID, needs: Sequence[UUID]) -> None:
    """Have a service need these and no others; raise Invalid for one that is not there."""
    await tx.fetch(_CLEAR, service=service)
    with told():
        await tx.fetch(_ADD, service=service, needs=list(needs))
