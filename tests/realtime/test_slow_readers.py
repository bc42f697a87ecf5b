"""Who was live and reads too slowly begins anew: with the state, or on another connection."""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import quote

import pytest
from bare import CLOSE, TEXT, Bare
from client import Client, Rig, calm, read_rig
from following import follow, note
from idlers import raw
from orgs import Org
from served import eventually
from truth import Truth
from warp import warped
from web import Site

from hub.realtime import slow, snapshots
from hub.realtime.slow import LAG_MAX
from hub.realtime.station import Station
from hub.services.ports import Ports

NOTES = [f"{number} " + "x" * 16_000 for number in range(100)]


async def fall_behind(rig: Rig, client: Client, seconds: float) -> None:
    """Events come while the client does not read."""
    await calm()
    client.is_reading = False
    for _ in range(3):
        rig.feed.hear(rig.truth.commit())
        await asyncio.sleep(0.05)
    for _ in range(round(seconds)):
        rig.pump.cut_blocked()
        await asyncio.sleep(1)
    client.read_on()
    await calm()


def ended(rig: Rig, client: Client, said: list[str]) -> None:
    said.append("ended")
    rig.pump.remove(client.reader)


def test_a_dashboard_is_reset_and_a_bot_dials_again() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        dashboard, bot, quick = Client(rig, 10), Client(rig, 10), Client(rig, 10)
        said: list[str] = []
        dashboard.reader.anew = said.append
        bot.reader.too_slow = partial(ended, rig, bot, said)
        bot.is_reading = False
        await fall_behind(rig, dashboard, LAG_MAX + 3)
        bot.read_on()
        await calm()
        assert sorted(said) == ["ended", "overflow"]
        assert dashboard.positions() == bot.positions() == [11]
        assert quick.positions() == [11, 12, 13]

    warped(story())


def test_who_was_late_for_a_moment_gets_all_of_it() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        client = Client(rig, 10)
        client.reader.too_slow = client.cut
        for _ in range(5):
            await fall_behind(rig, client, LAG_MAX - 3)
        assert client.positions() == list(range(11, 26))
        assert client.cut_at is None

    warped(story())


def test_a_replay_takes_its_time() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(600))
        client = Client(rig, 0)
        client.reader.too_slow = client.cut
        client.is_reading = False
        for _ in range(3):
            for _ in range(round(LAG_MAX) + 3):
                rig.pump.cut_blocked()
                await asyncio.sleep(1)
            client.read_on()
            client.is_reading = False
        client.read_on()
        await calm()
        assert client.positions() == list(range(1, 601))

    warped(story())


async def stall(site: Site, ports: Ports, org: Org, station: Station, query: str) -> Bare:
    """A client that was live and did not read what came then; now it does."""
    stalled = await raw(site, org, query)
    await eventually(lambda: any(f._reader and not f._reader.replays for f in station._followers))
    [follower] = station._followers
    reader = follower._reader
    assert reader is not None
    for begin in range(0, 100, 20):
        await note(ports, org, *NOTES[begin : begin + 20])
    await eventually(lambda: reader.late is not None)
    streams = await asyncio.open_connection(sock=stalled)
    await streams[0].readuntil(b"\r\n\r\n")
    return Bare(*streams)


@pytest.mark.gen_test(timeout=60)
async def test_a_slow_dashboard_gets_a_reset_with_a_snapshot_on_its_connection(
    live: Site, ports: Ports, acme: Org, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "LAG_MAX", 0.0)
    monkeypatch.setattr(snapshots, "FRESH_SECONDS", -1.0)  # the state that it began with is no second old
    site = live.with_key(acme.api_key)
    dashboard = await stall(site, ports, acme, station, "?snapshot=auto")
    assert (await dashboard.until(TEXT, "reset")).said["reason"] == "overflow"
    state = [(await dashboard.until(TEXT, "snapshot")).said for _ in range(2)]
    assert [frame["phase"] for frame in state] == ["begin", "end"]
    await note(ports, acme, "and on")
    events = (await dashboard.until(TEXT, "events")).said
    assert events["after"] == state[0]["cursor"]
    assert [event["data"]["text"] for event in events["events"]] == ["and on"]
    dashboard.leave()


@pytest.mark.gen_test(timeout=60)
async def test_a_slow_bot_is_told_to_dial_again_and_misses_nothing(
    live: Site, ports: Ports, acme: Org, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "LAG_MAX", 0.0)
    site = live.with_key(acme.api_key)
    bot = await stall(site, ports, acme, station, "")
    seen, cursor = list[str](), ""
    while (heard := await bot.until(TEXT)).said["frame"] != "error":
        cursor = heard.said.get("cursor", cursor)
        seen += [event["data"]["text"] for event in heard.said.get("events", [])]
    assert heard.said["code"] == "slow_reader"
    assert (await bot.until(CLOSE)).code == 4208
    bot.leave()
    assert len(seen) < len(NOTES)
    async with await follow(site, acme, quote(cursor)) as following:
        assert seen + await following.until(NOTES[-1]) == NOTES
