"""What a client keeps for later means nothing elsewhere: cursors of lists and streams, idempotency keys."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import Any

import msgspec
import pytest
from caller import Answer
from estate import Estate, Visitor
from probes import Probe, probes
from setting import Scene
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from hub.realtime.station import Station

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=60)
PLAN = probes()
PAGES = [probe for probe in PLAN if probe.says.is_page and not probe.route.machine]
ONCE = [probe for probe in PLAN if probe.says.is_once and probe.is_in_organization]
SAME = {"X-Request-ID": "the-same"}


async def cursor(scene: Scene, probe: Probe, estate: Estate) -> str:
    """The cursor of the second page of one thing each."""
    answer = await scene.call("GET", f"{probe.path(estate.things)}?limit=1", estate.owner.headers)
    assert answer.status == 200, (str(probe), answer)
    following = answer.json["next_cursor"]
    assert following, f"{probe}: estate.py makes fewer than two of these"
    return str(following)


async def test_a_cursor_opens_no_list_but_the_one_it_is_of(scene: Scene) -> None:
    faults, sides = [], (scene.acme, scene.globex)
    kept = {
        (str(probe), each.org.slug): await cursor(scene, probe, each) for probe in PAGES for each in sides
    }
    for probe in PAGES:
        for mine in sides:
            path, headers = probe.path(mine.things), mine.owner.headers | SAME
            own = kept[str(probe), mine.org.slug]
            good = await scene.call("GET", f"{path}?limit=1&cursor={own}", headers)
            refused = await scene.call("GET", f"{path}?cursor={own[::-1]}", headers)
            if good.status != 200 or (refused.status, refused.code) != (400, "invalid"):
                faults.append(f"{probe}: {good}, and with a cursor that nobody made {refused}")
            for name, text in kept.items():
                answer = await scene.call("GET", f"{path}?cursor={text}", headers)
                is_own = name == (str(probe), mine.org.slug)
                if not is_own and (answer.status, answer.body) != (refused.status, refused.body):
                    faults.append(f"{probe} with the cursor of {name}: {answer}")
    assert len(PAGES) >= 13
    assert not faults, faults[:10]


async def welcome(scene: Scene, estate: Estate, after: str) -> dict[str, Any]:
    """How a stream of an organization's key begins."""
    url = f"ws://127.0.0.1:{scene.call.port}/api/v1/orgs/{estate.org.slug}/stream?after={after}"
    socket = await websocket_connect(HTTPRequest(url, headers=estate.key.headers))
    async with asyncio.timeout(10):
        first = await socket.read_message()
        socket.close()
        while await socket.read_message() is not None:
            pass
    frame: dict[str, Any] = msgspec.json.decode(first or b"")
    return frame


async def test_a_cursor_of_a_foreign_stream_is_none(scene: Scene, station: Station) -> None:
    await station.start()
    try:
        sides = (scene.acme, scene.globex)
        starts = {each.org.slug: (await welcome(scene, each, ""))["from"] for each in sides}
        for mine, foreign in permutations(sides):
            there = await welcome(scene, mine, starts[foreign.org.slug])
            nowhere = await welcome(scene, mine, starts[foreign.org.slug][::-1])
            own = await welcome(scene, mine, starts[mine.org.slug])
            assert there == nowhere
            assert (own["mode"], own["from"]) == ("live", starts[mine.org.slug])
            assert (there["frame"], there["code"]) == ("error", "cursor_invalid")
    finally:
        await station.stop()


async def test_an_idempotency_key_means_nothing_to_anybody_else(scene: Scene) -> None:
    faults, done = [], 0
    visits = [(scene.both, scene.globex), (scene.acme.owner, scene.acme), (scene.acme.key, scene.acme)]
    for probe in ONCE:
        key = {"Idempotency-Key": str(probe).replace(" ", "-")}
        bodies = {each.org.slug: probe.body(each.things) for each in (scene.acme, scene.globex)}

        async def ask(who: Visitor, where: Estate) -> Answer:
            headers, body = who.headers | key, bodies[where.org.slug]  # noqa: B023 - asked at once
            return await scene.call(probe.method, probe.path(where.things), headers, body)  # noqa: B023

        first, again = await ask(scene.both, scene.acme), await ask(scene.both, scene.acme)
        if first.status >= 300:  # the thing is not as it should be for that, so nothing was done once
            continue
        done += 1
        if again.one("Idempotent-Replayed") != "true":
            faults.append(f"{probe}: a repeat is none: {again}")
        for who, where in visits:
            other = await ask(who, where)
            if other.code == "key_reused" or other.all("Idempotent-Replayed"):
                faults.append(f"{probe}: {who.name} in {where.org.slug}: {other}")
    assert done >= 12
    assert not faults, faults[:10]
