"""Door: how late the event loop turns, measured by a tick that asks to be called in time."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.metrics import LOOP_LAG

TICK_SECONDS: Final = 0.25
STUCK_SECONDS: Final = 5.0
TOLD_SECONDS: Final = 10.0  # so that whoever probes now and then hears of it


class Pulse:
    """Ticks on the loop that it is started on. What stands still cannot answer: that it did is told for ten
    seconds after it goes on, by the same answers that were missing before."""

    def __init__(self) -> None:
        self._due = 0.0
        self._stuck_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick."""
        self._wait(asyncio.get_running_loop())

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def is_stuck(self) -> bool:
        """Whether the loop has stood still for more than five seconds, ten seconds ago or less. What comes
        before the tick that is overdue counts as well."""
        if self._timer is None:
            return False
        now = asyncio.get_running_loop().time()
        return now < self._stuck_until or now - self._due > STUCK_SECONDS

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + TICK_SECONDS
        self._timer = loop.call_at(self._due, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        lag = now - self._due
        LOOP_LAG.observe(lag)
        if lag > STUCK_SECONDS:
            self._stuck_until = now + TOLD_SECONDS
        self._wait(loop)
