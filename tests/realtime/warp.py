"""A loop whose clock jumps to the next timer when nothing else is to do: no test waits for a real second."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never sleeps: the time that a select would have taken is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("the test waits for something that nothing will bring")
        if not ready:
            self.now += timeout or 0.0
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
