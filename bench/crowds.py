"""Ten thousand streams in one web process: what they cost while nothing happens, and when all come back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import urllib.request

import msgspec

from bench.crowded import SLUG, Crowded

STREAMS = 10_000
QUIET_SECONDS = 30.0  # two heartbeats
MISSED = 1_000  # events that the log went on meanwhile
PLACES = 50  # different cursors, evenly over what was missed
READY_SECONDS = 30
READS = ("hub_chunk_reads_total", "hub_feed_reads_total")


async def idle(crowded: Crowded, streams: int) -> dict[str, float]:
    """Open them, wait, and leave them open."""
    await crowded.fill(100)  # what is made once is there
    await crowded.drain.close()
    before = crowded.memory_kb
    opened = await crowded.fill(streams)
    memory = crowded.memory_kb - before
    await asyncio.sleep(2)
    used, began = crowded.cpu, time.monotonic()
    await asyncio.sleep(QUIET_SECONDS)
    core = (crowded.cpu - used) / 1e6 / (time.monotonic() - began)
    return {
        "idle_kb": round(memory / streams, 2),
        f"idle_{streams}_core": round(core, 3),
        "open_ms": round(1000 * opened / streams, 3),
    }


async def storm(crowded: Crowded, streams: int) -> dict[str, float]:
    """End the web process while events are committed; all streams come back at once to the new one, each
    where it was, and are there when they have what they missed."""
    await crowded.drain.close()
    cursor = await asyncio.to_thread(_cursors, crowded, "", 1)
    for _ in range(MISSED // PLACES):
        await crowded.writer.commit(PLACES)
    cursors = await asyncio.to_thread(_cursors, crowded, cursor[0], PLACES)
    os.kill(crowded.web, signal.SIGKILL)
    await asyncio.to_thread(_wait_until_ready, crowded)
    crowded.pin()
    each = MISSED // PLACES
    asked = [crowded.asked(after, MISSED - index * each) for index, after in enumerate(cursors)]
    used = crowded.cpu
    seconds = await crowded.drain.dial(crowded.hub.port, streams, asked, at_once=streams)
    reads = [crowded.metric(name) for name in READS]
    return {
        "storm_seconds": round(seconds, 2),
        "storm_range_reads": reads[0],
        "storm_feed_reads": reads[1],
        "storm_refused": crowded.drain.refused,
        "storm_closed": crowded.drain.shut,
        "storm_cpu_ms": round((crowded.cpu - used) / 1000 / streams, 3),
    }


def _cursors(crowded: Crowded, after: str, count: int) -> list[str]:
    """So many cursors, evenly over what was missed, beginning with `after`; without one, that of now."""
    found = [after]
    while not after or len(found) < count:
        page = _page(crowded, found[-1])
        if not after:
            return [page]
        found.append(page)
    return found


def _page(crowded: Crowded, after: str) -> str:
    query = f"limit={MISSED // PLACES}" + (f"&after={after}" if after else "")
    url = f"http://127.0.0.1:{crowded.hub.port}/api/v1/orgs/{SLUG}/events?{query}"
    name, _, value = crowded.authorization.partition(": ")
    with urllib.request.urlopen(urllib.request.Request(url, headers={name: value}), timeout=10) as said:
        cursor: str = msgspec.json.decode(said.read())["cursor"]
        return cursor


def _wait_until_ready(crowded: Crowded) -> None:
    until = time.monotonic() + READY_SECONDS
    old = crowded.web
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{crowded.hub.port}/readyz", timeout=1):
                if crowded.hub.child("web") != old:
                    return
        except (OSError, SystemExit):
            pass
        time.sleep(0.1)
    raise SystemExit("the web process did not come back")
