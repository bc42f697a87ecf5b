"""One clock for all connections: each has its turn once a period, spread evenly over it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
dice = random.SystemRandom()


class Wheel(Generic[T]):
    """Calls `beat(thing)` once a `period` for each thing on it, in `slots` small bursts."""

    def __init__(self, beat: Callable[[T], None], period: float, slots: int = 60) -> None:
        self._beat = beat
        self._slots: list[set[T]] = [set() for _ in range(slots)]
        self._slot_of: dict[T, set[T]] = {}
        self._tick = period / slots
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, thing: T) -> None:
        """Put it at a random place, so that connections that came together do not beat together."""
        slot = dice.choice(self._slots)
        slot.add(thing)
        self._slot_of[thing] = slot

    def remove(self, thing: T) -> None:
        """Take it off; one that is not on it is no error."""
        self._slot_of.pop(thing, set()).discard(thing)

    def start(self) -> None:
        """Turn."""
        self._timer = asyncio.get_running_loop().call_later(self._tick, self._turn)

    def stop(self) -> None:
        """Stand still."""
        if self._timer is not None:
            self._timer.cancel()

    def _turn(self) -> None:
        self.start()
        slot = self._slots[self._next]
        self._next = (self._next + 1) % len(self._slots)
        for thing in list(slot):
            if thing in slot:  # another's beat may have removed it
                self._beat(thing)
