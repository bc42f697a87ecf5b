"""How late events are with a thousand streams: after the doorbell rang, and after they were due."""

from __future__ import annotations

import statistics

from bench.crowded import Crowded
from bench.line import p99
from bench.writer import Writer

CALM = (10.0, 1)  # events a second, and in one transaction
BUSY = (500.0, 10)
FULL = (2000.0, 40)


async def delays(crowded: Crowded, seconds: float) -> dict[str, float]:
    """p50 and p99 over the events, in milliseconds, each until it had reached the last of all streams."""
    writer = crowded.writer
    calm = await _run(crowded, *CALM, seconds)
    figures = _since(calm, writer.rung_at, "publish_to_last")
    busy = await _run(crowded, *BUSY, seconds)
    figures |= _since(busy, writer.due_at, "commit_to_socket_500")
    full = await _run(crowded, *FULL, seconds)
    figures |= _since(full, writer.rung_at, "sustained_2000")
    rate = len(full) / (writer.rung_at[-1] - writer.due_at[0])
    return figures | {"sustained_2000_rate": round(rate, 1)}


async def _run(crowded: Crowded, rate: float, each: int, seconds: float) -> list[float]:
    writer: Writer = crowded.writer
    writer.forget()
    await crowded.drain.watch(round(rate * seconds / each) * each)
    await writer.commit_steadily(rate, each, seconds)
    return (await crowded.drain.last()).last_at


def _since(seen: list[float], then: list[float], name: str) -> dict[str, float]:
    late = [1000 * (at - began) for at, began in zip(seen, then, strict=True)]
    return {f"{name}_p50_ms": round(statistics.median(late), 1), f"{name}_p99_ms": round(p99(late), 1)}
