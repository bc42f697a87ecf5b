"""Streams of API keys end with their key: deleted, rotated at once, or at the end of an overlap."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from conftest import Bell
from following import follow, note
from orgs import Org
from served import server
from web import Site, read

from hub.config import Config
from hub.contract.frames import CLOSE_CODES
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
KEYS = "/api/v1/orgs/acme/keys"
HUNDRED = 100
REVOKED = (["revoked"], CLOSE_CODES["revoked"])


async def made(live: Site, org: Org) -> dict[str, Any]:
    """A new key of a responder."""
    asked = {"name": "A bot", "role": "responder"}
    return dict(read(await live.with_key(org.api_key)("POST", KEYS, asked)))


async def test_a_deleted_key_ends_its_streams(live: Site, ports: Ports, acme: Org) -> None:
    bot = await made(live, acme)
    async with (
        await follow(live.with_key(bot["secret"]), acme) as ends,
        await follow(live.with_key(acme.api_key), acme) as stays,
    ):
        path, version = f"{KEYS}/{bot['id']}", {"If-Match": '"1"'}
        assert (await live.with_key(acme.api_key)("DELETE", path, None, version)).code == 204
        assert await ends.end() == REVOKED
        await note(ports, acme, "only for who stays")
        assert (await stays.until("only for who stays"))[-1] == "only for who stays"


@pytest.mark.parametrize(("overlap", "code"), [(0, "revoked"), (1, "expired")])
async def test_a_rotated_key_ends_its_streams_when_it_ends_itself(
    live: Site, acme: Org, overlap: int, code: str
) -> None:
    bot = await made(live, acme)
    async with await follow(live.with_key(bot["secret"]), acme) as ends:
        rotate = f"{KEYS}/{bot['id']}/rotate"
        rotated = await live.with_key(acme.api_key)("POST", rotate, {"overlap_seconds": overlap})
        assert rotated.code == 200
        assert await ends.end() == ([code], CLOSE_CODES[code])


@pytest.mark.gen_test(timeout=90)
async def test_a_hundred_keys_that_end_while_redis_is_away_lose_their_streams_within_two_seconds(
    ports: Ports, belled: Config, bell: Bell, acme: Org, globex: Org
) -> None:
    async with server(ports, belled) as ours, AsyncExitStack() as streams:
        admin = ours.site.with_key(acme.api_key)
        bots = [await made(ours.site, acme) for _ in range(HUNDRED)]
        following = [
            await streams.enter_async_context(await follow(ours.site.with_key(bot["secret"]), acme))
            for bot in bots
        ]
        stays = await streams.enter_async_context(await ours.follow(acme))
        other = await streams.enter_async_context(await ours.follow(globex))
        bell.stop()
        for bot in bots:
            assert (await admin("DELETE", f"{KEYS}/{bot['id']}", None, {"If-Match": '"1"'})).code == 204
        async with asyncio.timeout(2):
            assert await asyncio.gather(*(one.end() for one in following)) == [REVOKED] * HUNDRED
        await note(ours.ports, acme, "for who stays")
        assert (await stays.until("for who stays"))[-1] == "for who stays"
        await note(ours.ports, globex, "theirs")
        assert await other.until("theirs") == ["theirs"]
        assert not any("for who stays" in one.texts for one in following)
