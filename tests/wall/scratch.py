"""Two tenants in a migrated database, and beside them a table that tests build wrongly on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from servers import Database

A, B = UUID("aaaaaaaa-0000-4000-8000-000000000000"), UUID("bbbbbbbb-0000-4000-8000-000000000000")
POLICY = "tenant_id = (SELECT current_setting('hub.tenant')::uuid)"
# What every tenant of ours has: a log, an organization, a team and a service.
OURS = f"""
INSERT INTO head (tenant_id, server) VALUES ('{A}', 'x'), ('{B}', 'x');
INSERT INTO organization (tenant_id, slug, name, created_at)
  VALUES ('{A}', 'acme', 'Acme', now()), ('{B}', 'globex', 'Globex', now());
INSERT INTO team (tenant_id, id, name, created_at)
  VALUES ('{A}', gen_random_uuid(), 'Night', now()), ('{B}', gen_random_uuid(), 'Day', now());
INSERT INTO service (tenant_id, id, name, created_at)
  VALUES ('{A}', gen_random_uuid(), 'Till', now()), ('{B}', gen_random_uuid(), 'Shop', now());
"""
# A table like ours, which each test then spoils in its own way.
SCRATCH = f"""
CREATE SCHEMA scratch;
GRANT USAGE ON SCHEMA scratch TO hub_owner, hub_runtime;
CREATE TABLE scratch.note (tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  name text NOT NULL, amount int NOT NULL, PRIMARY KEY (tenant_id, id));
INSERT INTO scratch.note (tenant_id, name, amount) VALUES ('{A}', 'ours', 1), ('{B}', 'theirs', 5);
ALTER TABLE scratch.note OWNER TO hub_owner;
ALTER TABLE scratch.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE scratch.note FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON scratch.note USING ({POLICY}) WITH CHECK ({POLICY});
GRANT SELECT, INSERT, UPDATE, DELETE ON scratch.note TO hub_runtime;
"""


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection past the hub, by which nothing is prepared: it may lead through a pooler."""
    made = await asyncpg.connect(url, timeout=10, statement_cache_size=0)
    try:
        yield made
    finally:
        await made.close(timeout=5)


@asynccontextmanager
async def spoiled(database: Database, *changes: str) -> AsyncIterator[asyncpg.Connection]:
    """The scratch table after some changes, in a transaction of the superuser that is rolled back."""
    async with connection(database.admin_url) as admin:
        transaction = admin.transaction()
        await transaction.start()
        await admin.execute(SCRATCH)
        for change in changes:
            await admin.execute(change)
        try:
            yield admin
        finally:
            await transaction.rollback()


async def ask(
    admin: asyncpg.Connection, statement: str, role: str = "hub_runtime", tenant: UUID | None = A
) -> list[object]:
    """The first column of what a statement gives to a role inside the open transaction, sorted. An error
    takes back the statement alone."""
    async with admin.transaction():
        if tenant is not None:
            await admin.execute(f"SET LOCAL hub.tenant = '{tenant}'")
        await admin.execute(f"SET LOCAL ROLE {role}")
        rows = await admin.fetch(statement)
        await admin.execute("SET LOCAL ROLE NONE")
    return sorted(row[0] for row in rows)
