"""A loop whose clock jumps to the next timer when nothing else is to do: no test waits for a real second."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
TURNS_MAX = 20_000  # turns of the loop in one second of its clock; whoever needs more is never done


class _Jumping(selectors.DefaultSelector):
    """Never sleeps: the time that a select would have taken is added to the clock. Raises RuntimeError in a
    loop that waits for nothing, and in one that is always busy, for which time would never pass."""

    now = 0.0
    _turns = 0
    _since = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("the test waits for something that nothing will bring")
        if not ready:
            self.now += timeout or 0.0
        self._turns += 1
        if self.now - self._since >= 1:
            self._turns, self._since = 0, self.now
        elif self._turns > TURNS_MAX:
            self._turns = 0  # so that it can still be ended
            raise RuntimeError("the loop is never idle")
        return ready


class Warped(asyncio.SelectorEventLoop):
    """Time passes only when nothing is ready."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        self.errors: list[dict[str, Any]] = []
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def work(self, seconds: float) -> None:
        """What is running takes so long."""
        self._jumping.now += seconds

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What a callback raises would only be logged."""
        self.errors.append(context)


def warped(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in warped time, end what it left, and raise what callbacks raised."""
    loop = Warped()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        done = runner.run(work)
    assert not loop.errors, loop.errors
    return done
