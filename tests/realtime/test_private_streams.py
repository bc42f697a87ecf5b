"""Streams and private incidents: hidden, shown, named, on every transport, live and in replay."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from following import Following, dial, follow, note
from privately import ORG, act, staff, watcher, words
from records import address, listen
from scene import Scene
from web import Site, read

from hub.contract.words import Role
from hub.realtime.station import Station

pytestmark = pytest.mark.gen_test(timeout=60)


async def test_who_loses_sight_is_told_the_id_on_every_transport_live_and_in_replay(scene: Scene) -> None:
    [ann], eve = await staff(scene, "Ann"), await watcher(scene)
    mine = scene.mine.incident
    everywhere: list[list[str]] = []
    async with (
        await follow(eve, "acme") as socket,
        listen(eve, address(scene.org)) as (records, _),
    ):
        start = (await records.next("welcome")).id
        await act(ann.browser, mine, "note", text="before")
        await socket.until("before")
        await records.until("before")
        await act(ann.browser, mine, "hide", reason="a leak")
        await act(ann.browser, mine, "note", text="secret")
        await act(ann.browser, mine, "hide", teams=[scene.mine.team])
        await note(scene.ports, scene.org, "the end")
        everywhere.append(await socket_story(socket))
        everywhere.append(["before", *await record_story(records)])
    assert everywhere == [["before", mine, "the end"]] * 2
    async with await follow(eve, "acme", start) as socket:
        replayed = [await socket_story(socket)]
    async with listen(eve, address(scene.org, after=start)) as (records, _):
        replayed.append(await record_story(records))
        place = records.id
    replayed.append(await poll_story(eve, start))
    assert replayed == [[mine, "the end"]] * 3, "what it may not see now it is not told, whenever it was"
    async with await follow(eve, "acme", place) as socket:
        assert socket.frames[0]["mode"] == "live", "who was told has a cursor behind it"


async def socket_story(following: Following) -> list[str]:
    while "the end" not in following.texts:
        await following.next()
    told: list[str] = []
    for frame in following.frames:
        told += [frame["incident"]] if frame["frame"] == "hidden" else words(frame.get("events", []))
        assert b"secret" not in msgspec.json.encode(frame)
    return told


async def record_story(listening: Any) -> list[str]:
    told: list[str] = []
    while told[-1:] != ["the end"]:
        record = await listening.next()
        assert "secret" not in record.text
        if record.event == "hidden":
            told.append(record.json["incident"])
        elif record.event == "message":
            told += words([record.json])
    return told


async def poll_story(site: Site, cursor: str) -> list[str]:
    told: list[str] = []
    while told[-1:] != ["the end"]:
        page = read(await site("GET", f"{ORG}/events?after={cursor}&limit=2"))
        assert b"secret" not in msgspec.json.encode(page)
        told += words(page["events"]) + page["hidden"]
        cursor = page["cursor"]
    return told


async def test_an_incident_that_was_never_public_leaves_no_trace_in_a_stream(scene: Scene) -> None:
    [ann], eve = await staff(scene, "Ann"), await watcher(scene)
    async with await follow(eve, "acme") as following:
        start = following.cursor
        asked = {"service": scene.mine.service, "title": "quiet", "private": {}}
        opened = read(await ann.browser("POST", f"{ORG}/incidents", asked))
        await act(ann.browser, opened["id"], "hide", teams=[scene.mine.team])
        await note(scene.ports, scene.org, "the end")
        assert await following.until("the end") == ["the end"]
    assert opened["number"] == -1
    assert [one["name"] for one in opened["named"]] == ["Ann"]
    for cursor in ("", start):
        async with await follow(eve, "acme", cursor) as following:
            await note(scene.ports, scene.org, "really")
            await following.until("really")
            assert not any(frame["frame"] in {"hidden", "reset"} for frame in following.frames)
    asked = {"service": scene.mine.service, "title": "loud"}
    before = read(await scene.admin("GET", f"{ORG}/incidents/{scene.other.incident}"))["number"]
    loud = read(await scene.admin("POST", f"{ORG}/incidents", asked))["number"]
    assert loud > before
    assert read(await ann.browser("GET", f"{ORG}/incidents/P-1"))["id"] == opened["id"]
    shown = await act(ann.browser, opened["id"], "show")
    assert shown["incident"]["number"] == loud + 1, "the public series has no gap for it"


async def test_who_gains_sight_begins_with_a_reset_and_the_state(scene: Scene) -> None:
    [ann], eve = await staff(scene, "Ann"), await watcher(scene)
    mine = scene.mine.incident
    await act(ann.browser, mine, "hide")
    async with await follow(eve, "acme") as plain:
        away = plain.cursor
        async with Following(await dial(eve, "acme", "&snapshot=always")) as whole:
            while (await whole.next("snapshot"))["phase"] != "end":
                pass
            assert mine not in str(whole.frames)
            await act(ann.browser, mine, "note", text="secret")
            await act(ann.browser, mine, "show")
            assert (await plain.next("reset"))["reason"] == "view"
            assert (await whole.next("reset"))["reason"] == "view"
            chunk = await whole.next("snapshot")
            while "items" not in chunk:
                chunk = await whole.next("snapshot")
            assert mine in [item["id"] for item in chunk["items"]]
            await act(ann.browser, mine, "note", text="after")
            assert await plain.until("after") == ["after"]
            await whole.until("after")
    async with await follow(eve, "acme", away) as late:
        assert (await late.next("reset"))["reason"] == "view", "what it sees has changed while it was away"
    page = await eve("GET", f"{ORG}/events?after={away}")
    while page.code == 200:
        page = await eve("GET", f"{ORG}/events?after={read(page)['cursor']}")
    assert (page.code, read(page)["reason"]) == (410, "view")
    timeline = read(await scene.admin("GET", f"{ORG}/incidents/{mine}/timeline"))["data"]
    assert "secret" in words(timeline), "it is shown with all that happened meanwhile"


async def test_who_is_named_gains_and_loses_sight_with_a_reset(scene: Scene) -> None:
    ann, bob = await staff(scene, "Ann", "Bob")
    mine = scene.mine.incident
    await act(ann.browser, mine, "hide")
    async with await follow(bob.browser, "acme") as following:
        await act(ann.browser, mine, "hide", members=[bob.member])
        assert (await following.next("reset"))["reason"] == "view"
        await act(ann.browser, mine, "note", text="for two")
        assert await following.until("for two") == ["for two"]
        await act(ann.browser, mine, "hide")
        assert (await following.next("reset"))["reason"] == "view"
        await act(ann.browser, mine, "note", text="for one")
        await note(scene.ports, scene.org, "the end")
        assert await following.until("the end") == ["the end"]


async def test_a_state_that_was_read_before_is_not_told_after(scene: Scene, station: Station) -> None:
    [ann] = await staff(scene, "Ann")
    async with Following(await dial(scene.admin, "acme", "&snapshot=always")) as first:
        while (await first.next("snapshot"))["phase"] != "end":
            pass
        assert scene.mine.incident in str(first.frames), "and it is kept for a second"
        await act(ann.browser, scene.mine.incident, "hide")
        assert (await first.next("hidden"))["incident"] == scene.mine.incident
    async with Following(await dial(scene.admin, "acme", "&snapshot=always")) as second:
        while (await second.next("snapshot"))["phase"] != "end":
            pass
        assert scene.mine.incident not in str(second.frames)


async def test_the_glass_is_broken_for_all_who_are_named_to_see(scene: Scene) -> None:
    [ann] = await staff(scene, "Ann")
    [root] = await staff(scene, "Root", role=Role.ADMIN)
    mine = scene.mine.incident
    await act(ann.browser, mine, "hide")
    path = f"{ORG}/incidents/{mine}"
    assert (await root.browser("GET", path)).code == 404
    async with await follow(ann.browser, "acme") as named, await follow(root.browser, "acme") as breaker:
        broken = await act(root.browser, mine, "break-glass", reason="who watches?")
        assert [one["name"] for one in broken["incident"]["named"]] == ["Ann", "Root"]
        assert broken["incident"]["named"][1]["until"] is not None
        assert (await breaker.next("reset"))["reason"] == "view"
        frame = await named.next("events")
        while frame["events"] == []:
            frame = await named.next("events")
        [told] = frame["events"]
        assert (told["type"], told["data"]["reason"]) == ("incident.glass_broken", "who watches?")
        assert (await root.browser("GET", path)).code == 200
        audit = read(await root.browser("GET", f"{ORG}/audit?limit=50"))["data"]
        assert "incident.glass_broken" in [entry["action"] for entry in audit]
        assert b"glass" not in (await scene.admin("GET", f"{ORG}/audit?limit=200")).body
        again = await act(root.browser, mine, "break-glass", reason="again")
        assert again["changed"] is False
        kept = await act(ann.browser, mine, "hide", reason="leave us alone")
        assert [one["name"] for one in kept["incident"]["named"]] == ["Ann", "Root"], "nobody shuts the door"
        end = "UPDATE role_binding SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL"
        await scene.sql(end)
        await act(ann.browser, mine, "hide", teams=[scene.mine.team])
        await act(ann.browser, mine, "note", text="alone again")
        assert (await root.browser("GET", path)).code == 404
