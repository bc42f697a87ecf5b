"""A person's sessions, which are rows of the one table of credentials."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.storage.statement import TENANT, Statement, given, written
from hub.storage.tables import credential
from hub.storage.tx import Tx


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser's sign-in; `device` and `address` are those it began with."""

    id: UUID
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    device: str
    address: str


_PAGE = Statement(
    sa.select(
        credential.c.id, credential.c.created_at, credential.c.expires_at, credential.c.last_used_at,
        sa.func.coalesce(credential.c.about.op("->>")(sa.text("'device'")), sa.text("''")).label("device"),
        sa.func.coalesce(credential.c.about.op("->>")(sa.text("'address'")), sa.text("''")).label("address"),
    )
    .where(
        credential.c.tenant_id == TENANT,
        credential.c.kind == sa.literal_column("'session'"),
        credential.c.expires_at > given("now", "time"),
        credential.c.last_used_at >= given("used_since", "time"),
        credential.c.id < given("before", "uuid"),
    )
    .order_by(credential.c.id.desc())
    .limit(given("limit", "int"))
)  # fmt: skip
_END_OTHERS = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = 'session'"
    " AND id IS DISTINCT FROM :but RETURNING id",
    tenant="uuid", but="uuid",
)  # fmt: skip
_END_OLDEST = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = 'session' AND id IN"
    " (SELECT id FROM credential WHERE tenant_id = :tenant AND kind = 'session'"
    " ORDER BY id DESC OFFSET :kept) RETURNING id",
    tenant="uuid", kept="int",
)  # fmt: skip


async def page(tx: Tx, now: datetime, used_since: datetime, before: UUID, limit: int) -> list[Session]:
    """The sessions that live now and were used since, newest first."""
    rows = await tx.fetch(_PAGE, now=now, used_since=used_since, before=before, limit=limit)
    return [Session(**dict(row)) for row in rows]


async def end_others(tx: Tx, but: UUID | None) -> list[UUID]:
    """Delete every session of the person, but one; their ids, the oldest first."""
    return sorted(row["id"] for row in await tx.fetch(_END_OTHERS, but=but))


async def end_oldest(tx: Tx, kept: int) -> list[UUID]:
    """Delete all but the newest sessions of the person; the ids of those that were too many."""
    return sorted(row["id"] for row in await tx.fetch(_END_OLDEST, kept=kept))
