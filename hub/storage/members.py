"""Members as an organization sees them, with their roles and teams."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.ids import TenantId
from hub.contract.words import Role
from hub.storage.people import BINDINGS, Binding, read_bindings
from hub.storage.statement import written
from hub.storage.tx import Tx


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A membership that has not ended. `roles` are its own and hold in the whole organization."""

    id: UUID
    display_name: str
    time_zone: str
    created_at: datetime
    expires_at: datetime | None
    version: int
    roles: list[Role]
    team_ids: list[UUID]
    team_names: list[str]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident that a member has, or commands."""

    id: UUID
    number: int
    title: str
    service_id: UUID
    private: bool


_EVER = """
    SELECT m.id, m.display_name, m.time_zone, m.created_at, m.expires_at, m.version,
      ARRAY(SELECT b.role FROM role_binding b WHERE b.tenant_id = :tenant AND b.subject_kind = 'member'
        AND b.subject_id = m.id AND b.scope_kind = 'organization'
        AND (b.expires_at IS NULL OR b.expires_at > now()) ORDER BY b.role) AS roles,
      ARRAY(SELECT t.team_id FROM team_member t WHERE t.tenant_id = :tenant AND t.membership_id = m.id
        ORDER BY t.team_id LIMIT 200) AS team_ids,
      ARRAY(SELECT n.name FROM team_member t JOIN team n ON n.tenant_id = :tenant AND n.id = t.team_id
        WHERE t.tenant_id = :tenant AND t.membership_id = m.id ORDER BY t.team_id LIMIT 200) AS team_names
    FROM membership m
"""
_SHOWN = _EVER + " WHERE m.tenant_id = :tenant AND (m.expires_at IS NULL OR m.expires_at > now())"
_FIND = written(_SHOWN + " AND m.id = :id", tenant="uuid", id="uuid")
_LOCK = written(_SHOWN + " AND m.id = :id FOR NO KEY UPDATE OF m", tenant="uuid", id="uuid")
_LOCK_LAPSED = written(
    _EVER + " WHERE m.tenant_id = :tenant AND m.id = :id AND m.expires_at <= now() FOR NO KEY UPDATE OF m",
    tenant="uuid", id="uuid",
)  # fmt: skip
_LEAD = written(
    f"""
    WITH held AS (
      SELECT id, display_name, expires_at FROM membership WHERE tenant_id = :tenant AND id = :subject
        AND (expires_at IS NULL OR expires_at > now()) FOR SHARE
    ), timed AS (
      INSERT INTO timer (tenant_id, kind, subject, due)
      SELECT :tenant, :timer, id, expires_at FROM held WHERE expires_at IS NOT NULL
      ON CONFLICT (tenant_id, kind, subject) DO UPDATE
        SET due = excluded.due, generation = timer.generation + 1
    )
    SELECT held.display_name AS name, found.* FROM held LEFT JOIN LATERAL ({BINDINGS}) AS found ON true
    """,
    tenant="uuid", subject="uuid", kind="text", timer="text",
)  # fmt: skip
_PERSON = written(
    "SELECT person_id FROM membership WHERE tenant_id = :tenant AND id = :id", tenant="uuid", id="uuid"
)
_PAGE = written(
    _SHOWN + " AND m.id > :after ORDER BY m.id LIMIT :limit", tenant="uuid", after="uuid", limit="int"
)
_CHANGE = written(
    "UPDATE membership SET display_name = :name, time_zone = :zone, expires_at = :expires_at,"
    " version = version + 1 WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", name="text", zone="text", expires_at="time",
)  # fmt: skip
_END = written(
    "UPDATE membership SET expires_at = least(expires_at, now()), version = version + 1"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid",
)  # fmt: skip
_ACKNOWLEDGED = written(
    """
    SELECT id, number, title, service_id, private FROM incident
    WHERE tenant_id = :tenant AND status IN ('triggered', 'acknowledged', 'mitigated')
      AND acknowledgements @> jsonb_build_array(jsonb_build_object('actor', (:actor)::text))
    ORDER BY id DESC LIMIT 200
    """,
    tenant="uuid", actor="text",
)  # fmt: skip
_COMMANDED = written(
    "SELECT id, number, title, service_id, private FROM incident WHERE tenant_id = :tenant"
    " AND commander_id = :id AND status IN ('triggered', 'acknowledged', 'mitigated')"
    " ORDER BY id DESC LIMIT 200",
    tenant="uuid", id="uuid",
)  # fmt: skip
_NO_ROLES = written(
    "DELETE FROM role_binding WHERE tenant_id = :tenant AND subject_kind = 'member' AND subject_id = :id",
    tenant="uuid", id="uuid",
)  # fmt: skip
_NO_TEAMS = written(
    "DELETE FROM team_member WHERE tenant_id = :tenant AND membership_id = :id", tenant="uuid", id="uuid"
)


async def find(tx: Tx, id: UUID) -> Member | None:
    """One member; None once the membership has ended."""
    row = await tx.one(_FIND, id=id)
    return msgspec.convert(dict(row), Member) if row else None


async def lock(tx: Tx, id: UUID) -> Member | None:
    """One member, whose row nobody else changes until this transaction ends."""
    row = await tx.one(_LOCK, id=id)
    return msgspec.convert(dict(row), Member) if row else None


async def lock_lapsed(tx: Tx, id: UUID) -> Member | None:
    """One member whose membership has ended, whoever ended it, locked like the others."""
    row = await tx.one(_LOCK_LAPSED, id=id)
    return msgspec.convert(dict(row), Member) if row else None


async def lead(tx: Tx, id: UUID, timer: str) -> tuple[str, list[Binding]] | None:
    """Name and roles of a member who is to lead, and who is not removed or changed until this transaction
    ends; others may hold them too. The end of the membership, if it has one, gets its timer."""
    rows = await tx.fetch(_LEAD, subject=id, kind="member", timer=timer)
    if not rows:
        return None
    return rows[0]["name"], read_bindings(row for row in rows if row["role"] is not None)


async def person_of(tx: Tx, id: UUID) -> TenantId:
    """The person whose membership this is, or was; raise LookupError for none."""
    row = await tx.one(_PERSON, id=id)
    if row is None:
        raise LookupError("no such membership")
    return TenantId(row["person_id"])


async def page(tx: Tx, after: UUID, limit: int) -> list[Member]:
    """Members in the order in which they came."""
    return [msgspec.convert(dict(row), Member) for row in await tx.fetch(_PAGE, after=after, limit=limit)]


async def vacate(tx: Tx, id: UUID) -> None:
    """Take all roles and teams from a member."""
    await tx.fetch(_NO_ROLES, id=id)
    await tx.fetch(_NO_TEAMS, id=id)


async def change(tx: Tx, id: UUID, name: str, time_zone: str, expires_at: datetime | None) -> None:
    """Write what can be changed of a membership; its version moves."""
    await tx.fetch(_CHANGE, id=id, name=name, zone=time_zone, expires_at=expires_at)


async def end(tx: Tx, id: UUID) -> None:
    """End a membership at this moment of the database's clock, which is also who asks whether it lasts. The
    row stays: the log names it."""
    await tx.fetch(_END, id=id)


async def acknowledged(tx: Tx, actor: str) -> list[Held]:
    """The open incidents that an actor has acknowledged, newest first, at most 200; private ones too."""
    return [Held(**dict(row)) for row in await tx.fetch(_ACKNOWLEDGED, actor=actor)]


async def commanded(tx: Tx, id: UUID) -> list[Held]:
    """The open incidents that a member commands, newest first, at most 200; private ones too."""
    return [Held(**dict(row)) for row in await tx.fetch(_COMMANDED, id=id)]
