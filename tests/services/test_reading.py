"""Reading: a statement that is its own transaction still stands behind the wall."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest
import sqlalchemy as sa
from line import connected
from orgs import Org
from servers import Database

from hub.domain.errors import Broken
from hub.services.ports import Ports, utc_now
from hub.storage import incidents, people, services
from hub.storage.services import Kept
from hub.storage.statement import Statement, written

pytestmark = pytest.mark.gen_test(timeout=30)
ALL_SERVICES = Statement(sa.text("SELECT tenant_id FROM service"))  # nothing but the policy narrows it
EVERYBODYS = written(
    "SELECT tenant_id, (:tenant)::uuid AS mine FROM service ORDER BY tenant_id", tenant="uuid"
)


async def test_a_statement_alone_sees_its_own_tenant_only(ports: Ports, acme: Org, globex: Org) -> None:
    for org in (acme, globex, acme):
        async with ports.store.reading(org.tenant) as tx:
            assert {row["tenant_id"] for row in await tx.fetch(EVERYBODYS)} == {org.tenant}
            assert await people.this_organization(tx) == (org.slug, org.slug.title())


async def test_nothing_is_left_of_the_tenant_afterwards(ports: Ports, acme: Org) -> None:
    async with ports.store.reading(acme.tenant) as tx:
        await tx.fetch(EVERYBODYS)
        with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError)):
            await tx.fetch(ALL_SERVICES)


async def test_a_tenant_that_was_left_over_is_an_error_and_its_connection_is_thrown_away(
    ports: Ports, acme: Org, globex: Org
) -> None:
    async with ports.store.connection() as connection:
        await connection.execute(f"SET hub.tenant = '{globex.tenant}'")
        before = connection.get_server_pid()
    with pytest.raises(Broken):
        async with ports.store.reading(acme.tenant) as tx:
            await tx.fetch(EVERYBODYS)
    async with ports.store.reading(acme.tenant) as tx:
        assert await tx.fetch(EVERYBODYS)
    async with ports.store.connection() as connection:
        assert connection.get_server_pid() != before


async def test_who_reads_cannot_write(ports: Ports, acme: Org, database: Database) -> None:
    kept = Kept(id=acme.tenant, name="Sneaked in", team_id=None, created_at=utc_now())
    async with ports.store.reading(acme.tenant) as tx:
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await services.add(tx, kept)
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await incidents.take_numbers(tx, 1)
    async with connected(database.admin_url) as admin:
        assert not await admin.fetchval("SELECT count(*) FROM service WHERE name = 'Sneaked in'")


async def test_the_order_of_a_list_is_kept(ports: Ports, acme: Org) -> None:
    later = written(
        "SELECT n FROM generate_series(1, (:most)::int) AS n WHERE (:tenant)::uuid IS NOT NULL"
        " ORDER BY n DESC LIMIT 3",
        tenant="uuid",
        most="int",
    )
    async with ports.store.reading(acme.tenant) as tx:
        assert [row["n"] for row in await tx.fetch(later, most=timedelta(minutes=1).seconds)] == [60, 59, 58]
