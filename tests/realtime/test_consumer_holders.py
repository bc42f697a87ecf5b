"""One holder of a durable consumer, in one process and over two, and how its word is written."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from following import Following, follow, note
from orgs import Org
from pager import PAGER, made, poll, stored, texts
from records import address, listen
from served import eventually, server
from web import Site, outcome, read

from hub.config import Config
from hub.embedded.spec import until
from hub.metrics import CONSUMER_ACKS
from hub.realtime.ending import end
from hub.realtime.station import Station
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)


async def test_a_newer_connection_takes_over_and_the_older_one_is_told(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site)
    older = await follow(site, acme, consumer="pager")
    async with await follow(site, acme, consumer="pager") as newer:
        assert await older.end() == (["taken_over"], 4500)
        assert read(await site("GET", PAGER))["held"] is True
        async with listen(site, address(acme, consumer="pager")) as (listening, ended):
            assert await newer.end() == (["taken_over"], 4500)
            await listening.next("welcome")
            page = read(await poll(site))
            assert (await listening.next("error")).json["code"] == "taken_over"
            assert (await asyncio.wait_for(ended, 10)).code == 200
    waiting = asyncio.create_task(poll(site, wait=20, holder=page["holder"], after=page["cursor"]))
    await eventually(lambda: not waiting.done())
    async with await follow(site, acme, consumer="pager"):
        late = await asyncio.wait_for(waiting, 10)
        gone = await poll(site, holder=page["holder"])
        assert outcome(gone) == (409, "taken_over")
        assert late.code == 409 or texts(read(late)) == []
        ack = await site("POST", f"{PAGER}/ack", {"cursor": page["cursor"], "holder": page["holder"]})
        assert outcome(ack) == (409, "taken_over")

    async def is_free() -> bool:
        return read(await site("GET", PAGER))["held"] is False

    await until(is_free, 10)


async def test_another_process_takes_over_while_redis_is_away(
    live: Site, ports: Ports, config: Config, acme: Org, station: Station, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    start = (await made(site))["cursor"]
    deaf = msgspec.structs.replace(config, redis_url="redis://127.0.0.1:1/0")
    async with server(ports, deaf) as there:
        older = await follow(site, acme, consumer="pager")
        await note(ports, acme, "one")
        await older.until("one")
        await end(*station.consumers._tasks)  # it does not know yet that it is replaced
        async with await follow(there.site.with_key(observer_key), acme, consumer="pager") as newer:
            assert await newer.until("one") == ["one"]
            await older.say("ack", cursor=older.cursor)
            await eventually(lambda: any(each.place for each in station.consumers._held.values()))
            await station.consumers.write()
            assert read(await site("GET", PAGER))["cursor"] == start  # it moves nothing any more
            await station.consumers.look()
            assert await older.end() == (["taken_over"], 4500)
            await newer.say("ack", cursor=newer.cursor)
            await stored(site, newer.cursor)
        await station.consumers.start()
        last = await follow(there.site.with_key(observer_key), acme, consumer="pager")
        async with await follow(site, acme, consumer="pager"):
            assert await last.end() == (["taken_over"], 4500)  # by the poll of that process


async def test_many_acknowledgements_are_one_write_and_none_goes_back(
    live: Site, ports: Ports, acme: Org, station: Station, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    start = (await made(site))["cursor"]
    async with await follow(site, acme, consumer="pager") as following:
        await end(*station.consumers._tasks)
        cursors, before = [start], CONSUMER_ACKS._value.get()
        for number in range(8):
            await note(ports, acme, str(number))
            await following.until(str(number))
            cursors.append(following.cursor)
            await following.say("ack", cursor=following.cursor)
        await following.say("ack", cursor=cursors[2])
        await following.say("presence", incident="x", state="gone")
        [holder] = station.consumers._held.values()
        last = station.cursors.read(acme.tenant, cursors[-1])
        await eventually(lambda: holder.place == last)
        await station.consumers.write()
        assert CONSUMER_ACKS._value.get() - before == 1
        assert read(await site("GET", PAGER))["cursor"] == cursors[-1]
        await following.say("ack", cursor=cursors[1])
        await eventually(lambda: holder.place is not None)
        await station.consumers.write()
        assert read(await site("GET", PAGER))["cursor"] == cursors[-1]


async def test_the_last_acknowledgement_is_written_when_a_stream_or_the_process_ends(
    live: Site, ports: Ports, acme: Org, station: Station, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site)
    for is_last, text in ((False, "one"), (True, "two")):
        following = await follow(site, acme, consumer="pager")
        await note(ports, acme, text)
        await following.until(text)
        await following.say("ack", cursor=following.cursor)
        await eventually(lambda: any(each.place for each in station.consumers._held.values()))
        if is_last:
            await station.consumers.stop()
            assert read(await site("GET", PAGER))["cursor"] == following.cursor
            assert read(await site("GET", PAGER))["held"] is False
        following.socket.close()
        await stored(site, following.cursor)


async def refused(following: Following, cursor: str) -> tuple[list[str], int]:
    await following.say("ack", cursor=cursor)
    return await following.end()


async def test_a_cursor_that_this_stream_cannot_have_sent_ends_it(
    live: Site, ports: Ports, acme: Org, globex: Org, observer_key: str
) -> None:
    site, admin = live.with_key(observer_key), live.with_key(acme.api_key)
    own = (await made(site))["cursor"]
    async with (
        await follow(live.with_key(globex.api_key), globex) as theirs,
        await follow(admin, acme) as all_,
    ):
        others = [theirs.cursor, all_.cursor, (await made(site, "other", filter="severity:1"))["cursor"]]
    for cursor in (*others, own[:-2] + "AA", "x"):
        assert await refused(await follow(site, acme, consumer="pager"), cursor) == (["cursor_invalid"], 4400)
    assert read(await site("GET", PAGER))["cursor"] == own
    assert await refused(await follow(site, acme), own) == (["bad_request"], 4000)
