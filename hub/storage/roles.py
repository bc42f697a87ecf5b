"""Roles, in whatever scope: given, listed, taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.words import Role, Scope
from hub.domain.sight import View
from hub.storage.statement import written
from hub.storage.tx import Tx


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One role of one subject that has not ended, and where it holds: `private` says that of an incident."""

    id: UUID
    subject_kind: str
    subject_id: UUID
    name: str
    role: Role
    scope_kind: Scope
    scope_id: UUID
    scope_name: str
    private: bool
    created_at: datetime
    expires_at: datetime | None


_SHOWN = """
    SELECT b.id, b.subject_kind, b.subject_id, b.role, b.scope_kind, b.scope_id, b.created_at, b.expires_at,
      coalesce(o.name, s.name, CASE WHEN i.number < 0 THEN 'P' ELSE '#' END || i.number || ' ' || i.title, '')
        AS scope_name,
      coalesce(i.private, false) AS private, coalesce(
      m.display_name, t.name,
      (SELECT c.about ->> 'name' FROM credential c WHERE c.tenant_id = :tenant AND c.kind = 'api_key'
        AND b.subject_kind = 'key' AND c.subject = b.subject_id LIMIT 1), '') AS name
    FROM role_binding b
    LEFT JOIN membership m ON m.tenant_id = :tenant AND b.subject_kind = 'member' AND m.id = b.subject_id
    LEFT JOIN team t ON t.tenant_id = :tenant AND b.subject_kind = 'team' AND t.id = b.subject_id
    LEFT JOIN team o ON o.tenant_id = :tenant AND b.scope_kind = 'team' AND o.id = b.scope_id
    LEFT JOIN service s ON s.tenant_id = :tenant AND b.scope_kind = 'service' AND s.id = b.scope_id
    LEFT JOIN incident i ON i.tenant_id = :tenant AND b.scope_kind = 'incident' AND i.id = b.scope_id
    WHERE b.tenant_id = :tenant AND (i.private IS NOT TRUE OR i.id = ANY (:named))
      AND (b.expires_at IS NULL OR b.expires_at > now()) AND (m.expires_at IS NULL OR m.expires_at > now())
"""
_FIND = written(_SHOWN + " AND b.id = :id", tenant="uuid", id="uuid", named="uuid[]")
_PAGE = written(
    _SHOWN + " AND b.id > :after ORDER BY b.id LIMIT :limit",
    tenant="uuid", after="uuid", limit="int", named="uuid[]",
)  # fmt: skip
_COUNT = written(
    "SELECT count(*) AS has FROM role_binding WHERE tenant_id = :tenant AND subject_kind = :kind"
    " AND subject_id = :id AND (expires_at IS NULL OR expires_at > now())",
    tenant="uuid", kind="text", id="uuid",
)  # fmt: skip
_SUBJECT = written(
    """
    SELECT 1 WHERE CASE :kind
      WHEN 'member' THEN EXISTS (SELECT FROM membership WHERE tenant_id = :tenant AND id = :id
        AND (expires_at IS NULL OR expires_at > now()))
      WHEN 'team' THEN EXISTS (SELECT FROM team WHERE tenant_id = :tenant AND id = :id)
      WHEN 'key' THEN EXISTS (SELECT FROM credential WHERE tenant_id = :tenant AND kind = 'api_key'
        AND subject = :id AND (expires_at IS NULL OR expires_at > now())) END
    """,
    tenant="uuid", kind="text", id="uuid",
)  # fmt: skip
_FORGET = written(
    "DELETE FROM role_binding WHERE tenant_id = :tenant AND subject_kind = :kind AND subject_id = :id"
    " AND scope_kind = :scope AND scope_id = :place AND role = :role AND expires_at <= now()",
    tenant="uuid", kind="text", id="uuid", role="text", scope="text", place="uuid",
)  # fmt: skip
_TAKE = written("DELETE FROM role_binding WHERE tenant_id = :tenant AND id = :id", tenant="uuid", id="uuid")
_OWNED = written(
    """
    SELECT 1 FROM role_binding b JOIN membership m ON m.tenant_id = :tenant AND m.id = b.subject_id
    WHERE b.tenant_id = :tenant AND b.subject_kind = 'member' AND b.scope_kind = 'organization'
      AND b.role = 'owner' AND b.expires_at IS NULL AND m.expires_at IS NULL LIMIT 1
    """,
    tenant="uuid",
)


async def find(tx: Tx, view: View, id: UUID) -> Given | None:
    """One role that somebody has; None where it is for a private incident that the view does not name."""
    row = await tx.one(_FIND, id=id, named=list(view.incidents))
    return msgspec.convert(dict(row), Given) if row else None


async def page(tx: Tx, view: View, after: UUID, limit: int) -> list[Given]:
    """All roles in the order in which they were given, but for private incidents that the view does not
    name."""
    rows = await tx.fetch(_PAGE, after=after, limit=limit, named=list(view.incidents))
    return [msgspec.convert(dict(row), Given) for row in rows]


async def count(tx: Tx, kind: str, id: UUID) -> int:
    """How many roles a subject has of its own."""
    row = await tx.one(_COUNT, kind=kind, id=id)
    return row["has"] if row else 0


async def is_there(tx: Tx, kind: str, id: UUID) -> bool:
    """Whether a member, team or key can be given a role, and has not ended."""
    return await tx.one(_SUBJECT, kind=kind, id=id) is not None


async def forget_ended(tx: Tx, kind: str, id: UUID, role: Role, scope: tuple[Scope, UUID]) -> None:
    """Make way for a role that the subject had there for a time that is over."""
    await tx.fetch(_FORGET, kind=kind, id=id, role=role, scope=scope[0], place=scope[1])


async def take(tx: Tx, id: UUID) -> None:
    """Take a role back."""
    await tx.fetch(_TAKE, id=id)


async def is_owned(tx: Tx) -> bool:
    """Whether some member is an owner without an end."""
    return await tx.one(_OWNED) is not None
