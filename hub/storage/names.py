"""Names: who sees a private incident, by the roles that are bound to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.contract.ids import new
from hub.contract.words import Role
from hub.storage.statement import written
from hub.storage.tx import Tx


class Named(msgspec.Struct, frozen=True):
    """A member, team or key that a private incident names; `until` is when that ends, if it does."""

    kind: str
    subject: UUID
    name: str
    until: datetime | None


class Asked(msgspec.Struct, frozen=True):
    """Whoever has a role for an incident `now`, in the order in which they got it; who was `found` of those
    that somebody asks for; whether the commander is in one of the teams."""

    now: list[Named]
    found: dict[tuple[str, UUID], str]
    is_led: bool


class Naming(msgspec.Struct, frozen=True):
    """What an event makes of the names of an incident: these are named, and, where it says `only`, nobody
    else is. Who is named until a time has that role already, unless the event is about them alone."""

    incident: UUID
    named: list[Named]
    only: bool
    at: datetime


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
# Members and teams stay until the transaction ends; a key that goes takes its roles along by itself.
_ASKED = written(
    f"""
    WITH m AS (
      SELECT id, display_name AS name FROM membership WHERE tenant_id = :tenant AND id = ANY (:members)
        AND (expires_at IS NULL OR expires_at > now()) ORDER BY id FOR SHARE
    ), t AS (
      SELECT id, name FROM team WHERE tenant_id = :tenant AND id = ANY (:teams) ORDER BY id FOR KEY SHARE
    ), k AS (
      SELECT DISTINCT ON (subject) subject AS id, coalesce(about ->> 'name', '') AS name FROM credential
      WHERE tenant_id = :tenant AND kind = 'api_key' AND subject = ANY (:keys) ORDER BY subject
    ), f AS (
      SELECT 'member' AS kind, id, name FROM m UNION ALL SELECT 'team', id, name FROM t
      UNION ALL SELECT 'key', id, name FROM k
    )
    SELECT ({_OF.format(tenant=":tenant", incident=":incident")}) AS now,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', f.kind, 'subject', f.id, 'name', f.name,
        'until', NULL)), '[]')::text FROM f) AS found,
      EXISTS (SELECT FROM team_member WHERE tenant_id = :tenant AND membership_id = :commander
        AND team_id = ANY (:teams)) AS is_led
    """,
    tenant="uuid", incident="uuid", members="uuid[]", teams="uuid[]", keys="uuid[]", commander="uuid",
)  # fmt: skip
# The roles of a naming, as the end of a statement that has begun `WITH …`. What is taken goes before what is
# given comes: the condition waits for the whole of `gone`.
NAMING = """
    gone AS (
      DELETE FROM role_binding WHERE tenant_id = :tenant AND scope_kind = 'incident' AND scope_id = :place
        AND CASE WHEN :only THEN NOT (subject_id = ANY (:kept))
          ELSE subject_id = ANY (:subjects) AND role = :role AND expires_at <= now() END
      RETURNING id
    )
    INSERT INTO role_binding
      (tenant_id, id, subject_kind, subject_id, role, scope_kind, scope_id, created_at, expires_at)
    SELECT :tenant, u.id, u.kind, u.subject, :role, 'incident', :place, :at, u.until
    FROM unnest(:ids, :subject_kinds, :subjects, :ends) AS u (id, kind, subject, until)
    WHERE (SELECT count(*) FROM gone) >= 0
    ON CONFLICT DO NOTHING
"""
NAMING_KINDS = {
    "place": "uuid", "only": "bool", "kept": "uuid[]", "role": "text", "at": "time", "ids": "uuid[]",
    "subject_kinds": "text[]", "subjects": "uuid[]", "ends": "time[]",
}  # fmt: skip


def named_of(alias: str, of: str = "") -> sa.ColumnElement[Any]:
    """The column `named` of an incident's row under this alias: nothing is read for one that is public. `of`
    is a table that has its tenant, where the row has none."""
    names = _OF.format(tenant=f"{of or alias}.tenant_id", incident=f"{alias}.id")
    return sa.literal_column(f"(CASE WHEN {alias}.private THEN ({names}) ELSE '[]' END)").label("named")


def read_named(column: str) -> list[Named]:
    """What such a column holds."""
    return _NAMES.decode(column)


async def asked(
    tx: Tx, incident: UUID, subjects: Iterable[tuple[str, UUID]], commander: UUID | None = None
) -> Asked:
    """What is to be known before names are changed; members and teams that are found stay until this
    transaction ends."""
    ids = {kind: sorted({id for each, id in subjects if each == kind}) for kind in ("member", "team", "key")}
    row = await tx.one(
        _ASKED, incident=incident, members=ids["member"], teams=ids["team"], keys=ids["key"],
        commander=commander,
    )  # fmt: skip
    if row is None:
        raise LookupError("a question without a condition has an answer")
    found = {(one.kind, one.subject): one.name for one in read_named(row["found"])}
    return Asked(read_named(row["now"]), found, row["is_led"])


def naming_values(naming: Naming, role: Role) -> dict[str, object]:
    """The parameters of NAMING: who is named until a time is kept by one that names others too."""
    given = [one for one in naming.named if one.until is None or not naming.only]
    return {
        "place": naming.incident,
        "only": naming.only,
        "kept": [one.subject for one in naming.named if one.until is not None],
        "role": role,
        "at": naming.at,
        "ids": [new() for _ in given],
        "subject_kinds": [one.kind for one in given],
        "subjects": [one.subject for one in given],
        "ends": [one.until for one in given],
    }
