"""One read for many: a crowd that asks the same question at once asks the database once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Flight:
    """A read that waits for the one before it, or has begun."""

    __slots__ = ("has_begun", "reading")

    def __init__(self) -> None:
        self.has_begun = False
        self.reading: asyncio.Task[Any] | None = None


class Sharing:
    """Reads by key: one is under way, and one waits for its end, for all who asked meanwhile.

    Nobody gets the answer of a read that had begun before they asked: it may not know of a revocation that
    they know of.
    """

    def __init__(self) -> None:
        self._newest: dict[Hashable, Flight] = {}

    async def ask(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """What `read` answers, called after this was; raise what it raises."""
        flight = self._newest.get(key)
        if flight is None or flight.has_begun or flight.reading is None:
            before = flight.reading if flight else None
            flight = self._newest[key] = Flight()
            flight.reading = asyncio.create_task(self._read(key, flight, before, read))
        answer: Answer = await asyncio.shield(flight.reading)
        return answer

    async def _read(
        self,
        key: Hashable,
        flight: Flight,
        before: asyncio.Task[Any] | None,
        read: Callable[[], Coroutine[Any, Any, Answer]],
    ) -> Answer:
        if before is not None:
            await asyncio.wait([before])
        flight.has_begun = True
        try:
            return await read()
        finally:
            if self._newest.get(key) is flight:
                del self._newest[key]
