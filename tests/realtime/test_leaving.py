"""Who comes to a process that leaves, over a connection that it had accepted, is sent on, not refused."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from following import Following, dial, follow, note
from orgs import Org
from records import address, listen
from web import Site, read

from hub.contract.frames import CLOSE_CODES
from hub.realtime.station import Station
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
WINDOW = 1.0


async def test_a_socket_is_told_to_dial_again(live: Site, acme: Org, globex: Org, station: Station) -> None:
    await station.drain(0)
    for org in (acme, globex):
        async with Following(await dial(live.with_key(org.api_key), org)) as late:
            assert (await late.next())["frame"] == "goaway"
            assert await late.end() == ([], CLOSE_CODES["restart"])


async def test_two_hundred_streams_leave_one_by_one_all_through_the_window(
    live: Site, acme: Org, globex: Org, station: Station
) -> None:
    """Else all of them would come to the next process in one moment."""
    turns, left = asyncio.Semaphore(20), []

    async def dial_in_turn(org: Org) -> Following:
        async with turns:
            return await follow(live.with_key(org.api_key), org)

    async def read_to_the_end(stream: Following) -> int:
        async with stream:
            after: int = (await stream.next("goaway"))["after_ms"]
            assert await stream.end() == ([], CLOSE_CODES["restart"])
            left.append(after)
            return after

    streams = await asyncio.gather(*map(dial_in_turn, [acme, globex] * 100))
    told, _ = await asyncio.gather(asyncio.gather(*map(read_to_the_end, streams)), station.drain(WINDOW))
    tenths = Counter(after * 10 // (round(WINDOW * 1000) + 1) for after in told)
    assert sorted(tenths) == list(range(10)), "a tenth of the window without one: once in 140 million"
    assert max(tenths.values()) < 60, "of 20 that are due"
    early, late = WINDOW * 1000 / 4, WINDOW * 1000 * 3 / 4
    first_late = next(place for place, after in enumerate(left) if after > late)
    assert all(after > early for after in left[first_late:]), "each leaves when it was told"


async def test_records_end_with_goaway(live: Site, acme: Org, station: Station) -> None:
    await station.drain(0)
    async with listen(live.with_key(acme.api_key), address(acme)) as (late, ended):
        assert (await late.next()).event == "goaway"
        assert (await ended).code == 200


async def test_a_poll_keeps_its_place(
    live: Site, acme: Org, globex: Org, ports: Ports, station: Station
) -> None:
    site, path = live.with_key(acme.api_key), "/api/v1/orgs/acme/events"
    cursor = read(await site("GET", path))["cursor"]
    foreign = read(await live.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/events"))["cursor"]
    await note(ports, acme, "unseen")
    await station.drain(0)
    page = read(await site("GET", f"{path}?after={cursor}&wait=20"))
    assert (page["after"], page["cursor"], page["events"]) == (cursor, cursor, [])
    assert (await site("GET", path)).code == 503, "there is no place to keep"
    assert (await site("GET", f"{path}?after={foreign}")).code == 400, "and none of theirs"
