"""Names: who sees a private incident, by the roles that are bound to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.storage.statement import written
from hub.storage.tx import Tx


class Named(msgspec.Struct, frozen=True):
    """A member, team or key that a private incident names; `until` is when that ends, if it does."""

    kind: str
    subject: UUID
    name: str
    until: datetime | None


_NAMES = msgspec.json.Decoder(list[Named])
_OF = """
    SELECT coalesce(jsonb_agg(jsonb_build_object('kind', b.subject_kind, 'subject', b.subject_id, 'name',
      coalesce(m.display_name, t.name, (SELECT c.about ->> 'name' FROM credential c WHERE
        c.tenant_id = b.tenant_id AND c.kind = 'api_key' AND b.subject_kind = 'key'
        AND c.subject = b.subject_id LIMIT 1), ''),
      'until', b.expires_at) ORDER BY b.id), '[]')::text
    FROM role_binding b
    LEFT JOIN membership m ON m.tenant_id = b.tenant_id AND b.subject_kind = 'member' AND m.id = b.subject_id
    LEFT JOIN team t ON t.tenant_id = b.tenant_id AND b.subject_kind = 'team' AND t.id = b.subject_id
    WHERE b.tenant_id = {tenant} AND b.scope_kind = 'incident' AND b.scope_id = {incident}
      AND (b.expires_at IS NULL OR b.expires_at > now()) AND (m.expires_at IS NULL OR m.expires_at > now())
"""
_NOW = written(
    f"SELECT ({_OF.format(tenant=':tenant', incident=':incident')}) AS named", tenant="uuid", incident="uuid"
)
_TAKE = written(
    "DELETE FROM role_binding WHERE tenant_id = :tenant AND scope_kind = 'incident' AND scope_id = :incident"
    " AND NOT (subject_id = ANY (:keep))",
    tenant="uuid", incident="uuid", keep="uuid[]",
)  # fmt: skip
_HOLD_TEAMS = written(
    "SELECT id, name FROM team WHERE tenant_id = :tenant AND id = ANY (:ids) ORDER BY id FOR KEY SHARE",
    tenant="uuid", ids="uuid[]",
)  # fmt: skip
_HOLD_MEMBERS = written(
    "SELECT id, display_name AS name FROM membership WHERE tenant_id = :tenant AND id = ANY (:ids)"
    " AND (expires_at IS NULL OR expires_at > now()) ORDER BY id FOR SHARE",
    tenant="uuid", ids="uuid[]",
)  # fmt: skip
_KEYS = written(
    "SELECT DISTINCT ON (subject) subject AS id, coalesce(about ->> 'name', '') AS name FROM credential"
    " WHERE tenant_id = :tenant AND kind = 'api_key' AND subject = ANY (:ids) ORDER BY subject",
    tenant="uuid", ids="uuid[]",
)  # fmt: skip
_IS_IN = written(
    "SELECT 1 FROM team_member WHERE tenant_id = :tenant AND membership_id = :member"
    " AND team_id = ANY (:teams) LIMIT 1",
    tenant="uuid", member="uuid", teams="uuid[]",
)  # fmt: skip
_FOUND = {"member": _HOLD_MEMBERS, "team": _HOLD_TEAMS, "key": _KEYS}


def named_of(alias: str, of: str = "") -> sa.ColumnElement[Any]:
    """The column `named` of an incident's row under this alias: nothing is read for one that is public. `of`
    is a table that has its tenant, where the row has none."""
    names = _OF.format(tenant=f"{of or alias}.tenant_id", incident=f"{alias}.id")
    return sa.literal_column(f"(CASE WHEN {alias}.private THEN ({names}) ELSE '[]' END)").label("named")


def read_named(column: str) -> list[Named]:
    """What such a column holds."""
    return _NAMES.decode(column)


async def now(tx: Tx, incident: UUID) -> list[Named]:
    """Whoever has a role for this incident, in the order in which they got it."""
    row = await tx.one(_NOW, incident=incident)
    return read_named(row["named"]) if row else []


async def find(tx: Tx, kind: str, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those that are there, by id; members and teams stay until this transaction ends."""
    return {row["id"]: row["name"] for row in await tx.fetch(_FOUND[kind], ids=sorted(set(ids)))}


async def take_others(tx: Tx, incident: UUID, keep: Iterable[UUID]) -> None:
    """Take all roles for this incident from everybody else."""
    await tx.fetch(_TAKE, incident=incident, keep=list(keep))


async def is_in(tx: Tx, member: UUID, teams: Iterable[UUID]) -> bool:
    """Whether a member is in one of these teams."""
    return await tx.one(_IS_IN, member=member, teams=list(teams)) is not None
