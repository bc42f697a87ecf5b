"""Teams and who is in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A team with its members, whose memberships have not ended, in the order in which they came."""

    id: UUID
    name: str
    created_at: datetime
    version: int
    member_ids: list[UUID]
    member_names: list[str]


_PRESENT = """FROM team_member i JOIN membership m ON m.tenant_id = :tenant AND m.id = i.membership_id
      WHERE i.tenant_id = :tenant AND i.team_id = t.id AND (m.expires_at IS NULL OR m.expires_at > now())
      ORDER BY m.id LIMIT 200"""
_SHOWN = f"""
    SELECT t.id, t.name, t.created_at, t.version,
      ARRAY(SELECT m.id {_PRESENT}) AS member_ids, ARRAY(SELECT m.display_name {_PRESENT}) AS member_names
    FROM team t WHERE t.tenant_id = :tenant
"""
_FIND = written(_SHOWN + " AND t.id = :id", tenant="uuid", id="uuid")
_LOCK = written(_SHOWN + " AND t.id = :id FOR UPDATE OF t", tenant="uuid", id="uuid")
_PAGE = written(
    _SHOWN + " AND t.id > :after ORDER BY t.id LIMIT :limit", tenant="uuid", after="uuid", limit="int"
)
_PICK = written(
    _SHOWN + " AND t.id = ANY (:ids) AND t.id > :after ORDER BY t.id LIMIT :limit",
    tenant="uuid", ids="uuid[]", after="uuid", limit="int",
)  # fmt: skip
_RENAME = written(
    "UPDATE team SET name = :name WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", name="text",
)  # fmt: skip
_MOVE = written(
    "UPDATE team SET version = version + 1 WHERE tenant_id = :tenant AND id = :id", tenant="uuid", id="uuid"
)
_PUT = written(
    "INSERT INTO team_member (tenant_id, team_id, membership_id) VALUES (:tenant, :id, :member)"
    " ON CONFLICT DO NOTHING",
    tenant="uuid", id="uuid", member="uuid",
)  # fmt: skip
_TAKE = written(
    "DELETE FROM team_member WHERE tenant_id = :tenant AND team_id = :id AND membership_id = :member",
    tenant="uuid", id="uuid", member="uuid",
)  # fmt: skip
_OWNS = written(
    "SELECT name FROM service WHERE tenant_id = :tenant AND team_id = :id AND archived_at IS NULL"
    " ORDER BY name LIMIT 1",
    tenant="uuid", id="uuid",
)  # fmt: skip
_GOES_WITH_IT = tuple(
    written(sql, tenant="uuid", id="uuid")
    for sql in (
        "UPDATE service SET team_id = NULL WHERE tenant_id = :tenant AND team_id = :id"
        " AND archived_at IS NOT NULL",
        "DELETE FROM role_binding WHERE tenant_id = :tenant AND subject_kind = 'team' AND subject_id = :id",
        "DELETE FROM role_binding WHERE tenant_id = :tenant AND scope_kind = 'team' AND scope_id = :id",
        "DELETE FROM team_member WHERE tenant_id = :tenant AND team_id = :id",
        "DELETE FROM team WHERE tenant_id = :tenant AND id = :id",
    )
)


async def find(tx: Tx, id: UUID) -> Team | None:
    """One team."""
    row = await tx.one(_FIND, id=id)
    return msgspec.convert(dict(row), Team) if row else None


async def lock(tx: Tx, id: UUID) -> Team | None:
    """One team, which nobody else changes, or gives a service to, until this transaction ends."""
    row = await tx.one(_LOCK, id=id)
    return msgspec.convert(dict(row), Team) if row else None


async def page(tx: Tx, after: UUID, limit: int, only: list[UUID] | None) -> list[Team]:
    """Teams in the order in which they were made: all, or these only."""
    if only is None:
        rows = await tx.fetch(_PAGE, after=after, limit=limit)
    else:
        rows = await tx.fetch(_PICK, ids=only, after=after, limit=limit)
    return [msgspec.convert(dict(row), Team) for row in rows]


async def rename(tx: Tx, id: UUID, name: str) -> None:
    """Another name; raise Invalid for one that is taken."""
    with told():
        await tx.fetch(_RENAME, id=id, name=name)
    await tx.fetch(_MOVE, id=id)


async def put(tx: Tx, id: UUID, member: UUID) -> None:
    """Let a member be in the team."""
    await tx.fetch(_PUT, id=id, member=member)
    await tx.fetch(_MOVE, id=id)


async def take(tx: Tx, id: UUID, member: UUID) -> None:
    """Take a member out of the team."""
    await tx.fetch(_TAKE, id=id, member=member)
    await tx.fetch(_MOVE, id=id)


async def owned_service(tx: Tx, id: UUID) -> str | None:
    """The name of a service that is the team's and not archived; None where it has none."""
    row = await tx.one(_OWNS, id=id)
    return row["name"] if row else None


async def delete(tx: Tx, id: UUID) -> None:
    """Delete a team that owns no service but archived ones, with its roles, the roles that others have in it,
    and its list of members."""
    for statement in _GOES_WITH_IT:
        await tx.fetch(statement, id=id)
