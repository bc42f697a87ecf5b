"""The proxies do what they say: tricks on publishes, and COMMITs whose answer nobody hears."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from bellproxy import TRICKS, BellProxy
from redis.asyncio import Redis
from servers import Database, Servers
from tableproxy import TableProxy

from hub.embedded.spec import until

SENT = [b"payload %d" % number for number in range(12)]


@asynccontextmanager
async def before(servers: Servers) -> AsyncIterator[tuple[BellProxy, Redis]]:
    """A proxy before Valkey, and a client that goes through it."""
    bell = BellProxy(servers.redis_url, random.Random(1))
    await bell.open()
    try:
        async with Redis.from_url(bell.url, protocol=2, socket_timeout=5) as redis:
            yield bell, redis
    finally:
        await bell.close()


async def heard_of(servers: Servers, trick: str) -> list[bytes]:
    """What a subscriber hears of SENT."""
    heard: list[bytes] = []
    async with (
        before(servers) as (bell, redis),
        Redis.from_url(servers.redis_url, protocol=2) as straight,
        straight.pubsub() as pubsub,
    ):
        await pubsub.subscribe("faults")
        bell.trick = trick
        for payload in SENT:
            assert await redis.publish("faults", payload) == 1
        assert await redis.ping(), "the connection is as good as before"
        bell.trick = ""
        await bell.settle()
        await redis.publish("faults", b"the last")
        async with asyncio.timeout(10):
            while not heard or heard[-1] != b"the last":
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1)
                heard += [message["data"]] if message else []
    return heard[:-1]


@pytest.mark.parametrize("trick", ["", *TRICKS])
@pytest.mark.gen_test(timeout=30)
async def test_a_trick_is_played_on_publishes(servers: Servers, trick: str) -> None:
    heard = await heard_of(servers, trick)
    genuine = [payload for payload in heard if payload in SENT]
    match trick:
        case "":
            assert heard == SENT
        case "drop":
            assert 0 < len(heard) < len(SENT)
        case "double":
            assert sorted(heard) == sorted(SENT * 2)
        case "delay" | "reorder":
            assert sorted(heard) == sorted(SENT)
            assert heard != SENT
        case "replay":
            assert set(heard) == set(SENT)
            assert len(heard) > len(SENT)
        case "forge":
            assert set(genuine) == set(SENT)
            assert set(heard) - set(SENT)


@pytest.mark.gen_test(timeout=30)
async def test_a_crash_comes_instead_of_the_publish(servers: Servers) -> None:
    async with before(servers) as (bell, redis):
        crashed = asyncio.Event()
        bell.crash = crashed.set
        await redis.publish("faults", b"x")
        assert crashed.is_set()
        assert await redis.publish("faults", b"y") == 0, "the next one goes through"


@pytest.mark.gen_test(timeout=30)
async def test_a_half_open_subscriber_is_connected_and_hears_nothing(servers: Servers) -> None:
    async with before(servers) as (bell, redis), redis.pubsub() as pubsub:
        await pubsub.subscribe("faults")
        assert (await pubsub.get_message(timeout=5))["type"] == "subscribe"
        bell.is_deaf = True
        assert await redis.publish("faults", b"unheard") == 1
        assert await redis.ping(), "others are served"
        assert await pubsub.get_message(timeout=0.2) is None


@pytest.mark.gen_test(timeout=30)
async def test_a_commit_is_done_and_its_answer_is_lost(database: Database) -> None:
    table = TableProxy(database.admin_url)
    await table.open()
    try:
        connection = await asyncpg.connect(table.url)
        await connection.execute("CREATE TABLE done (number int)")
        table.lose_commits = 1
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO done VALUES (1)")
        with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
            await connection.execute("COMMIT")
        again = await asyncpg.connect(table.url)

        async def is_done() -> bool:
            return bool(await again.fetchval("SELECT count(*) FROM done") == 1)

        await until(is_done, 5)
        assert table.lost == 1
        await again.close()
    finally:
        await table.shut()
