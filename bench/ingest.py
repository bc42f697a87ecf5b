"""The intake: what accepting and processing cost, at any size and in a storm, through real processes."""

from __future__ import annotations

import argparse
import asyncio

import msgspec

from bench.accepting import accepting
from bench.crowd import administrator
from bench.drain import compiled
from bench.hub import Hub, fsync_ms, running
from bench.process import machine
from bench.processing import COUNT, flatness, processing
from bench.storm import storm

GOALS = {
    "accept_over_bare": "<= 1.35",
    "core_insert_over_accept": ">= 3",
    "batched_events_per_cpu_s": ">= 20000",
    "processed_per_core_s": ">= 3000",
    "process_1m_over_10k": "<= 1.5",
    "storm_accept_p99_ms": "<= 250",
    "storm_refuse_p99_ms": "<= 50",
    "storm_rss_mib": "<= 512",
    "storm_drain_s": "<= 300",
    "neighbour_p99_ms": "<= 500, and twice the quiet one",
    "storm_ack_p99_ms": "<= 500",
    "storm_sign_in_p99_ms": "<= 2000",
}
STORM_SECONDS = 60
PARTS = ("accept", "process", "flat", "storm")


async def measure(hub: Hub, parts: list[str], is_quick: bool) -> dict[str, float]:
    """The named figures of the parts that were asked for; prints as it goes."""
    compiled("flood", hub.folder)
    first, second, third, fourth = [await hub.found(name) for name in ("first", "second", "third", "fourth")]
    sql = await administrator(hub)
    found: dict[str, float] = {"fsync_ms": round(fsync_ms(hub.folder), 3)}
    for part in parts:
        if part == "accept":
            more = await accepting(hub, first, 7 if is_quick else 15)
        elif part == "process":
            more = await processing(hub, second, sql, COUNT // 10 if is_quick else COUNT)
        elif part == "storm":
            more = await storm(hub, first, second, sql, STORM_SECONDS / 4 if is_quick else STORM_SECONDS)
        else:
            more = await flatness(hub, sql, (third, fourth), *([100_000] if is_quick else []))
        for name, value in more.items():
            goal = f"   (goal: {GOALS[name]})" if name in GOALS else ""
            print(f"{name:34} {value:>10}{goal}", flush=True)
        found |= more
    await sql.close()
    return found


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 100,000 alerts, a storm of 15 s")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; all without it")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object as the last line")
    arguments = parser.parse_args()
    print(machine())
    with running() as hub:
        found = asyncio.run(measure(hub, arguments.only or list(PARTS), arguments.quick))
    print(f"fdatasync {found['fsync_ms']} ms; afterwards: {machine().rpartition(', ')[2]}")
    if arguments.json:
        print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
