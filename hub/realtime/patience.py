"""A question to a database that is busy or away, asked again for a while: the client stays, and waits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hub.domain.errors import Unavailable
from hub.metrics import STREAMS_WAITED

PATIENCE: Final = 5.0  # seconds; then the client is told to come back, which costs a handshake
PAUSE_MIN, PAUSE_MAX = 0.1, 1.0

Answer = TypeVar("Answer")
dice = random.SystemRandom()


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `ask` answers, which may be called again: it changes nothing. Raise what it raises, but
    Unavailable and TimeoutError only when 5 s are over."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + PATIENCE, PAUSE_MIN
    while True:
        try:
            return await ask()
        except (Unavailable, TimeoutError):
            if loop.time() + pause > until:
                raise
            STREAMS_WAITED.inc()
        await asyncio.sleep(pause * dice.uniform(0.5, 1))  # a crowd does not ask in step
        pause = min(2 * pause, PAUSE_MAX)
