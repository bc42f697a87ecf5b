"""Sealed secrets: rows that only the services' vault can open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """One secret as it is kept: `key_id` names the key that opens it."""

    id: UUID
    kind: str
    subject: UUID
    key_id: str
    sealed: bytes
    about: dict[str, str]
    created_at: datetime
    expires_at: datetime | None = None


_COLUMNS = "id, kind, subject, key_id, sealed, about::text AS about, created_at, expires_at"
_ADD = written(
    """
    INSERT INTO sealed_secret (tenant_id, id, kind, subject, key_id, sealed, about, created_at, expires_at)
    VALUES (:tenant, :id, :kind, :subject, :key_id, :sealed, (:about)::jsonb, :created_at, :expires_at)
    """,
    tenant="uuid", id="uuid", kind="text", subject="uuid", key_id="text", sealed="bytes", about="text",
    created_at="time", expires_at="time",
)  # fmt: skip
_LIVING = written(
    f"""
    SELECT {_COLUMNS}, now() AS now FROM sealed_secret
    WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject
      AND (expires_at IS NULL OR expires_at > now())
    ORDER BY created_at DESC, id DESC LIMIT 2
    """,
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_END_ALL = written(
    "DELETE FROM sealed_secret WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject"
    " RETURNING id",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_END_OTHERS = written(
    "DELETE FROM sealed_secret WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject"
    " AND expires_at IS NOT NULL",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_RETIRE = written(
    "UPDATE sealed_secret SET expires_at = :until WHERE tenant_id = :tenant AND kind = :kind"
    " AND subject = :subject RETURNING id",
    tenant="uuid", kind="text", subject="uuid", until="time",
)  # fmt: skip
_OLD = written(
    f"SELECT {_COLUMNS} FROM sealed_secret WHERE tenant_id = :tenant AND key_id <> :newest"
    " ORDER BY id LIMIT :limit FOR UPDATE",
    tenant="uuid", newest="text", limit="int",
)  # fmt: skip
_RESEAL = written(
    """
    UPDATE sealed_secret s SET key_id = :newest, sealed = u.sealed
    FROM unnest(:ids, :sealed) AS u (id, sealed) WHERE s.tenant_id = :tenant AND s.id = u.id
    """,
    tenant="uuid", newest="text", ids="uuid[]", sealed="bytes[]",
)  # fmt: skip


def _sealed(row: asyncpg.Record) -> Sealed:
    values = {name: row[name] for name in Sealed.__struct_fields__}
    values["about"] = msgspec.json.decode(row["about"], type=dict[str, str])
    return Sealed(**values)


async def add(tx: Tx, secret: Sealed) -> None:
    """Keep a sealed secret."""
    values = msgspec.structs.asdict(secret)
    await tx.fetch(_ADD, **(values | {"about": msgspec.json.encode(secret.about).decode()}))


async def living(tx: Tx, kind: str, subject: UUID) -> tuple[list[Sealed], datetime | None]:
    """A subject's secrets that have not ended, the newest first, at most two; and the database's time, None
    where there is no secret."""
    rows = await tx.fetch(_LIVING, kind=kind, subject=subject)
    return [_sealed(row) for row in rows], rows[0]["now"] if rows else None


async def retire(tx: Tx, kind: str, subject: UUID, until: datetime | None) -> bool:
    """Let the newest secret of a subject work until then, or end it now (None); those before it end in any
    case. Whether one works on."""
    if until is None:
        await end(tx, kind, subject)
        return False
    await tx.fetch(_END_OTHERS, kind=kind, subject=subject)
    return bool(await tx.fetch(_RETIRE, kind=kind, subject=subject, until=until))


async def end(tx: Tx, kind: str, subject: UUID) -> bool:
    """End every secret of a subject; whether there was one."""
    return bool(await tx.fetch(_END_ALL, kind=kind, subject=subject))


async def older(tx: Tx, newest: str, limit: int) -> list[Sealed]:
    """Secrets under any other key than the newest, locked; at most `limit`."""
    return [_sealed(row) for row in await tx.fetch(_OLD, newest=newest, limit=limit)]


async def reseal(tx: Tx, newest: str, ids: Sequence[UUID], sealed: Sequence[bytes]) -> None:
    """Write secrets that were sealed anew, each beside its id."""
    await tx.fetch(_RESEAL, newest=newest, ids=list(ids), sealed=list(sealed))
