"""Idempotency keys of commands, kept in the command's own transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx


class Request(msgspec.Struct, frozen=True):
    """What was asked under a key, and what it was about."""

    request_hash: bytes
    subject: str


# Advisory locks know nothing of row-level security: the tenant is hashed into the key.
_LOCK = written(
    "SELECT pg_advisory_xact_lock("
    "hashtextextended(concat_ws('/', (:tenant)::text, :actor, :command, :key), 0))",
    tenant="uuid", actor="text", command="text", key="text",
)  # fmt: skip
_FIND = written(
    "SELECT request_hash, subject FROM request_key"
    " WHERE tenant_id = :tenant AND actor = :actor AND command = :command AND key = :key",
    tenant="uuid", actor="text", command="text", key="text",
)  # fmt: skip
_ADD = written(
    "INSERT INTO request_key (tenant_id, actor, command, key, request_hash, subject, created_at)"
    " VALUES (:tenant, :actor, :command, :key, :hash, :subject, :at)",
    tenant="uuid", actor="text", command="text", key="text", hash="bytes", subject="text", at="time",
)  # fmt: skip
_TAKE = written(
    "INSERT INTO request_key (tenant_id, actor, command, key, request_hash, subject, created_at)"
    " VALUES (:tenant, :actor, :command, :key, :hash, :subject, :at)"
    " ON CONFLICT DO NOTHING RETURNING subject",
    tenant="uuid", actor="text", command="text", key="text", hash="bytes", subject="text", at="time",
)  # fmt: skip


async def take(tx: Tx, actor: str, command: str, key: str, request: Request, at: datetime) -> Request | None:
    """Remember a request whose subject is known beforehand, and return None; or what was done under this key
    before. A second one in flight waits in the index for the first."""
    taken = await tx.one(
        _TAKE, actor=actor, command=command, key=key, hash=request.request_hash, subject=request.subject,
        at=at,
    )  # fmt: skip
    if taken is not None:
        return None
    row = await tx.one(_FIND, actor=actor, command=command, key=key)
    return Request(row["request_hash"], row["subject"]) if row else None


async def claim(tx: Tx, actor: str, command: str, key: str) -> Request | None:
    """What was done under this key; a second request in flight waits here for the first."""
    await tx.fetch(_LOCK, actor=actor, command=command, key=key)
    row = await tx.one(_FIND, actor=actor, command=command, key=key)
    return Request(row["request_hash"], row["subject"]) if row else None


async def keep(tx: Tx, actor: str, command: str, key: str, request: Request, at: datetime) -> None:
    """Remember what was done, also when nothing changed."""
    await tx.fetch(
        _ADD, actor=actor, command=command, key=key, hash=request.request_hash, subject=request.subject, at=at
    )
