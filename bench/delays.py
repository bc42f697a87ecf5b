"""How late events are with a thousand streams: after the doorbell rang, and after they were due."""

from __future__ import annotations

from bench.crowded import Crowded
from bench.line import p99
from bench.writer import Writer

CALM = (10.0, 1)  # events a second, and in one transaction
BUSY = (500.0, 10)
FULL = (2000.0, 40)


async def delays(crowded: Crowded, seconds: float) -> dict[str, float]:
    """p99 over the events, in milliseconds, each until it had reached the last of all streams."""
    calm = await _run(crowded, *CALM, seconds)
    rung = _since(calm, crowded.writer.rung_at)
    busy = await _run(crowded, *BUSY, seconds)
    due = _since(busy, crowded.writer.due_at)
    full = await _run(crowded, *FULL, seconds)
    return {
        "publish_to_last_p99_ms": rung,
        "commit_to_socket_500_p99_ms": due,
        "sustained_2000_p99_ms": _since(full, crowded.writer.rung_at),
        "sustained_2000_rate": round(len(full) / (crowded.writer.rung_at[-1] - crowded.writer.due_at[0]), 1),
    }


async def _run(crowded: Crowded, rate: float, each: int, seconds: float) -> list[float]:
    writer: Writer = crowded.writer
    writer.forget()
    await crowded.drain.watch(round(rate * seconds / each) * each)
    await writer.commit_steadily(rate, each, seconds)
    return (await crowded.drain.last()).last_at


def _since(seen: list[float], then: list[float]) -> float:
    return round(1000 * p99([at - began for at, began in zip(seen, then, strict=True)]), 1)
