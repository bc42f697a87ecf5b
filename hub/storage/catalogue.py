"""The catalogue: services and integrations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.contract.words import AutoResolve
from hub.domain.intake import Service
from hub.storage.statement import TENANT, Statement, given, written
from hub.storage.tables import service
from hub.storage.tx import Tx


class ServiceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A service as readers see it."""

    id: UUID
    name: str
    tier: int
    runbook_url: str
    auto_resolve: str


_ADD_SERVICE = written(
    "INSERT INTO service (tenant_id, id, name, team_id, created_at) VALUES (:tenant, :id, :name, :team, :at)",
    tenant="uuid", id="uuid", name="text", team="uuid", at="time",
)  # fmt: skip
_ADD_INTEGRATION = written(
    "INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
    " VALUES (:tenant, :id, :service, :name, :at)",
    tenant="uuid", id="uuid", service="uuid", name="text", at="time",
)  # fmt: skip
_ADD_LANE = written(
    "INSERT INTO lane (tenant_id, integration_id) VALUES (:tenant, :id)", tenant="uuid", id="uuid"
)
_LOCK = Statement(
    sa.select(service.c.id, service.c.name, service.c.auto_resolve, service.c.reopen_within)
    .where(service.c.tenant_id == TENANT, service.c.id == given("id", "uuid"))
    .with_for_update(key_share=True)
)
_PAGE = Statement(
    sa.select(*(service.c[name] for name in ServiceShown.__struct_fields__))
    .where(service.c.tenant_id == TENANT, service.c.archived_at.is_(None))
    .where(service.c.id > given("after", "uuid"))
    .order_by(service.c.id)
    .limit(given("limit", "int"))
)


async def add_service(tx: Tx, id: UUID, name: str, team_id: UUID | None, at: datetime) -> None:
    """A service with the defaults of the schema."""
    await tx.fetch(_ADD_SERVICE, id=id, name=name, team=team_id, at=at)


async def add_integration(tx: Tx, id: UUID, service_id: UUID, name: str, at: datetime) -> None:
    """An integration of a service, and its lane."""
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
    )


async def page_services(tx: Tx, after: UUID, limit: int) -> list[ServiceShown]:
    """Services that are not archived, in the order they were made."""
    return [ServiceShown(**dict(row)) for row in await tx.fetch(_PAGE, after=after, limit=limit)]
