"""What the worker does with kept alerts: how many a second of its CPU, judged, logged and sealed."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import asyncpg

from bench.accepting import PATH
from bench.crowd import Crowd
from bench.flood import alert, flood, request
from bench.hub import Hub
from bench.process import cpu_us
from hub.services.founding import Founded

SMALL, LARGE = 10_000, 1_000_000  # alerts that are stored already
FLAT_ROUNDS = 7
FLAT_COUNT = 1_000
TENANT = "SELECT tenant_id FROM organization WHERE slug = $1"

BATCH = 100
COUNT = 20_000  # alerts of a measurement
DONE_SECONDS = 600
LOOK_SECONDS = 0.02
REPEATED = 1_000  # problems that fire already
ROUNDS = 3
EVERY = """
    SELECT EXISTS (SELECT FROM inbox WHERE state = 'stored') OR EXISTS (SELECT FROM head WHERE unsealed)
"""


class Pace(NamedTuple):
    """Alerts by second of the worker's CPU, and by second of the clock."""

    per_core: float
    per_second: float


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that stands still for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def idle(sql: asyncpg.Connection) -> None:
    """Wait until nothing waits in an inbox and every log is sealed."""
    async with asyncio.timeout(DONE_SECONDS):
        while await sql.fetchval(EVERY):  # noqa: ASYNC110 - the database rings nobody
            await asyncio.sleep(LOOK_SECONDS)


async def pace(hub: Hub, sql: asyncpg.Connection, wanted: bytes, count: int) -> Pace:
    """Keep alerts while the worker stands still, then see what it takes to have all of them done."""
    worker = hub.child("worker")
    await idle(sql)
    with stopped(worker):
        seen = await flood(hub.folder, hub.port, wanted, connections=4, seconds=120, count=count // BATCH)
    if seen.accepted * BATCH != count:
        raise SystemExit(f"not all were accepted: {seen}")
    used, began = cpu_us(worker), time.monotonic()
    await idle(sql)
    return Pace(1e6 * count / (cpu_us(worker) - used), count / (time.monotonic() - began))


def bodies() -> dict[str, list[dict[str, Any]]]:
    """Batches: every alert a new incident; every alert a repeat of one that fires; and half of each."""
    fresh = [alert() for _ in range(BATCH)]
    known = [alert(f"known-{number % REPEATED}") for number in range(BATCH)]
    return {"new": fresh, "repeat": known, "mix": fresh[: BATCH // 2] + known[: BATCH // 2]}


async def processing(
    hub: Hub, founded: Founded, sql: asyncpg.Connection, count: int = COUNT
) -> dict[str, float]:
    """The named figures, medians of rounds in turn."""
    key, found = founded.integration_key or "", dict[str, list[Pace]]()
    for number in range(ROUNDS + 1):
        for name, body in bodies().items():
            seen = await pace(hub, sql, request(hub.port, PATH, key, body), count if number else 10 * BATCH)
            if number:  # the first one warms up
                found.setdefault(name, []).append(seen)
    figures = {
        "processed_per_core_s": found["mix"],
        **{f"processed_per_core_s_{n}": p for n, p in found.items()},
    }
    told = {name: round(statistics.median(one.per_core for one in paces)) for name, paces in figures.items()}
    return told | {
        f"processed_per_s_{name}": round(statistics.median(one.per_second for one in paces))
        for name, paces in found.items()
    }


async def flatness(
    hub: Hub, sql: asyncpg.Connection, organizations: tuple[Founded, Founded], large: int = LARGE
) -> dict[str, float]:
    """Processing with ten thousand stored alerts and with a million, in turn: median times of an alert."""
    for one, size in zip(organizations, (SMALL, large), strict=True):
        await idle(sql)
        crowd = Crowd(sql, await sql.fetchval(TENANT, one.organization))
        await crowd.grow(1_000)  # and ANALYZE: a plan for an empty table does not end
        await crowd.grow(size)
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(FLAT_ROUNDS + 1):
        for one, times in zip(organizations, took, strict=True):
            wanted = request(hub.port, PATH, one.integration_key or "", bodies()["mix"])
            seen = await pace(hub, sql, wanted, FLAT_COUNT)
            times += [1e6 / seen.per_second] if number else []
    small, big = (statistics.median(times) for times in took)
    name = "1m" if large == LARGE else f"{large // 1000}k"
    return {
        "process_10k_us": round(small),
        f"process_{name}_us": round(big),
        f"process_{name}_over_10k": round(big / small, 2),
    }
