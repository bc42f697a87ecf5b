"""Clients that nobody here wrote, each through twenty drops of its connection."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom

import pytest
from drops import DROPS, Drops
from orgs import found
from programs import PROGRAMS, Play, Told, runs
from served import server
from servers import Database, Servers

from hub.config import Config
from hub.contract.frames import Retry
from hub.realtime import opening
from hub.services.ports import Ports
from hub.storage.tx import Store

SEED = int(os.environ.get("DROPS_SEED") or SystemRandom().randrange(1_000_000))
QUICK = Retry(min=10, max=50)  # else a client of SSE waits for seconds, twenty times


async def play(database: Database, redis_url: str, folder: Path) -> Told:
    """Everybody at once, on one hub and through one proxy."""
    async with AsyncExitStack() as stack:
        drops = Drops(SEED)
        await drops.open()
        stack.push_async_callback(drops.shut)
        keys = ("a key of a test that is long enough: 32",)
        config = Config(database_url=database.url, redis_url=redis_url, secret_keys=keys)
        store = Store(database.url)
        await store.open()
        stack.push_async_callback(store.close)
        silent = Ports(store=store, announce=lambda *_: None, enqueue=lambda *_: None, config=config)
        acme, globex = await found(silent, "acme"), await found(silent, "globex")
        ours = await stack.enter_async_context(server(silent, config, dialled=drops.port))
        drops.lead_to(ours.site.url)
        playing = Play(ours, acme, globex, drops, SEED)
        async with AsyncExitStack() as clients:
            for program in filter(runs, PROGRAMS):
                await clients.enter_async_context(playing.program(program, folder / program))
            return await playing.run(database.admin_url)


@pytest.fixture(scope="module")
def told(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One run of all clients."""
    database = servers.create_database("hub_template")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opening, "RETRY", QUICK)
        folder = tmp_path_factory.mktemp("said")
        told = asyncio.run(play(database, servers.redis_url, folder))
    told.said = {file.name: file.read_text() for file in folder.iterdir()}
    yield told
    servers.drop_database(database)


@pytest.mark.parametrize(
    ("program", "client"),
    [
        pytest.param(program, name, marks=[pytest.mark.browser] if "chromium" in program else [], id=name)
        for program, names in PROGRAMS.items()
        for name in names
    ],
)
def test_it_misses_nothing_and_sees_nothing_twice(told: Told, program: str, client: str) -> None:
    if not runs(program):
        pytest.skip("it needs Node.js and `npm ci` in tests/clients, or Chromium")
    seen = told.seen[client]
    circumstances = f"DROPS_SEED={SEED}; it said: {told.said[program]}"
    assert seen.ids, circumstances
    assert told.drops.get(client) == DROPS, circumstances
    start = told.log.index(seen.ids[0])
    assert start <= told.begun, circumstances
    assert seen.ids == told.log[start:], circumstances
    assert seen.cursor == told.head, circumstances
