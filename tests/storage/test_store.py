"""The Tx and its pool: one tenant at a time, errors that say what to do, and a database that goes away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from orgs import Org
from proxy import proxied
from servers import Database

from hub.contract.ids import INSTALLATION, TenantId
from hub.domain.errors import Broken, Contended, TooSlow, Unavailable
from hub.storage import tx as tx_module
from hub.storage.statement import Statement, given, written
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
WHOSE = Statement(sa.text("SELECT DISTINCT tenant_id FROM service"))  # it filters nothing: the policy must
LOCK = written(
    "SELECT 1 FROM service WHERE tenant_id = :tenant AND id = :id FOR UPDATE", tenant="uuid", id="uuid"
)
ONE = Statement(sa.text("SELECT 1 AS one"))
SERVICES = written("SELECT id FROM service WHERE tenant_id = :tenant ORDER BY id", tenant="uuid")
ADD = written(
    "INSERT INTO service (tenant_id, id, name, created_at) VALUES (:tenant, gen_random_uuid(), :name, now())",
    tenant="uuid",
    name="text",
)
RENAME = written("UPDATE service SET name = name || '!' WHERE tenant_id = :tenant", tenant="uuid")


@asynccontextmanager
async def opened(database: Database, size: int = 2) -> AsyncIterator[Store]:
    store = Store(database.url, size, database.pooler)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def names(store: Store, tenant: UUID) -> int:
    async with store.begin(TenantId(tenant)) as tx:
        return len(await tx.fetch(SERVICES))


async def in_turn(store: Store, tenant: UUID, *statements: Statement) -> None:
    async with store.begin(TenantId(tenant)) as tx:
        for statement in statements:
            await tx.fetch(statement)


async def test_two_tenants_on_one_connection_never_meet(database: Database, acme: Org, globex: Org) -> None:
    async with opened(database, size=1) as store:

        async def look(tenant: TenantId) -> None:
            async with store.begin(tenant) as tx:
                assert [row["tenant_id"] for row in await tx.fetch(WHOSE)] == [tenant]

        for _ in range(12):  # few at a time: who waits a second for the connection is told Unavailable
            await asyncio.gather(*(look(org.tenant) for org in (acme, globex, acme, globex)))


async def test_a_tenant_that_was_left_over_is_refused_and_its_connection_thrown_away(
    database: Database, acme: Org, globex: Org
) -> None:
    async with opened(database, size=1) as store:
        async with store.connection() as connection:
            await connection.execute(f"SET hub.tenant = '{globex.tenant}'")
        with pytest.raises(Broken, match="tenant"):
            async with store.begin(acme.tenant):
                pytest.fail("the connection still had another tenant")
        async with store.begin(acme.tenant) as tx:
            assert [row["tenant_id"] for row in await tx.fetch(WHOSE)] == [acme.tenant]


async def test_an_error_takes_everything_back_and_the_connection_serves_again(
    database: Database, acme: Org
) -> None:
    async with opened(database, size=1) as store:

        async def think_again() -> None:
            async with store.begin(acme.tenant) as tx:
                await tx.fetch(ADD, name="never")
                raise LookupError

        with pytest.raises(LookupError):
            await think_again()
        with pytest.raises(asyncpg.UniqueViolationError):
            async with store.begin(acme.tenant) as tx:
                await tx.fetch(ADD, name="First service")
        assert await names(store, acme.tenant) == 1


async def test_a_wrong_argument_is_a_bug_and_not_an_outage(database: Database, acme: Org) -> None:
    async with opened(database, size=1) as store:
        with pytest.raises(asyncpg.DataError):
            async with store.begin(acme.tenant) as tx:
                await tx.fetch(LOCK, id="not an id")
        assert await names(store, acme.tenant) == 1


async def test_a_snapshot_stays_what_it_was(database: Database, acme: Org) -> None:
    async with (
        opened(database, size=3) as store,
        store.begin(acme.tenant, snapshot=True) as still,
        store.begin(acme.tenant) as plain,
    ):
        assert len(await still.fetch(SERVICES)) == len(await plain.fetch(SERVICES)) == 1
        async with store.begin(acme.tenant) as tx:
            await tx.fetch(ADD, name="new")
        assert len(await still.fetch(SERVICES)) == 1
        assert len(await plain.fetch(SERVICES)) == 2


async def test_a_deadlock_is_contended_for_one_and_nothing_for_the_other(
    database: Database, acme: Org
) -> None:
    async with opened(database) as store:
        async with store.begin(acme.tenant) as tx:
            await tx.fetch(ADD, name="second")
            first, second = [row["id"] for row in await tx.fetch(SERVICES)]
        held = asyncio.Barrier(2)

        async def lock(one: UUID, then: UUID) -> str:
            try:
                async with store.begin(acme.tenant) as tx:
                    await tx.fetch(LOCK, id=one)
                    await held.wait()
                    await tx.fetch(LOCK, id=then)
            except Contended:
                return "contended"
            return "done"

        outcomes = await asyncio.gather(lock(first, second), lock(second, first))
        assert sorted(outcomes) == ["contended", "done"]
        assert await names(store, acme.tenant) == 2


async def test_a_lock_that_is_not_given_is_contended(database: Database, acme: Org) -> None:
    async with opened(database) as store, store.begin(acme.tenant) as holder:
        await holder.fetch(RENAME)
        with pytest.raises(Contended):
            await in_turn(store, acme.tenant, Statement(sa.text("SET LOCAL lock_timeout = '20ms'")), RENAME)


async def test_a_snapshot_that_was_overtaken_is_contended(database: Database, acme: Org) -> None:
    async with opened(database) as store:

        async def come_second() -> None:
            async with store.begin(acme.tenant, snapshot=True) as tx:
                await tx.fetch(SERVICES)
                await in_turn(store, acme.tenant, RENAME)
                await tx.fetch(RENAME)

        with pytest.raises(Contended):
            await come_second()


async def test_a_pool_without_a_free_connection_is_unavailable(database: Database, acme: Org) -> None:
    async with opened(database, size=1) as store:
        async with store.begin(acme.tenant):
            with pytest.raises(Unavailable):
                async with store.begin(acme.tenant):
                    pytest.fail("there was only one connection")
        assert await names(store, acme.tenant) == 1


async def test_a_pool_that_is_not_open_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        async with Store("postgresql://nobody@127.0.0.1:1/none").begin(INSTALLATION):
            pytest.fail("there is no pool")


async def test_nobody_at_the_address_is_unavailable(database: Database, acme: Org) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://hub_runtime:x@127.0.0.1:{closed.getsockname()[1]}/hub"
        async with opened(replace(database, url=url)) as store:
            with pytest.raises(Unavailable):
                await names(store, acme.tenant)


async def test_a_server_that_accepts_and_says_nothing_is_unavailable_soon(
    database: Database, acme: Org
) -> None:
    async with proxied(database.url) as proxy, opened(replace(database, url=proxy.url)) as store:
        proxy.silence()
        async with asyncio.timeout(tx_module.CONNECT_SECONDS + 4):
            with pytest.raises(Unavailable):
                await names(store, acme.tenant)
        proxy.flow()
        assert await names(store, acme.tenant) == 1


async def test_connections_that_were_cut_are_unavailable_once_and_the_pool_recovers(
    database: Database, acme: Org
) -> None:
    async with proxied(database.url) as proxy, opened(replace(database, url=proxy.url)) as store:
        async with store.begin(acme.tenant), store.begin(acme.tenant):
            pass  # the pool holds two connections now
        await proxy.shut()
        for _ in range(3):
            with pytest.raises(Unavailable):
                await names(store, acme.tenant)
        await proxy.open()
        assert await names(store, acme.tenant) == 1


async def test_a_backend_that_is_ended_in_its_transaction_is_unavailable(
    database: Database, acme: Org
) -> None:
    kill = Statement(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with opened(database, size=1) as store:
        with pytest.raises(Unavailable):
            await in_turn(store, acme.tenant, RENAME, kill)
        assert await names(store, acme.tenant) == 1


async def test_a_server_that_falls_silent_in_a_statement_is_unavailable(
    database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tx_module, "COMMAND_SECONDS", 0.2)
    async with proxied(database.url) as proxy, opened(replace(database, url=proxy.url), size=1) as store:
        assert await names(store, acme.tenant) == 1

        async def be_cut_off() -> None:
            async with asyncio.timeout(5), store.begin(acme.tenant) as tx:
                await tx.fetch(ADD, name="never")
                proxy.silence()
                await tx.fetch(SERVICES)

        with pytest.raises(Unavailable):
            await be_cut_off()
        proxy.flow()
        assert await names(store, acme.tenant) == 1


async def test_who_gives_up_waiting_leaves_no_broken_connection(database: Database, acme: Org) -> None:
    async with proxied(database.url) as proxy, opened(replace(database, url=proxy.url), size=1) as store:
        assert await names(store, acme.tenant) == 1

        async def wait_for(*statements: Statement) -> None:
            async with asyncio.timeout(0.2), store.begin(acme.tenant) as tx:
                await tx.fetch(ONE)
                proxy.silence()
                for statement in statements:
                    await tx.fetch(statement)

        for waits in ((ONE,), ()):  # for a statement's answer, and for that of COMMIT
            with pytest.raises(TimeoutError):
                await wait_for(*waits)
            proxy.flow()
            assert await names(store, acme.tenant) == 1


async def test_a_statement_that_takes_too_long_is_unavailable_and_not_contended(
    database: Database, acme: Org
) -> None:
    async with opened(database, size=1) as store:
        soon = Statement(sa.text("SET LOCAL statement_timeout = '20ms'"))
        with pytest.raises(TooSlow) as caught:
            await in_turn(store, acme.tenant, soon, Statement(sa.text("SELECT pg_sleep(20)")))
        assert isinstance(caught.value, Unavailable)
        assert not isinstance(caught.value, Contended)
        assert await names(store, acme.tenant) == 1


def test_a_statement_refuses_a_literal_and_a_missing_value() -> None:
    with pytest.raises(ValueError, match="literal"):
        Statement(sa.select(sa.literal("secret")))
    statement = Statement(sa.select(given("one", "int")))
    with pytest.raises(KeyError):
        statement.arguments({"other": 1})
