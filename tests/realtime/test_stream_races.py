"""Races, made to happen: rights that change while they are read, a process that lags, a hello in a jam."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from conftest import Bell
from following import CONTEXT, Following, administrative, dial, follow, happen, make_key, note
from idlers import raw
from orgs import Org
from served import Server, eventually, server
from servers import Database
from web import Site

from hub.config import Config
from hub.contract.frames import CLOSE_CODES
from hub.contract.ids import new
from hub.contract.words import Role
from hub.embedded.spec import until
from hub.realtime.hint import channel
from hub.realtime.station import Station
from hub.services import credentials
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports
from hub.storage import credentials as stored

REVOKED = (["revoked"], CLOSE_CODES["revoked"])


@asynccontextmanager
async def locked(database: Database, table: str) -> AsyncIterator[asyncpg.Connection]:
    """Nobody reads `table` inside the block; what the block does there is committed at its end."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield connection
    finally:
        await connection.close()


async def somebody_waits(connection: asyncpg.Connection) -> None:
    """Wait until a reader has run into the lock."""

    async def is_so() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    await until(is_so, 10)


@pytest.mark.gen_test(timeout=60)
async def test_rights_that_change_while_they_are_read_are_read_again(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    secret = await make_key(ports, acme, Role.ADMIN)
    key = await credentials.find(ports, secret)
    assert key is not None
    async with await follow(live.with_key(secret), acme) as following:
        async with locked(database, "role_binding") as lock:
            await happen(ports, acme.tenant, administrative("puts rights in doubt"))
            await somebody_waits(lock)  # it has seen the key alive, and now waits for the bindings
            async with change(ports, system("founder", acme.tenant, acme.slug), CONTEXT) as changed:
                await stored.end(changed.tx, "api_key", key.id)
                changed.happened(administrative("by now it is dead"), acme.tenant)
            await note(ports, acme, "secret")
        assert await following.end() == REVOKED
        assert following.texts == []


@asynccontextmanager
async def lagging(ports: Ports, config: Config, bell: Bell, org: Org) -> AsyncIterator[Server]:
    """A process that follows the organization, and neither hears nor polls any more."""
    async with server(ports, config) as ours, await ours.follow(org):
        await ours.station.heads.stop()
        await ours.station.ear.stop()
        yield ours


@pytest.mark.gen_test(timeout=60)
async def test_a_cursor_from_a_process_that_is_ahead_is_no_reset(
    live: Site, ports: Ports, acme: Org, belled: Config, bell: Bell
) -> None:
    async with lagging(ports, belled, bell, acme) as behind:
        async with await follow(live.with_key(acme.api_key), acme) as ahead:
            await note(ports, acme, "one", "two")
            await ahead.until("two")
        async with await behind.follow(acme, ahead.cursor) as again:
            assert again.frames[0]["from"] == ahead.cursor
            await note(ports, acme, "three")
            behind.station._feeds[acme.tenant].ring()
            assert await again.until("three") == ["three"]
            assert "reset" not in [frame["frame"] for frame in again.frames]


@pytest.mark.gen_test(timeout=60)
async def test_a_revocation_between_the_verdict_and_the_first_frame_is_not_missed(
    live: Site, ports: Ports, acme: Org, database: Database, belled: Config, bell: Bell
) -> None:
    secret = await make_key(ports, acme, Role.ADMIN)
    key = await credentials.find(ports, secret)
    assert key is not None
    async with lagging(ports, belled, bell, acme) as behind:
        async with await follow(live.with_key(acme.api_key), acme) as ahead:
            await note(ports, acme, "one")
            await ahead.until("one")
        async with locked(database, "event_body") as lock:
            socket = asyncio.create_task(dial(behind.site.with_key(secret), acme, ahead.cursor))
            await somebody_waits(lock)  # authorised; now it reads what the cursor knows and it does not
            await lock.execute("DELETE FROM credential WHERE id = $1", key.id)
            await lock.execute("UPDATE head SET position = position + 1 WHERE tenant_id = $1", acme.tenant)
            await lock.execute(
                "INSERT INTO incident_event (tenant_id, position, id, kind, at, actor, subject, request_id,"
                " digest) SELECT tenant_id, position, $2, 'role.granted', now(), 'x', 'x', '', sha256('')"
                " FROM head WHERE tenant_id = $1",
                acme.tenant,
                new(),
            )
            await lock.execute(
                "INSERT INTO event_body (tenant_id, position, salt, body, address)"
                " SELECT tenant_id, position, uuid_send(gen_random_uuid()), '{}', '' FROM head"
                " WHERE tenant_id = $1",
                acme.tenant,
            )
        async with Following(await socket) as following:
            await note(ports, acme, "secret")
            behind.station._feeds[acme.tenant].ring()
            assert await following.end() == REVOKED
            assert following.texts == []


@pytest.mark.gen_test(timeout=60)
async def test_a_new_subscription_reads_what_came_before_it_without_the_poll(
    ports: Ports, belled: Config, bell: Bell, acme: Org
) -> None:
    async with server(ports, belled) as ours, await ours.follow(acme) as following:
        await ours.station.heads.stop()
        silent = replace(ours.ports, announce=lambda *ring: None)
        await note(silent, acme, "told to nobody")
        await bell.ask("CLIENT", "KILL", "TYPE", "pubsub")
        assert await following.until("told to nobody") == ["told to nobody"]


@pytest.mark.gen_test(timeout=60)
async def test_who_is_not_followed_any_more_is_not_subscribed(
    ports: Ports, belled: Config, bell: Bell, acme: Org
) -> None:
    async def listeners() -> int:
        return (await bell.ask("PUBSUB", "NUMSUB", channel(acme.tenant)))[1]

    async def nobody() -> bool:
        return await listeners() == 0

    async with server(ports, belled) as ours:
        async with await ours.follow(acme) as following:
            await note(ours.ports, acme, "heard")
            await following.until("heard")
            assert await listeners() == 1
        await until(nobody, 10)


@pytest.mark.gen_test(timeout=60)
async def test_who_does_not_read_cannot_pile_up_beginnings(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    site = live.with_key(acme.api_key)
    stalled = await raw(site, acme)
    await eventually(lambda: len(station._followers) == 1)
    [jammed] = station._followers
    await note(ports, acme, *("x" * 16_000 for _ in range(100)))
    await eventually(lambda: jammed._reader is not None and jammed._reader.busy_since is not None)
    reader = jammed._reader
    hello = b'{"frame":"hello"}'
    masked = struct.pack("!BB4s", 0x81, 0x80 | len(hello), b"\0\0\0\0") + hello
    await asyncio.get_running_loop().sock_sendall(stalled, masked * 15)
    async with await follow(site, acme) as following:
        for _ in range(10):
            following.socket.write_message(hello)
            await following.next("welcome")
    assert jammed._reader is reader
    assert not jammed.is_over
    stalled.close()
