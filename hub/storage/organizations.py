"""Organizations: the row of one, locked, read and renamed."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from hub.storage.statement import TENANT, Statement, written
from hub.storage.tables import organization
from hub.storage.tx import Tx


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """The organization whose tenant this is."""

    slug: str
    name: str
    version: int


_SHOWN = sa.select(organization.c.slug, organization.c.name, organization.c.version).where(
    organization.c.tenant_id == TENANT
)
_FIND = Statement(_SHOWN)
_LOCK = Statement(_SHOWN.with_for_update(key_share=True))
_RENAME = written(
    "UPDATE organization SET name = :name, version = version + 1 WHERE tenant_id = :tenant",
    tenant="uuid", name="text",
)  # fmt: skip


async def find(tx: Tx) -> Organization | None:
    """The organization; None where the tenant is none, or is yet to be one."""
    row = await tx.one(_FIND)
    return Organization(**dict(row)) if row else None


async def lock(tx: Tx) -> Organization | None:
    """The same, locked: who changes what it is or who owns it waits for the others who do."""
    row = await tx.one(_LOCK)
    return Organization(**dict(row)) if row else None


async def rename(tx: Tx, name: str) -> None:
    """Another name; its version moves."""
    await tx.fetch(_RENAME, name=name)
