"""Invitations: credentials that make their holder a member, once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.words import Role
from hub.storage.statement import written
from hub.storage.tx import Tx


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """One that nobody has used. `by` is the wire id of who made it."""

    id: UUID
    email: str
    role: Role
    by: str
    by_name: str
    created_at: datetime
    expires_at: datetime


_SHOWN = """
    SELECT id, about ->> 'email' AS email, about ->> 'role' AS role, about ->> 'by' AS by,
      about ->> 'by_name' AS by_name, created_at, expires_at
    FROM credential
    WHERE tenant_id = :tenant AND kind = 'invitation' AND expires_at > now() AND NOT about ? 'used_key'
"""
_FIND = written(_SHOWN + " AND subject = :id", tenant="uuid", id="uuid")
_PAGE = written(
    _SHOWN + " AND subject > :after ORDER BY subject LIMIT :limit", tenant="uuid", after="uuid", limit="int"
)


async def find(tx: Tx, id: UUID) -> Invitation | None:
    """One invitation; its credential's subject is its own id."""
    row = await tx.one(_FIND, id=id)
    return msgspec.convert(dict(row), Invitation) if row else None


async def page(tx: Tx, after: UUID, limit: int) -> list[Invitation]:
    """Those that wait, in the order in which they were made."""
    rows = await tx.fetch(_PAGE, after=after, limit=limit)
    return [msgspec.convert(dict(row), Invitation) for row in rows]
