"""A storm in one organization: what is accepted and refused, what the processes grow to, and who is hurt."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.accepting import PATH
from bench.asker import Asker
from bench.flood import Seen, alert, flood, request
from bench.hub import Hub
from bench.line import Line, connect, p99
from bench.poster import Poster
from bench.processing import idle
from hub.services.founding import Founded

RATE = 10_000
CONNECTIONS = 256
PROBLEMS = 10_000  # of the storm: each alert is one of these
QUIET_SECONDS = 15
NEIGHBOUR_EVERY = 0.1
ACKNOWLEDGE_EVERY = 0.25
SIGN_IN_EVERY = 2.0
LATE_SECONDS = 30


class Watch:
    """The neighbour's alerts, from POST to the frame on a stream, as in bench.line."""

    def __init__(self, poster: Poster, founded: Founded) -> None:
        self.line = Line()
        self.refused = 0
        self._poster, self._key = poster, founded.integration_key or ""
        self._number = itertools.count()

    async def post(self) -> None:
        """One alert, a problem of its own."""
        name = f"neighbour-{next(self._number):06}"
        began = asyncio.get_running_loop().time()
        status = await self._poster.post(PATH, self._key, msgspec.json.encode(alert(name)))
        if status == 202:
            self.line.due[name] = began
        else:
            self.refused += 1

    async def ms(self, first: int) -> list[float]:
        """The delays of all that were posted since `first` had been, once their frames are here."""
        async with asyncio.timeout(LATE_SECONDS):
            while self.line.due.keys() - self.line.seen.keys():  # noqa: ASYNC110 - each frame is news
                await asyncio.sleep(0.05)
        return [1000 * (self.line.seen[name] - self.line.due[name]) for name in sorted(self.line.due)[first:]]


async def every(seconds: float, deed: Callable[[], Awaitable[object]], over: asyncio.Event) -> list[float]:
    """Do something at a steady pace until it is over; the milliseconds that each took."""
    loop, took, doing = asyncio.get_running_loop(), list[float](), set[asyncio.Task[None]]()

    async def once() -> None:
        began = loop.time()
        await deed()
        took.append(1000 * (loop.time() - began))

    due = loop.time()
    while not over.is_set():
        doing.add(task := asyncio.create_task(once()))
        task.add_done_callback(doing.discard)
        due += seconds
        await asyncio.sleep(max(0.0, due - loop.time()))
    await asyncio.gather(*doing)
    return took


def acknowledging(poster: Poster, hub: Hub, founded: Founded) -> Callable[[], Awaitable[None]]:
    """Somebody works in the storming organization: each call is a change."""
    root = f"/api/v1/orgs/{founded.organization}/incidents"
    with Asker(hub.port, founded.api_key) as asker:
        ids = [incident["id"] for incident in asker.json(f"{root}?status=open&limit=50")["data"]]
    turns = itertools.cycle((verb, id) for verb in ("acknowledge", "unacknowledge") for id in ids)

    async def once() -> None:
        verb, id = next(turns)
        status = await poster.post(f"{root}/{id}/{verb}", founded.api_key, b"{}")
        if status != 200:
            raise SystemExit(f"{verb} was answered {status}")

    return once


def signing_in(poster: Poster, hub: Hub, founded: Founded) -> Callable[[], Awaitable[None]]:
    """Somebody signs in with a browser."""
    said = msgspec.json.encode({"email": founded.email, "password": founded.password})

    async def once() -> None:
        origin = f"Origin: http://127.0.0.1:{hub.port}\r\nSec-Fetch-Site: same-origin\r\n"
        status = await poster.post("/api/v1/session", "", said, origin)
        if status != 201:
            raise SystemExit(f"signing in was answered {status}")

    return once


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def largest(pids: list[int], over: asyncio.Event) -> float:
    """The most that one of them had, looked at each second."""
    most = 0.0
    while not over.is_set():
        most = max(most, *(rss_mib(pid) for pid in pids))
        await asyncio.sleep(1)
    return most


async def storm(
    hub: Hub, founded: Founded, beside: Founded, sql: asyncpg.Connection, seconds: float
) -> dict[str, float]:
    """The named figures of one storm."""
    key = founded.integration_key or ""
    await flood(hub.folder, hub.port, request(hub.port, PATH, key, alert()), count=50)
    await idle(sql)
    async with Poster(hub.port) as people, Poster(hub.port) as sender:
        watch, over = Watch(sender, beside), asyncio.Event()
        socket = await connect(hub, beside)
        watching = asyncio.create_task(watch.line.watch(socket, 10**9))
        asyncio.get_running_loop().call_later(QUIET_SECONDS, over.set)
        await every(NEIGHBOUR_EVERY, watch.post, over)
        quiet, over = await watch.ms(10), asyncio.Event()
        first = len(watch.line.due)
        doing = asyncio.gather(
            every(NEIGHBOUR_EVERY, watch.post, over),
            every(ACKNOWLEDGE_EVERY, acknowledging(people, hub, founded), over),
            every(SIGN_IN_EVERY, signing_in(people, hub, founded), over),
            largest([hub.child("web"), hub.child("worker")], over),
        )
        wanted = request(hub.port, PATH, key, alert())
        seen = await flood(hub.folder, hub.port, wanted, CONNECTIONS, RATE, seconds, distinct=PROBLEMS)
        over.set()
        began = time.monotonic()
        _, acknowledged, signed_in, most = await doing
        stormy = await watch.ms(first)
        await idle(sql)
        drained = time.monotonic() - began
        socket.close()
        await asyncio.wait([watching], timeout=5)
    return _figures(seen, quiet, stormy, acknowledged, signed_in) | {
        "storm_rss_mib": round(most),
        "storm_drain_s": round(drained, 1),
        "neighbour_refused": watch.refused,
    }


def _figures(
    seen: Seen, quiet: list[float], stormy: list[float], acknowledged: list[float], signed_in: list[float]
) -> dict[str, Any]:
    return {
        "storm_offered_per_s": RATE,
        "storm_sent_per_s": round(seen.sent / seen.seconds),
        "storm_accepted_per_s": round(seen.accepted / seen.seconds),
        "storm_accept_p50_ms": round(seen.accepted_p50_ms, 1),
        "storm_accept_p99_ms": round(seen.accepted_p99_ms, 1),
        "storm_refused_share": round(seen.refused / max(seen.sent, 1), 3),
        "storm_refuse_p99_ms": round(seen.refused_p99_ms, 1),
        "storm_refused_without_retry_after": seen.refused - seen.retry_after,
        "storm_failed": seen.failed + seen.unanswered,
        "neighbour_quiet_p99_ms": round(p99(quiet), 1),
        "neighbour_p99_ms": round(p99(stormy), 1),
        "storm_ack_p99_ms": round(p99(acknowledged), 1),
        "storm_sign_in_p99_ms": round(p99(signed_in), 1),
    }
