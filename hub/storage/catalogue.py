"""The catalogue: services and integrations."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa

from hub.contract.words import AutoResolve
from hub.domain.intake import Service
from hub.domain.storm import Flow
from hub.storage.constraints import told
from hub.storage.statement import TENANT, Statement, given, written
from hub.storage.tables import flow, service
from hub.storage.tx import Tx

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADD_INTEGRATION = written(
    "INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
    " VALUES (:tenant, :id, :service, :name, :at)",
    tenant="uuid", id="uuid", service="uuid", name="text", at="time",
)  # fmt: skip
_ADD_LANE = written(
    "INSERT INTO lane (tenant_id, integration_id) VALUES (:tenant, :id)", tenant="uuid", id="uuid"
)
_ALERTED = written(
    "SELECT id FROM integration WHERE tenant_id = :tenant AND service_id = :service"
    " AND disabled_at IS NULL AND archived_at IS NULL LIMIT 1",
    tenant="uuid", service="uuid",
)  # fmt: skip
_LOCK = Statement(
    sa.select(
        service.c.id,
        service.c.name,
        service.c.auto_resolve,
        service.c.reopen_within,
        service.c.storm_after,
        service.c.archived_at,
        flow.c.level,
        flow.c.at.label("flow_at"),
        flow.c.storm,
    )
    .select_from(
        service.outerjoin(
            flow, sa.and_(flow.c.tenant_id == service.c.tenant_id, flow.c.service_id == service.c.id)
        )
    )
    .where(service.c.tenant_id == TENANT, service.c.id == given("id", "uuid"))
    .with_for_update(key_share=True, of=service)
)
_FLOW = written(
    "INSERT INTO flow (tenant_id, service_id, level, at, storm)"
    " VALUES (:tenant, :service, :level, :at, :storm)"
    " ON CONFLICT (tenant_id, service_id) DO UPDATE SET level = :level, at = :at, storm = :storm",
    tenant="uuid", service="uuid", level="real", at="time", storm="uuid",
)  # fmt: skip


async def add_integration(tx: Tx, id: UUID, service_id: UUID, name: str, at: datetime) -> None:
    """An integration of a service, and its lane; raise Invalid for a name that is taken."""
    with told():
        await tx.fetch(_ADD_INTEGRATION, id=id, service=service_id, name=name, at=at)
    await tx.fetch(_ADD_LANE, id=id)


async def lock_service(tx: Tx, id: UUID) -> Service | None:
    """Lock a service against everybody else who opens or reopens its incidents, and read it.

    It is taken after the lane and before the incidents, so two lanes of one service cannot both find that
    nothing is open for a group.
    """
    row = await tx.one(_LOCK, id=id)
    if row is None:
        return None
    return Service(
        id=row["id"],
        name=row["name"],
        auto_resolve=AutoResolve(row["auto_resolve"]),
        reopen_within=row["reopen_within"],
        is_archived=row["archived_at"] is not None,
        flow=Flow(
            level=row["level"] or 0.0,
            at=row["flow_at"] or EPOCH,
            storm=row["storm"],
            limit=row["storm_after"],
        ),
    )


async def save_flow(tx: Tx, service_id: UUID, flow: Flow) -> None:
    """Note how many incidents a service opens lately; it is locked. Bookkeeping, of no event."""
    await tx.fetch(_FLOW, service=service_id, level=flow.level, at=flow.at, storm=flow.storm)


async def is_alerted(tx: Tx, service_id: UUID) -> bool:
    """Whether an integration that is not disabled belongs to a service."""
    return await tx.one(_ALERTED, service=service_id) is not None
