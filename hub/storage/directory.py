"""The directory: what must be known before a tenant is known, through its few functions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from hub.contract.ids import TenantId
from hub.storage.credentials import Credential, credential
from hub.storage.tx import Store


class Head(msgspec.Struct, frozen=True):
    """Where a tenant's log ends, in which epoch."""

    epoch: UUID
    position: int


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """An organization that a person is a member of."""

    tenant_id: UUID
    slug: str
    name: str
    membership_id: UUID


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox of one organization; `oldest` is when its oldest waiting row came."""

    tenant_id: UUID
    slug: str
    waiting: int
    running: int
    dead: int
    oldest: datetime | None


async def _rows(store: Store, call: str, *arguments: Any) -> list[asyncpg.Record]:
    async with store.connection() as connection:
        rows: list[asyncpg.Record] = await connection.fetch(f"SELECT * FROM directory.{call}", *arguments)
        return rows


async def find_credential(store: Store, hash: bytes) -> Credential | None:
    """What a secret with this SHA-256 stands for, unless it has expired."""
    rows = await _rows(store, "find_credential($1)", hash)
    return credential(rows[0]) if rows else None


async def find_identity(store: Store, issuer: str, subject: str) -> TenantId | None:
    """The person that an issuer knows by this subject."""
    found: TenantId | None = (await _rows(store, "find_identity($1, $2) AS id", issuer, subject))[0]["id"]
    return found


async def find_organization(store: Store, slug: str) -> TenantId | None:
    """The organization of this slug."""
    found: TenantId | None = (await _rows(store, "find_organization($1) AS id", slug))[0]["id"]
    return found


async def organizations_of(store: Store, person: UUID) -> list[Organization]:
    """The organizations of a person, at most 200."""
    return [Organization(**dict(row)) for row in await _rows(store, "organizations_of($1)", person)]


async def tenants(store: Store, after: UUID | None, most: int) -> list[TenantId]:
    """All tenants by id, in pages: organizations, persons, the installation."""
    return [row["id"] for row in await _rows(store, "tenants($1, $2) AS id", after, most)]


async def heads(store: Store, tenant_ids: list[TenantId]) -> dict[TenantId, Head]:
    """The heads of many tenants in one call."""
    rows = await _rows(store, "heads($1)", tenant_ids)
    return {row["tenant_id"]: Head(row["epoch"], row["position"]) for row in rows}


async def with_work(store: Store, kind: str, after: UUID | None, most: int) -> list[TenantId]:
    """Tenants with work of a kind (inbox, timers, log), starting behind `after` and wrapping round."""
    rows = await _rows(store, "organizations_with_work($1, $2, $3) AS id", kind, after, most)
    return [row["id"] for row in rows]


async def gauges(store: Store) -> list[Gauge]:
    """The inbox by organization, at most 1,000, the fullest first."""
    return [Gauge(**dict(row)) for row in await _rows(store, "gauges()")]


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer that is not its holder's any more: deleted, taken over (it is held), or nobody's, since it
    was changed."""

    id: UUID
    is_there: bool
    is_held: bool


class Consumers(msgspec.Struct, frozen=True, kw_only=True):
    """All consumers: how many, how many are held, and how long the log is behind the one that is furthest."""

    consumers: int
    held: int
    furthest: int


async def lost_consumers(store: Store, held: list[tuple[TenantId, UUID, int]]) -> list[Lost]:
    """Which of these (tenant, consumer, holder) are held by that holder no more, in one call."""
    columns = [list(column) for column in zip(*held, strict=True)] or [[], [], []]
    return [Lost(**dict(row)) for row in await _rows(store, "consumers_lost($1, $2, $3)", *columns)]


async def consumers(store: Store) -> Consumers:
    """What the metrics say of them."""
    [row] = await _rows(store, "consumer_gauges()")
    return Consumers(**dict(row))


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What start-up and readiness ask of the database."""

    schema: str
    role: str
    can_bypass: bool
    settings: dict[str, str]


async def is_relayed(store: Store) -> bool:
    """Whether a pooler stands between: it gives its clients process numbers of its own. Asked in the simple
    protocol, since the other one is what a pooler may break."""
    try:
        async with store.connection() as connection:
            await connection.execute(f"SELECT 1 / (pg_backend_pid() = {connection.get_server_pid()})::int")
    except asyncpg.DivisionByZeroError:
        return True
    return False


async def facts(store: Store) -> Facts:
    """The schema's version, and whether the runtime role could go round the wall: as a superuser, with
    BYPASSRLS, as a member of a role that may so much, owns or looks past it (a member may become that role),
    as the owner of any table, or with the right to make things beside our own, or to truncate."""
    async with store.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT current_user::text AS role,
              EXISTS (SELECT FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')
                AND (r.rolsuper OR r.rolbypassrls
                  OR r.rolname IN ('hub_owner', 'hub_directory', 'hub_eraser')))
              OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                AND (pg_has_role(current_user, c.relowner, 'MEMBER')
                  OR (c.relkind = 'r' AND has_table_privilege(c.oid, 'TRUNCATE'))))
              OR EXISTS (SELECT FROM pg_namespace n WHERE n.nspname IN ('public', 'directory')
                AND has_schema_privilege(n.oid, 'CREATE')) AS can_bypass,
              (SELECT jsonb_object_agg(name, setting)::text FROM pg_settings
               WHERE name IN ('synchronous_commit', 'statement_timeout', 'lock_timeout',
                 'idle_in_transaction_session_timeout')) AS settings
            """
        )
        known = await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NOT NULL")
        schema = await connection.fetchval("SELECT max(version_num) FROM alembic_version") if known else None
        return Facts(
            schema=schema or "",
            role=row["role"],
            can_bypass=row["can_bypass"],
            settings=msgspec.json.decode(row["settings"], type=dict[str, str]),
        )
