"""The stream on a real socket, a real database and a real bell: welcome, live, resume, refuse, end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from following import Following, administrative, dial, follow, happen, note, refusal
from msgspec import structs
from orgs import Org
from web import Site

from hub.contract.frames import CLOSE_CODES, SUBPROTOCOL
from hub.realtime.station import Station
from hub.services.ports import Ports


@pytest.mark.gen_test(timeout=30)
async def test_a_new_stream_starts_at_the_head_and_says_so(live: Site, ports: Ports, acme: Org) -> None:
    await note(ports, acme, "before")
    socket = await dial(live.with_key(acme.api_key), acme)
    assert socket.selected_subprotocol == SUBPROTOCOL
    async with Following(socket) as following:
        welcome = await following.next()
        assert welcome["frame"] == "welcome"
        assert welcome["from"] == welcome["head"]
        assert welcome["mode"] == "live"
        assert welcome["heartbeat_ms"] == 15_000
        assert welcome["limits"] == {"message_bytes": 65536, "messages_per_second": 20}
        await note(ports, acme, "after")
        assert await following.until("after") == ["after"]


@pytest.mark.gen_test(timeout=30)
async def test_a_client_may_offer_no_subprotocol(live: Site, acme: Org) -> None:
    socket = await dial(live.with_key(acme.api_key), acme, protocols=())
    assert socket.selected_subprotocol is None
    async with Following(socket) as following:
        assert (await following.next())["frame"] == "welcome"


@pytest.mark.gen_test(timeout=30)
async def test_two_organizations_see_their_own_events_only(
    live: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    async with (
        await follow(live.with_key(acme.api_key), acme) as ours,
        await follow(live.with_key(globex.api_key), globex) as theirs,
    ):
        for number in range(5):
            await note(ports, acme, f"acme {number}")
            await note(ports, globex, f"globex {number}")
        assert await ours.until("acme 4") == [f"acme {number}" for number in range(5)]
        assert await theirs.until("globex 4") == [f"globex {number}" for number in range(5)]
        assert ours.cursor != theirs.cursor


@pytest.mark.gen_test(timeout=30)
async def test_a_resume_gives_the_same_suffix_from_every_cursor(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as first:
        cursors = [first.cursor]
        for number in range(6):
            await note(ports, acme, str(number))
            await first.until(str(number))
            cursors.append(first.cursor)
    for number, cursor in enumerate(cursors):
        async with await follow(site, acme, cursor) as again:
            assert again.frames[0]["from"] == cursor
            await note(ports, acme, f"later {number}")
            expected = [str(n) for n in range(number, 6)] + [f"later {n}" for n in range(number + 1)]
            assert await again.until(f"later {number}") == expected


@pytest.mark.gen_test(timeout=60)
async def test_a_long_replay_crosses_chunks_without_a_hole(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as first:
        start = first.cursor
    texts = [f"note {number}" for number in range(1000)]
    for begin in range(0, 1000, 100):
        await note(ports, acme, *texts[begin : begin + 100])
    async with await follow(site, acme, start) as again:
        assert await again.until(texts[-1]) == texts


@pytest.mark.gen_test(timeout=30)
async def test_a_cursor_of_another_organization_ends_the_stream(live: Site, acme: Org, globex: Org) -> None:
    async with await follow(live.with_key(globex.api_key), globex) as theirs:
        foreign = theirs.cursor
    for cursor in (foreign, "garbage", "A" * 59, "x" * 500):
        socket = await dial(live.with_key(acme.api_key), acme, cursor)
        async with Following(socket) as following:
            assert await following.end() == (["cursor_invalid"], CLOSE_CODES["cursor_invalid"])
            assert [frame["frame"] for frame in following.frames] == ["error"]


@pytest.mark.gen_test(timeout=30)
async def test_a_hello_begins_again_on_the_same_socket(live: Site, ports: Ports, acme: Org) -> None:
    async with await follow(live.with_key(acme.api_key), acme) as following:
        start = following.cursor
        await note(ports, acme, "one", "two")
        await following.until("two")
        following.socket.write_message(f'{{"frame":"hello","after":"{start}","unknown":[1]}}')
        assert (await following.next())["mode"] == "replay"
        await following.until("one", "two", "one", "two")
        following.socket.write_message('{"frame":"hello"}')
        assert (await following.next("welcome"))["mode"] == "live"
        await note(ports, acme, "three")
        assert (await following.until("three"))[-2:] == ["two", "three"]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"frame":"welcome"}',
        '{"frame":"command","id":"1","name":"acknowledge"}',
        '{"frame":"hello","after":7}',
        '{"frame":"hello","x":' + "[" * 30_000 + "]" * 30_000 + "}",
        b"\x00\xff",
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_what_is_no_hello_ends_the_stream(live: Site, acme: Org, message: str | bytes) -> None:
    async with await follow(live.with_key(acme.api_key), acme) as following:
        following.socket.write_message(message, binary=isinstance(message, bytes))
        assert await following.end() == (["bad_request"], CLOSE_CODES["bad_request"])


@pytest.mark.gen_test(timeout=30)
async def test_a_flood_of_messages_ends_the_stream(live: Site, acme: Org) -> None:
    async with await follow(live.with_key(acme.api_key), acme) as following:
        for _ in range(60):
            following.socket.write_message('{"frame":"hello"}')
        assert await following.end() == (["rate_limited"], CLOSE_CODES["rate_limited"])


@pytest.mark.gen_test(timeout=30)
async def test_a_message_beyond_the_limit_ends_the_stream(live: Site, acme: Org) -> None:
    async with await follow(live.with_key(acme.api_key), acme) as following:
        following.socket.write_message('{"frame":"hello","x":"' + "x" * 65536 + '"}')
        assert (await following.end())[1] == 1009


@pytest.mark.gen_test(timeout=30)
async def test_responders_do_not_see_what_administrators_see(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    async with (
        await follow(live.with_key(acme.api_key), acme) as admin,
        await follow(live.with_key(observer_key), acme) as observer,
    ):
        await happen(ports, acme.tenant, administrative())
        await note(ports, acme, "for all")
        assert await admin.until("for all") == ["team.created", "for all"]
        assert await observer.until("for all") == ["for all"]
        foreign = admin.cursor
    async with Following(await dial(live.with_key(observer_key), acme, foreign)) as following:
        assert (await following.next())["frame"] == "welcome"
        reset = await following.next()
        assert (reset["frame"], reset["reason"]) == ("reset", "view")
        await note(ports, acme, "more")
        assert await following.until("more") == ["more"]


@pytest.mark.gen_test(timeout=30)
async def test_who_may_not_follow_is_refused_before_the_upgrade(live: Site, acme: Org, globex: Org) -> None:
    assert (await refusal(live, acme))[0] == 401
    assert (await refusal(live.with_key("ihk_wrong_key"), acme))[0] == 401
    assert (await refusal(live.with_key(acme.api_key), globex))[0] == 404
    assert (await refusal(live.with_key(acme.api_key), "nobody"))[0] == 404
    assert (await refusal(live.with_key(acme.integration_key), acme))[0] == 401
    assert (await refusal(live.with_key(acme.api_key), acme, after="%ff"))[0] == 400


@pytest.mark.gen_test(timeout=30)
async def test_a_cookie_needs_our_exact_origin_and_a_key_needs_none(live: Site, acme: Org) -> None:
    browser = await live.signed_in(acme.founded.email)
    key = live.with_key(acme.api_key)
    for origin in ("https://evil.example", "null", f"{live.url}.evil.example", f"{live.url}0", ""):
        assert (await refusal(browser, acme, Origin=origin))[0] == 403, origin
        if origin:
            assert (await refusal(key, acme, Origin=origin))[0] == 403, origin
    assert (await refusal(browser, acme, Host="evil.example"))[0] == 421
    for site in (browser, key):
        async with await follow(site, acme) as following:
            assert following.cursor


@pytest.mark.gen_test(timeout=30)
async def test_streams_are_bounded_for_an_organization_and_for_the_process(
    live: Site, acme: Org, globex: Org, station: Station
) -> None:
    ours, theirs = live.with_key(acme.api_key), live.with_key(globex.api_key)
    bounds = station.ports.config
    station.ports = replace(station.ports, config=structs.replace(bounds, streams_per_organization=2))
    async with await follow(ours, acme) as one, await follow(ours, acme):
        assert await refusal(ours, acme) == (429, "5")
        async with await follow(theirs, globex):
            full = structs.replace(station.ports.config, streams_per_process=3)
            station.ports = replace(station.ports, config=full)
            assert await refusal(theirs, globex) == (503, "5")
            station.ports = replace(station.ports, config=structs.replace(full, streams_per_process=9))
        one.socket.close()
        await one.end()
        async with await follow(ours, acme):
            pass


@pytest.mark.gen_test(timeout=30)
async def test_when_the_last_stream_ends_nothing_is_followed_any_more(
    live: Site, acme: Org, station: Station
) -> None:
    browser = await live.signed_in(acme.founded.email)
    async with await follow(browser, acme) as one, await follow(live.with_key(acme.api_key), acme) as two:
        assert len(station._feeds) == 2
        for following in (one, two):
            following.socket.close()
            await following.end()
    async with await follow(live.with_key(acme.api_key), acme) as last:
        assert set(station._feeds) == {acme.tenant}
        assert len(station._followers) == 1
        last.socket.close()
        await last.end()
    assert not station._followers
    assert not station._feeds
    assert not station._streams
    assert station._chunks._bytes == 0
    assert not station.pump._readers


@pytest.mark.gen_test(timeout=30)
async def test_a_drain_asks_everybody_to_dial_again_and_closes_with_restart(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    site = live.with_key(acme.api_key)
    streams = [await follow(site, acme) for _ in range(10)]
    await station.drain(0.3)
    for following in streams:
        goaway = await following.next("goaway")
        assert 0 <= goaway["after_ms"] <= 300
        assert await following.end() == ([], CLOSE_CODES["restart"])
