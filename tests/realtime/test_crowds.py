"""Many streams that begin at once: they wait for a busy database, and ask it once for what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from following import Following
from orgs import Org
from served import Server, eventually, server

from hub.config import Config
from hub.metrics import STREAMS_WAITED
from hub.services.ports import Ports
from hub.storage import credentials, tx

CROWD = 20
POOL = 10
asked: list[str] = []


class Counting(tx.Connection):
    """A connection that notes each question."""

    async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
        asked.append(query)
        return await super().fetch(query, *values, **options)


@asynccontextmanager
async def crowd(ours: Server, *orgs: Org) -> AsyncIterator[list[Following]]:
    """Welcomed streams of these organizations, in turn."""
    async with AsyncExitStack() as stack:
        dialled = [await ours.follow(orgs[number % len(orgs)]) for number in range(CROWD)]
        yield [await stack.enter_async_context(one) for one in dialled]


async def begin_again(ours: Server, crowd: list[Following]) -> None:
    """Let all of them ask for a beginning, and wait until each has asked."""
    for one in crowd:
        await one.say("hello")
    await eventually(lambda: all(follower._beginning.locked() for follower in ours.station._followers))


async def are_welcomed(crowd: list[Following]) -> bool:
    """Wait until each was welcomed again; raise Closed where one was closed instead."""
    return all([await one.next("welcome") for one in crowd])


@pytest.mark.gen_test(timeout=60)
async def test_streams_that_begin_while_every_connection_to_the_database_is_taken_wait_for_one(
    ports: Ports, config: Config, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(ports, config) as ours, crowd(ours, acme, globex) as all_of_them:
        before = STREAMS_WAITED._value.get()
        async with AsyncExitStack() as stack:
            for _ in range(POOL):
                await stack.enter_async_context(ours.station.ports.store.connection())
            monkeypatch.setattr(tx, "CONNECT_SECONDS", 0.1)
            await begin_again(ours, all_of_them)
            await eventually(lambda: STREAMS_WAITED._value.get() >= before + CROWD)
        assert await are_welcomed(all_of_them)


@pytest.mark.gen_test(timeout=60)
async def test_streams_with_one_credential_have_its_rights_read_once_for_all_who_wait(
    ports: Ports, config: Config, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tx, "Connection", Counting)
    async with server(ports, config) as ours, crowd(ours, acme, globex) as all_of_them:
        ours.database.silence()
        asked.clear()
        await begin_again(ours, all_of_them)
        ours.database.flow()
        assert await are_welcomed(all_of_them)
        # Who came after a reading had begun is served by the next one: two for each of the two keys.
        assert 2 <= asked.count(credentials._ALIVE.alone) <= 4
