"""API keys as the programs that hold them: listed by their id, with the roles that are bound to them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from hub.contract.words import Role, Scope
from hub.storage.statement import written
from hub.storage.tx import Tx


class Bound(msgspec.Struct, frozen=True):
    """One role of a key and where it holds; `name` is the service's where that is one."""

    role: Role
    kind: Scope
    id: UUID
    name: str


_PAGE = written(
    "SELECT DISTINCT subject FROM credential WHERE tenant_id = :tenant AND kind = 'api_key'"
    " AND subject > :after ORDER BY subject LIMIT :limit",
    tenant="uuid", after="uuid", limit="int",
)  # fmt: skip
_ROLES = written(
    """
    SELECT b.subject_id, b.role, b.scope_kind, b.scope_id, s.name FROM role_binding b
    LEFT JOIN service s ON s.tenant_id = :tenant AND b.scope_kind = 'service' AND s.id = b.scope_id
    WHERE b.tenant_id = :tenant AND b.subject_kind = 'key' AND b.subject_id = ANY (:subjects)
      AND (b.expires_at IS NULL OR b.expires_at > now())
    ORDER BY b.subject_id, b.scope_id, b.role
    """,
    tenant="uuid", subjects="uuid[]",
)  # fmt: skip
_VACATE = written(
    "DELETE FROM role_binding WHERE tenant_id = :tenant AND subject_kind = 'key' AND subject_id = :subject",
    tenant="uuid", subject="uuid",
)  # fmt: skip


async def page(tx: Tx, after: UUID, limit: int) -> list[UUID]:
    """The ids of API keys in the order they were made, expired ones too."""
    return [row["subject"] for row in await tx.fetch(_PAGE, after=after, limit=limit)]


async def roles(tx: Tx, subjects: Iterable[UUID]) -> dict[UUID, list[Bound]]:
    """What each key is, and where."""
    found: dict[UUID, list[Bound]] = {subject: [] for subject in subjects}
    for row in await tx.fetch(_ROLES, subjects=list(found)):
        bound = Bound(Role(row["role"]), Scope(row["scope_kind"]), row["scope_id"], row["name"] or "")
        found[row["subject_id"]].append(bound)
    return found


async def vacate(tx: Tx, subject: UUID) -> None:
    """Take every role from a key, of whatever scope."""
    await tx.fetch(_VACATE, subject=subject)
