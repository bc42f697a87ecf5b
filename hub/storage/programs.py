"""API keys as the programs that hold them: listed by their id, with the roles that are bound to them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from hub.contract.words import Role
from hub.storage.statement import written
from hub.storage.tx import Tx

_PAGE = written(
    "SELECT DISTINCT subject FROM credential WHERE tenant_id = :tenant AND kind = 'api_key'"
    " AND subject > :after ORDER BY subject LIMIT :limit",
    tenant="uuid", after="uuid", limit="int",
)  # fmt: skip
_ROLES = written(
    "SELECT DISTINCT subject_id, role FROM role_binding WHERE tenant_id = :tenant AND subject_kind = 'key'"
    " AND subject_id = ANY (:subjects) AND scope_kind = 'organization'"
    " AND (expires_at IS NULL OR expires_at > now()) ORDER BY subject_id, role",
    tenant="uuid", subjects="uuid[]",
)  # fmt: skip
_VACATE = written(
    "DELETE FROM role_binding WHERE tenant_id = :tenant AND subject_kind = 'key' AND subject_id = :subject",
    tenant="uuid", subject="uuid",
)  # fmt: skip


async def page(tx: Tx, after: UUID, limit: int) -> list[UUID]:
    """The ids of API keys in the order they were made, expired ones too."""
    return [row["subject"] for row in await tx.fetch(_PAGE, after=after, limit=limit)]


async def roles(tx: Tx, subjects: Iterable[UUID]) -> dict[UUID, list[Role]]:
    """What each key is in the whole organization."""
    found: dict[UUID, list[Role]] = {subject: [] for subject in subjects}
    for row in await tx.fetch(_ROLES, subjects=list(found)):
        found[row["subject_id"]].append(Role(row["role"]))
    return found


async def vacate(tx: Tx, subject: UUID) -> None:
    """Take every role from a key, of whatever scope."""
    await tx.fetch(_VACATE, subject=subject)
