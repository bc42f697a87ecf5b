"""A random walk over private incidents, and many at once: nobody is told what was out of sight."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest
from following import Following, dial, note
from privately import ORG, act, staff, words
from scene import Scene
from served import eventually
from web import Site, read

from hub.contract.words import Role
from hub.realtime.station import Station
from hub.services.follow import heads

pytestmark = pytest.mark.gen_test(timeout=60)


@pytest.mark.parametrize("seed", range(2))
async def test_a_reader_is_never_told_what_it_could_not_see(
    scene: Scene, station: Station, seed: int
) -> None:
    """A random walk over two incidents. Every note says whether the reader, who has been told all before,
    could see its incident when it was written; what a stream told is compared with that."""
    randomly = random.Random(seed)
    [ann] = await staff(scene, "Ann")
    [eve] = await staff(scene, "Eve", role=Role.OBSERVER)
    sees = {scene.mine.incident: True, scene.other.incident: True}
    told_when_blind: list[str] = []
    async with Following(await dial(eve.browser, "acme")) as reader:
        start = (await reader.next("welcome"))["from"]
        for step in range(40):
            incident = randomly.choice(list(sees))
            deed = randomly.choice(["note", "note", "note", "hide", "name", "show"])
            if deed == "note":
                word = "open" if sees[incident] else "blind"
                await act(ann.browser, incident, "note", text=f"{word} {step}")
            elif deed == "show":
                await act(ann.browser, incident, "show")
                sees[incident] = True
            else:
                members = [eve.member] if deed == "name" else []
                await act(ann.browser, incident, "hide", members=members)
                sees[incident] = deed == "name"
            await all_told(scene, station)
            if randomly.random() < 0.3:
                told_when_blind += await probe(eve.browser, sees, start)
        for incident in sees:
            await act(ann.browser, incident, "show")
        await all_told(scene, station)
        await note(scene.ports, scene.org, "the end")
        heard: list[str] = []
        while "the end" not in heard:
            frame = await reader.next()
            heard += words(frame.get("events", []))
    assert told_when_blind == []
    assert not [text for text in heard if text.startswith("blind")]
    assert [text for text in heard if text.startswith("open")] or seed


async def all_told(scene: Scene, station: Station) -> None:
    """Wait until every stream has been told all that is in the log by now."""
    head = (await heads(scene.ports, [scene.org.tenant]))[scene.org.tenant].position
    await eventually(partial(is_told, station, head))


def is_told(station: Station, head: int) -> bool:
    readers = [follower._reader for follower in station._followers]
    return all(
        reader is not None
        and not (reader.held or reader.reset)
        and (reader.audience.position if reader.audience else reader.position) >= head
        for reader in readers
    )


async def probe(eve: Site, sees: dict[str, bool], start: str) -> list[str]:
    """What a replay from the beginning tells of incidents that are out of sight."""
    page = await eve("GET", f"{ORG}/events?after={start}")
    blind = [id for id, is_seen in sees.items() if not is_seen]
    if page.code == 410:
        return []
    return [event["id"] for event in read(page)["events"] if event.get("incident") in blind]


async def test_many_hide_and_show_at_once_and_all_end_the_same(scene: Scene) -> None:
    ann, bob = await staff(scene, "Ann", "Bob")
    mine = scene.mine.incident
    both = [ann.member, bob.member]
    await act(ann.browser, mine, "hide", members=both)
    await asyncio.gather(
        *(act(one.browser, mine, "hide", members=both, reason="x") for one in (ann, bob) for _ in range(4)),
        *(act(one.browser, mine, "note", text="x") for one in (ann, bob)),
    )
    shown = read(await bob.browser("GET", f"{ORG}/incidents/{mine}"))
    assert sorted(one["name"] for one in shown["named"]) == ["Ann", "Bob"]
    timeline = read(await bob.browser("GET", f"{ORG}/incidents/{mine}/timeline"))["data"]
    versions = [event["incidentversion"] for event in timeline]
    assert versions == list(range(1, len(versions) + 1))
