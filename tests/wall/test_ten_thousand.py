"""10,000 random operations of two tenants, on a pool of connections and behind pgbouncer: nothing leaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from bouncer import Bouncer, bouncing
from line import alarm, connected, fire
from orgs import Org
from servers import Database, Servers
from storm import WEIGHTS, Storm, stormed, verdict
from tornado.ioloop import IOLoop

from hub.contract.ids import TenantId
from hub.services.ports import Ports
from hub.storage.tx import Store, Turn, Tx

pytestmark = pytest.mark.gen_test(timeout=120)


@pytest.fixture(scope="module")
def few(servers: Servers) -> Iterator[Bouncer]:
    """A pgbouncer whose three server connections go from hand to hand."""
    with bouncing(servers, size=3) as running:
        yield running


@pytest.fixture
def both(io_loop: IOLoop, ports: Ports, acme: Org, globex: Org) -> tuple[Org, Org]:
    """Two organizations with an incident each."""
    for org in (acme, globex):
        io_loop.run_sync(lambda org=org: fire(ports, org, alarm("disk", title=f"{org.slug} is full")))  # type: ignore[misc]
    return acme, globex


async def test_of_ten_thousand_operations_on_a_pool_none_leaks(
    ports: Ports, database: Database, both: tuple[Org, Org]
) -> None:
    storm = await stormed(ports, Store(database.url, 6), both, 10_000)
    assert await verdict(storm, database) == []
    assert all(storm.done[name] for name in WEIGHTS), storm.done


async def test_of_ten_thousand_operations_behind_pgbouncer_none_leaks(
    ports: Ports, database: Database, few: Bouncer, both: tuple[Org, Org]
) -> None:
    storm = await stormed(ports, Store(few.url(database.url), 8, "transaction"), both, 10_000)
    assert await verdict(storm, database) == []
    assert all(storm.done[name] for name in WEIGHTS), storm.done


class Careless(Store):
    """What the Tx forbids: the tenant set for the session, before the transaction."""

    @asynccontextmanager
    async def begin(
        self, tenant: TenantId, snapshot: bool = False, durable: bool = True
    ) -> AsyncIterator[Tx]:
        async with Turn(self) as connection:
            await connection.execute(f"SET hub.tenant = '{tenant}'")
            async with connection.transaction():
                yield Tx(connection, tenant)


async def test_a_tenant_set_for_the_session_is_a_leak_that_the_checker_sees(
    ports: Ports, database: Database, few: Bouncer, both: tuple[Org, Org]
) -> None:
    storm = await stormed(ports, Careless(few.url(database.url), 8, "transaction"), both, 300, Exception)
    assert any("met" in leak for leak in await verdict(storm, database))


HOLES = {
    "reading": ("CREATE POLICY more ON service FOR SELECT TO hub_runtime USING (true)", "met"),
    "writing": ("CREATE POLICY more ON team FOR INSERT TO hub_runtime WITH CHECK (true)", "wrote into"),
}


@pytest.mark.parametrize("hole", sorted(HOLES))
async def test_a_hole_in_the_policies_is_a_leak_that_the_checker_sees(
    ports: Ports, database: Database, both: tuple[Org, Org], hole: str
) -> None:
    change, told = HOLES[hole]
    async with connected(database.admin_url) as admin:
        await admin.execute(change)
    storm = await stormed(ports, Store(database.url, 6), both, 300, Exception)
    assert any(told in leak for leak in await verdict(storm, database))


async def test_a_write_that_is_lost_comes_back_or_lies_elsewhere_is_seen(
    ports: Ports, database: Database, both: tuple[Org, Org]
) -> None:
    acme, globex = both
    storm = Storm(ports, both, kept={"acme:1;", "globex:2;"}, dropped={"acme:3;"})
    async with connected(database.admin_url) as admin:
        for name, org in (("acme:1;", globex), ("acme:3;", acme)):
            await admin.execute(
                "INSERT INTO team (tenant_id, id, name, created_at)"
                " VALUES ($1, gen_random_uuid(), $2, now())",
                org.tenant,
                name,
            )
    assert sorted(await verdict(storm, database)) == [
        f"a row of acme lies with {globex.tenant}: acme:1;",
        "acme:3; was taken back and is there",
        "globex:2; is missing",
    ]
