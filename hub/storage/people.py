"""Tenants and people: organizations, persons, identities, memberships and role bindings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.contract.words import Role, Scope
from hub.storage.statement import TENANT, Statement, given, written
from hub.storage.tables import identity, membership, organization, person
from hub.storage.tx import Tx


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A person inside an organization."""

    id: UUID
    display_name: str
    expires_at: datetime | None


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A role in a scope; bindings that have expired are not returned. `services` are those that a team, whose
    scope it is, owns now."""

    role: Role
    scope_kind: Scope
    scope_id: UUID
    services: tuple[UUID, ...] = ()
    expires_at: datetime | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A human with a sign-in; `secret` is the argon2id hash, None where there is no password."""

    email: str
    name: str
    secret: str | None


_HEAD = written(
    "INSERT INTO head (tenant_id, server) SELECT :tenant, directory.server()"
    " ON CONFLICT DO NOTHING RETURNING tenant_id",
    tenant="uuid",
)
_ORGANIZATION = written(
    "INSERT INTO organization (tenant_id, slug, name, created_at) VALUES (:tenant, :slug, :name, :at)"
    " ON CONFLICT DO NOTHING RETURNING tenant_id",
    tenant="uuid", slug="text", name="text", at="time",
)  # fmt: skip
_COUNTER = written("INSERT INTO counter (tenant_id) VALUES (:tenant)", tenant="uuid")
_PERSON = written(
    "INSERT INTO person (tenant_id, email, name, created_at) VALUES (:tenant, :email, :name, :at)",
    tenant="uuid", email="text", name="text", at="time",
)  # fmt: skip
_IDENTITY = written(
    "INSERT INTO identity (tenant_id, issuer, subject, secret, created_at)"
    " VALUES (:tenant, :issuer, :subject, :secret, :at) ON CONFLICT DO NOTHING RETURNING tenant_id",
    tenant="uuid", issuer="text", subject="text", secret="text", at="time",  # noqa: S106 - a type's name
)  # fmt: skip
_MEMBERSHIP = written(
    "INSERT INTO membership (tenant_id, id, person_id, display_name, created_at)"
    " VALUES (:tenant, :id, :person, :name, :at) ON CONFLICT (tenant_id, person_id) DO UPDATE"
    " SET display_name = :name, created_at = :at, expires_at = NULL, version = membership.version + 1"
    " RETURNING id",
    tenant="uuid", id="uuid", person="uuid", name="text", at="time",
)  # fmt: skip
_BINDING = written(
    "INSERT INTO role_binding"
    " (tenant_id, id, subject_kind, subject_id, role, scope_kind, scope_id, created_at, expires_at) VALUES"
    " (:tenant, :id, :subject_kind, :subject_id, :role, :scope_kind, :scope_id, :at, :expires_at)"
    " ON CONFLICT DO NOTHING RETURNING id",
    tenant="uuid", id="uuid", subject_kind="text", subject_id="uuid", role="text", scope_kind="text",
    scope_id="uuid", at="time", expires_at="time",
)  # fmt: skip
_TEAM = written(
    "INSERT INTO team (tenant_id, id, name, created_at) VALUES (:tenant, :id, :name, :at)",
    tenant="uuid", id="uuid", name="text", at="time",
)  # fmt: skip
_TEAM_MEMBER = written(
    "INSERT INTO team_member (tenant_id, team_id, membership_id) VALUES (:tenant, :team, :member)",
    tenant="uuid", team="uuid", member="uuid",
)  # fmt: skip
_MEMBER_OF = Statement(
    sa.select(membership.c.id, membership.c.display_name, membership.c.expires_at).where(
        membership.c.tenant_id == TENANT,
        membership.c.person_id == given("person", "uuid"),
        sa.or_(membership.c.expires_at.is_(None), membership.c.expires_at > sa.func.now()),
    )
)
BINDINGS = """
    SELECT b.role, b.scope_kind, b.scope_id, b.expires_at, CASE b.scope_kind WHEN 'team' THEN ARRAY(
        SELECT s.id FROM service s WHERE s.tenant_id = :tenant AND s.team_id = b.scope_id
        ORDER BY s.id LIMIT 1000)
      ELSE '{}' END AS services
    FROM role_binding b
    WHERE b.tenant_id = :tenant AND (b.expires_at IS NULL OR b.expires_at > now())
      AND ((b.subject_kind = :kind AND b.subject_id = :subject)
        OR (:kind = 'member' AND b.subject_kind = 'team' AND b.subject_id IN (
          SELECT t.team_id FROM team_member t WHERE t.tenant_id = :tenant AND t.membership_id = :subject)))
    ORDER BY b.scope_kind = 'organization' DESC, b.id LIMIT 1000
"""
_BINDINGS = written(BINDINGS, tenant="uuid", kind="text", subject="uuid")
_PERSON_SHOWN = Statement(
    sa.select(person.c.email, person.c.name, identity.c.secret)
    .select_from(
        person.outerjoin(
            identity,
            sa.and_(
                identity.c.tenant_id == person.c.tenant_id,
                identity.c.issuer == sa.literal_column("'password'"),
            ),
        )
    )
    .where(person.c.tenant_id == TENANT)
)
_NAMED = Statement(
    sa.select(organization.c.slug, organization.c.name).where(organization.c.tenant_id == TENANT)
)


async def open_log(tx: Tx) -> bool:
    """Give the tenant its head row: position 0, a random epoch, this server. False where it has one."""
    return await tx.one(_HEAD) is not None


async def add_organization(tx: Tx, slug: str, name: str, at: datetime) -> bool:
    """The organization's own row, and the series of its incident numbers. False where the slug is taken."""
    if await tx.one(_ORGANIZATION, slug=slug, name=name, at=at) is None:
        return False
    await tx.fetch(_COUNTER)
    return True


async def add_person(tx: Tx, email: str, name: str, secret: str, at: datetime) -> bool:
    """A person and the identity that a password proves. False where somebody has the address."""
    await tx.fetch(_PERSON, email=email, name=name, at=at)
    identity = await tx.one(_IDENTITY, issuer="password", subject=email, secret=secret, at=at)
    return identity is not None


async def add_member(tx: Tx, id: UUID, person_id: UUID, name: str, at: datetime) -> UUID:
    """Make a person a member; roles are bound separately. Who was a member before gets the id of then."""
    row = await tx.fetch(_MEMBERSHIP, id=id, person=person_id, name=name, at=at)
    member: UUID = row[0]["id"]
    return member


async def add_team(tx: Tx, id: UUID, name: str, members: list[UUID], at: datetime) -> None:
    """A team and its members."""
    await tx.fetch(_TEAM, id=id, name=name, at=at)
    for member in members:
        await tx.fetch(_TEAM_MEMBER, team=id, member=member)


async def bind(
    tx: Tx,
    id: UUID,
    subject: tuple[str, UUID],
    role: Role,
    scope: tuple[Scope, UUID],
    at: datetime,
    expires_at: datetime | None = None,
) -> bool:
    """Bind a role to a subject (kind, id) in a scope (kind, id); False where it is bound already."""
    bound = await tx.one(
        _BINDING, id=id, subject_kind=subject[0], subject_id=subject[1], role=role, scope_kind=scope[0],
        scope_id=scope[1], at=at, expires_at=expires_at,
    )  # fmt: skip
    return bound is not None


async def member_of(tx: Tx, person_id: UUID) -> Membership | None:
    """The person's membership in this organization, unless it has expired."""
    row = await tx.one(_MEMBER_OF, person=person_id)
    return Membership(**dict(row)) if row else None


async def bindings(tx: Tx, kind: str, subject: UUID) -> list[Binding]:
    """The roles of a member (its teams' too) or of a key: those of the whole organization first, then the
    oldest ones; at most 1,000, and of a team 1,000 services."""
    return read_bindings(await tx.fetch(_BINDINGS, kind=kind, subject=subject))


def read_bindings(rows: Iterable[asyncpg.Record]) -> list[Binding]:
    """What BINDINGS found."""
    return [
        Binding(
            role=Role(row["role"]),
            scope_kind=Scope(row["scope_kind"]),
            scope_id=row["scope_id"],
            services=tuple(row["services"]),
            expires_at=row["expires_at"],
        )
        for row in rows
    ]


async def this_person(tx: Tx) -> Person | None:
    """The person whose tenant this is."""
    row = await tx.one(_PERSON_SHOWN)
    return Person(**dict(row)) if row else None


async def this_organization(tx: Tx) -> tuple[str, str] | None:
    """The (slug, name) of the organization whose tenant this is."""
    row = await tx.one(_NAMED)
    return (row["slug"], row["name"]) if row else None
