"""The sweeper: all the work without Redis, round the tenants, through every outage of the database."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from line import alarm, attempts, connected, kinds, put, row, shown, states, trap, until
from orgs import Org
from proxy import proxied
from servers import Database

from hub.services import seal, work
from hub.services.ports import Ports
from hub.storage.tx import Store
from hub.tasks import sweeper
from hub.tasks.sweeper import Sweeper

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep without rest, so that no test has to wait for one."""
    monkeypatch.setattr(sweeper, "EVERY_SECONDS", 0.01)


@asynccontextmanager
async def sweeping(ports: Ports) -> AsyncIterator[asyncio.Task[None]]:
    """A sweeper at work; it ends when it is told to."""
    made = Sweeper(ports)
    task = asyncio.create_task(made.run())
    try:
        yield task
    finally:
        made.stop()
        await asyncio.wait_for(task, 15)


async def unsealed(database: Database) -> int:
    async with connected(database.admin_url) as admin:
        found: int = await admin.fetchval("SELECT count(*) FROM head WHERE unsealed")
        return found


async def is_done(ports: Ports, org: Org, references: list[str]) -> bool:
    return set(await states(ports, org, references)) == {"done"}


async def test_it_processes_and_seals_what_nobody_rang_for(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    async with sweeping(ports):
        for org in (acme, globex):
            references = await put(ports, *(row(ports, org, alarm(f"k{n}")) for n in range(3)))
            await until(lambda org=org, references=references: is_done(ports, org, references))
        await until(lambda: sealed_up(database))
    assert {verdict.problem for verdict in await seal.verify(ports)} == {""}


async def test_two_sweepers_at_once_have_one_effect(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    store = Store(ports.config.database_url, pooler=ports.config.database_pooler)
    await store.open()
    async with sweeping(ports), sweeping(dataclasses.replace(ports, store=store)):
        for org in (acme, globex):
            references = await put(ports, *(row(ports, org, alarm(f"k{n % 5}")) for n in range(40)))
            await until(lambda org=org, references=references: is_done(ports, org, references))
        await until(lambda: sealed_up(database))
    await store.close()
    for org in (acme, globex):
        assert [incident.title for incident in await shown(ports, org)] == [
            f"k{n} is broken" for n in range(5)
        ]
        for number in range(1, 6):
            assert await kinds(ports, org, str(number)) == ["incident.opened", "alert.fired"]
    async with connected(database.admin_url) as admin:
        counts = await admin.fetch("SELECT count FROM alert")
        assert [row["count"] for row in counts] == [8] * 10, "a repeat was counted twice, or not at all"
    assert await attempts(database) == 0
    assert {verdict.problem for verdict in await seal.verify(ports)} == {""}


async def sealed_up(database: Database) -> bool:
    return not await unsealed(database)


async def test_it_ends_at_once_when_told_also_in_its_rest(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "EVERY_SECONDS", 3600)
    made = Sweeper(ports)
    task = asyncio.create_task(made.run())
    await until(lambda: task.done() or made._after is not None)
    made.stop()
    await task


async def test_it_goes_on_when_the_database_has_been_away(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with proxied(database.url) as proxy:
        store = Store(proxy.url, size=4)
        await store.open()
        async with sweeping(dataclasses.replace(ports, store=store)) as task:
            first = await put(ports, row(ports, acme, alarm("a")))
            await until(lambda: is_done(ports, acme, first))
            await proxy.shut()
            second = await put(ports, row(ports, acme, alarm("b")))
            await proxy.open()
            await until(lambda: is_done(ports, acme, second))
            proxy.silence()
            third = await put(ports, row(ports, acme, alarm("c")))
            proxy.flow()
            await until(lambda: is_done(ports, acme, third))
            assert not task.done()
        await store.close()


async def test_a_poisoned_row_ends_as_a_dead_letter_by_itself(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    [dead, after] = await put(
        ports, row(ports, acme, alarm("a", title="poison")), row(ports, acme, alarm("b"))
    )
    [theirs] = await put(ports, row(ports, globex, alarm("a")))
    async with trap(database, "RAISE EXCEPTION 'no'"), sweeping(ports) as task:
        await until(lambda: is_done(ports, acme, [after]))
        assert not task.done()
    assert await states(ports, acme, [dead]) == ["dead"]
    assert await states(ports, globex, [theirs]) == ["done"]


async def test_it_goes_round_the_tenants_from_where_it_stopped(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TENANTS", 1)
    monkeypatch.setattr(work, "ROUNDS", 1)
    made = Sweeper(ports)
    for org in (acme, globex):
        await put(ports, *(row(ports, org, alarm(f"k{n}")) for n in range(3)))
    turns = []
    for _ in range(4):
        await made._sweep("inbox")
        turns.append(made._after["inbox"])
    assert set(turns[:2]) == {acme.tenant, globex.tenant}, "each had its turn before anybody had a second"
