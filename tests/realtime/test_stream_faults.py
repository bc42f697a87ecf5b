"""The stream while its parts fail: a bell that is gone, a database that hangs, clients that do not read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import asyncpg
import msgspec
import pytest
from conftest import Bell
from following import CONTEXT, Following, administrative, dial, follow, make_key, note
from orgs import Org
from served import eventually, server
from servers import Database
from web import Site

from hub.config import Config
from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Role
from hub.metrics import HINTS_FORGED
from hub.realtime.hint import Hint, Seal, channel
from hub.realtime.link import dial as dial_redis
from hub.services import credentials
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports
from hub.storage import credentials as stored


@pytest.mark.gen_test(timeout=60)
async def test_without_redis_the_poll_carries_the_stream_and_it_comes_back(
    ports: Ports, belled: Config, bell: Bell, acme: Org
) -> None:
    async with (
        server(ports, belled) as ours,
        await ours.follow(acme) as following,
    ):
        bell.stop()
        await note(ours.ports, acme, "one", "two")
        assert await following.until("two") == ["one", "two"]
        bell.start()
        await bell.ready()
        await eventually(lambda: ours.station.ear._pause == 0.0)
        await note(ours.ports, acme, "three")
        assert await following.until("three") == ["one", "two", "three"]


@pytest.mark.gen_test(timeout=60)
async def test_a_hostile_redis_can_only_delay(
    ports: Ports, belled: Config, bell: Bell, acme: Org, globex: Org
) -> None:
    forged = HINTS_FORGED._value.get()
    async with server(ports, belled) as ours, dial_redis(belled.redis_url) as redis, redis.pubsub() as spy:
        await spy.subscribe(channel(acme.tenant), channel(globex.tenant))
        async with (
            await ours.follow(acme) as following,
            await ours.follow(globex) as other,
        ):
            stolen: list[bytes] = []
            for number in range(5):
                await note(ours.ports, acme, str(number))
                await following.until(str(number))
                while not stolen or len(stolen) <= number:
                    message = await spy.get_message(ignore_subscribe_messages=True, timeout=1)
                    stolen += [message["data"]] if message else []
            foreign = Seal((b"e" * 32,)).close(Hint(acme.tenant, acme.tenant, 99, []))
            for payload in (*stolen, b"", b"\x00" * 64, foreign, *stolen):
                await redis.publish(channel(acme.tenant), payload)
                await redis.publish(channel(globex.tenant), payload)
            await bell.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await bell.ask("FLUSHALL")
            await note(ours.ports, acme, "the last")
            await note(ours.ports, globex, "their own")
            assert await following.until("the last") == [*"01234", "the last"]
            assert await other.until("their own") == ["their own"]
    assert HINTS_FORGED._value.get() >= forged + 3 + 13


@pytest.mark.gen_test(timeout=60)
async def test_a_lost_hint_is_found_by_the_poll(ports: Ports, config: Config, acme: Org) -> None:
    async with server(ports, config) as ours:
        silent = replace(ours.ports, announce=lambda *ring: None)
        async with await ours.follow(acme) as following:
            for number in range(3):
                await note(silent, acme, str(number))
                await following.until(str(number))
            assert following.texts == ["0", "1", "2"]


@pytest.mark.gen_test(timeout=60)
async def test_a_database_that_hangs_closes_no_stream(
    ports: Ports, belled: Config, bell: Bell, acme: Org
) -> None:
    async with (
        server(ports, belled) as ours,
        await ours.follow(acme) as following,
    ):
        ours.database.silence()
        await note(ours.ports, acme, "by the bell")
        assert await following.until("by the bell") == ["by the bell"]
        bell.stop()
        await note(ours.ports, acme, "by the poll")
        ours.database.flow()
        assert await following.until("by the poll") == ["by the bell", "by the poll"]


@pytest.mark.gen_test(timeout=60)
async def test_a_database_that_is_away_refuses_a_new_beginning_and_keeps_the_cursor(
    ports: Ports, config: Config, acme: Org
) -> None:
    async with server(ports, config) as ours:
        site = ours.site.with_key(acme.api_key)
        async with await follow(site, acme) as following:
            await ours.database.shut()
            following.socket.write_message('{"frame":"hello"}')
            assert await following.end() == (["server_error"], CLOSE_CODES["server_error"])
            await ours.database.open()
            await note(ours.ports, acme, "later")
            async with await follow(site, acme, following.cursor) as again:
                assert await again.until("later") == ["later"]


@pytest.mark.gen_test(timeout=60)
async def test_while_rights_cannot_be_read_again_nothing_is_sent(
    ports: Ports, config: Config, acme: Org
) -> None:
    secret = await make_key(ports, acme, Role.ADMIN)
    key = await credentials.find(ports, secret)
    assert key is not None
    async with server(ports, config) as ours, await follow(ours.site.with_key(secret), acme) as following:
        await ours.database.shut()
        async with change(ours.ports, system("founder", acme.tenant, "acme"), CONTEXT) as changed:
            await stored.end(changed.tx, "api_key", key.id)
            changed.happened(administrative(), acme.tenant)
        prefix = ours.station._feeds[acme.tenant].prefix
        head = prefix.head
        for number in range(5):
            await note(ours.ports, acme, f"secret {number}")
        await eventually(lambda: prefix.head == head + 5 or prefix.head == head + 6)
        await ours.database.open()
        assert await following.end() == (["revoked"], CLOSE_CODES["revoked"])
        assert following.texts == []


@pytest.mark.gen_test(timeout=60)
async def test_a_cursor_outlives_the_process(ports: Ports, config: Config, acme: Org) -> None:
    async with (
        server(ports, config) as first,
        await first.follow(acme) as following,
    ):
        await note(first.ports, acme, "one")
        await following.until("one")
    await note(ports, acme, "while nobody served")
    keys = ("a newer key, of 32 letters or more", *config.secret_keys)
    rotated = msgspec.structs.replace(config, secret_keys=keys)
    async with (
        server(ports, rotated) as second,
        await second.follow(acme, following.cursor) as again,
    ):
        await note(second.ports, acme, "two")
        assert await again.until("two") == ["while nobody served", "two"]


async def as_superuser(database: Database, *statements: tuple[Any, ...]) -> None:
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(*statement)
    finally:
        await connection.close()


@pytest.mark.gen_test(timeout=60)
async def test_a_new_epoch_resets_who_is_there_and_who_comes_back(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as following:
        old = following.cursor
        bump = "UPDATE head SET epoch = gen_random_uuid() WHERE tenant_id = $1"
        await as_superuser(database, (bump, acme.tenant))
        assert (await following.next("reset"))["reason"] == "epoch"
        await note(ports, acme, "after it")
        assert await following.until("after it") == ["after it"]
    async with Following(await dial(site, acme, old)) as again:
        assert (await again.next("reset"))["reason"] == "epoch"
        await note(ports, acme, "and on")
        assert await again.until("and on") == ["and on"]


@pytest.mark.gen_test(timeout=60)
async def test_a_replay_over_a_hole_is_a_reset_and_never_silent(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as first:
        start = first.cursor
    await note(ports, acme, *map(str, range(600)))
    hole = "DELETE FROM incident_event WHERE tenant_id = $1 AND position = 50"
    await as_superuser(database, (hole, acme.tenant))
    async with Following(await dial(site, acme, start)) as again:
        assert (await again.next("reset"))["reason"] == "trimmed"
        await note(ports, acme, "and on")
        assert await again.until("and on") == ["and on"]
