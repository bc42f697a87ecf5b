"""Rounds in turn: CPU per delivery of several servers, so that what else is done here meets all of them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from bench.drain import Drain

GAP_SECONDS = 0.01
IDLE_SECONDS = 3.0


class Server(Protocol):
    """The hub, the floor, or a peer."""

    name: str
    drain: Drain

    @property
    def cpu(self) -> float:
        """Microseconds used so far."""

    async def send(self, size: int, count: int) -> None:
        """`count` events to all connections; returns when they are there."""


class Cost(NamedTuple):
    """Microseconds of CPU per event and connection: the median of the rounds, and the best and worst."""

    median: float
    best: float
    worst: float


async def idle_rate(server: Server) -> float:
    """Microseconds of CPU per second that a server uses while nothing is sent."""
    used, began = server.cpu, time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    return (server.cpu - used) / (time.monotonic() - began)


async def compare(
    servers: Sequence[Server], size: int, count: int, times: int, rounds: int
) -> dict[str, Cost]:
    """`rounds` rounds of `times` sends of `count` events, each server in its turn; what a server uses while
    idle, measured just before, is taken off."""
    idle = {server.name: await idle_rate(server) for server in servers}
    found: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        for server in servers:
            cost = await _round(server, size, count, times, idle[server.name])
            if number:  # the first one warms up
                found[server.name].append(cost)
    return {name: Cost(statistics.median(all), min(all), max(all)) for name, all in found.items()}


async def _round(server: Server, size: int, count: int, times: int, idle: float) -> float:
    used, began = server.cpu, time.monotonic()
    for _ in range(times):
        await server.send(size, count)
        await asyncio.sleep(GAP_SECONDS)
    spent = server.cpu - used - idle * (time.monotonic() - began)
    return spent / (times * count * server.drain.count)
