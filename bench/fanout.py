"""Fan-out: what it costs to bring an event to many, over a loop of send() in C, and beside other servers."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from bench import crowds
from bench.crowded import Crowded, crowded
from bench.delays import delays
from bench.drain import CLIENT_CORE, Drain, compiled
from bench.hub import Hub, running
from bench.peer import Peer
from bench.process import machine
from bench.rivals import RIVALS, Rival
from bench.rounds import Cost, compare

PARTS = ("idle", "costs", "peers", "delays", "many", "storm")
ROUNDS = 7
MANY = 5_000
BURST = 50
SETTINGS = {
    "HUB_STREAMS_PER_ORGANIZATION": "12000",
    "HUB_REQUESTS_PER_CREDENTIAL": "10000000",
    "HUB_REQUESTS_PER_ORGANIZATION": "10000000",
}
GOALS = {  # at most, or at least where the figure is a peer's
    "single_over_floor_1000": 1.35,
    "single_over_floor_5000": 1.35,
    "burst_over_floor": 1.35,
    "tornado_naive_over_hub": 6,
    "websockets_over_hub": 1.7,
    "socketio_over_hub": 20,
    "channels_over_hub": 20,
    "node_ws_over_hub": 1,
    "sustained_2000_p99_ms": 50,
    "publish_to_last_p99_ms": 15,
    "commit_to_socket_500_p99_ms": 250,
    "idle_kb": 18,
    "idle_10000_core": 0.1,
    "storm_seconds": 15,
    "storm_range_reads": 50,
}


class Run:
    """One run, which prints what it has as soon as it has it."""

    def __init__(self, folder: Path, parts: Collection[str], streams: int, seconds: int) -> None:
        self.folder = folder
        self.parts = parts
        self.streams = streams
        self.seconds = seconds
        self.figures: dict[str, float] = {}
        self._size = 0  # bytes of the hub's message of one event

    async def all(self, hub: Hub) -> None:
        """Every part that was asked for, in this order."""
        async with crowded(hub, self.folder) as ours:
            if "idle" in self.parts:  # first, while the process has no memory of earlier streams to give them
                self.note(await crowds.idle(ours, self.streams))
                await ours.drain.close()
            if not {"costs", "peers", "delays"}.isdisjoint(self.parts):
                await ours.fill(1000)
                await self.thousand(ours)
                await ours.drain.close()
            if "many" in self.parts:
                await ours.fill(MANY)
                floor = await self.single(ours, MANY)
                await floor.stop()
            if "storm" in self.parts:
                self.note(await crowds.storm(ours, self.streams))

    async def thousand(self, ours: Crowded) -> None:
        """What is measured with a thousand streams."""
        if "costs" in self.parts:
            await self.costs(ours)
        if "peers" in self.parts:
            await ours.send(0, 1)
            self._size = round(ours.size)
            for rival in RIVALS:
                await self.rival(ours, rival)
        if "delays" in self.parts:
            self.note(await delays(ours, self.seconds))

    async def costs(self, ours: Crowded) -> None:
        """One event and bursts to a thousand streams, of the hub and the floor in turn."""
        floor = await self.single(ours, 1000)
        await ours.send(0, BURST)
        found = await compare([ours, floor], round(ours.size), BURST, 10, ROUNDS)
        self._costs(found, "burst")
        self.note({"burst_over_floor": found["hub"].median / found["floor"].median})
        await floor.stop()

    async def rival(self, ours: Crowded, rival: Rival) -> None:
        """A peer and the hub in turn: one event, and bursts."""
        peer = await rival.start(self.folder, 1000)
        await asyncio.sleep(1)
        for what, count, times, rounds in (("single", 1, 10, 5), ("burst", BURST, 2, 3)):
            found = await compare([ours, peer], self._size, count, times, rounds)
            self._costs(found, what)
            ratio = found[rival.figure].median / found["hub"].median
            self.note({f"{rival.figure}_{what}": ratio} | ({rival.figure: ratio} if count == 1 else {}))
        await peer.stop()

    async def single(self, ours: Crowded, count: int) -> Peer:
        """One event to `count` streams, over the floor with as many, which is left running."""
        floor = await Peer.start("floor", [self.folder / "floor"], await Drain.start(self.folder))
        await floor.fill(count)
        await ours.send(0, 1)
        found = await compare([ours, floor], round(ours.size), 1, 20, ROUNDS)
        self._costs(found, f"single {count}")
        self.note({f"single_over_floor_{count}": found["hub"].median / found["floor"].median})
        return floor

    def note(self, figures: dict[str, float]) -> None:
        """Keep and print figures, with their goals."""
        for name, value in figures.items():
            self.figures[name] = round(value, 3)
            goal = f"  (goal {GOALS[name]})" if name in GOALS else ""
            print(f"{name:28} {value:9.3f}{goal}", flush=True)

    def _costs(self, found: dict[str, Cost], what: str) -> None:
        for name, cost in found.items():
            spread = f"{cost.best:.3f} to {cost.worst:.3f}"
            print(f"  {what}: {name} {cost.median:.3f} us per delivery, {spread}", flush=True)


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.fanout", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="costs and short delays alone")
    parser.add_argument("--only", choices=PARTS, help="a part by itself")
    parser.add_argument("--streams", type=int, default=crowds.STREAMS, help="how many are idle, and storm")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})  # and all that is started from here, but for the servers
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for program in ("drain", "floor"):
            compiled(program, folder)
        quick = ("costs", "delays") if arguments.quick else PARTS
        parts = (arguments.only,) if arguments.only else quick
        run = Run(folder, parts, arguments.streams, 5 if arguments.quick else 20)
        with running(settings=SETTINGS) as hub:
            asyncio.run(run.all(hub))
    if arguments.json:
        print(msgspec.json.encode(run.figures).decode())


if __name__ == "__main__":
    main()
