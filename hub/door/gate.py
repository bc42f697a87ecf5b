"""Door: whether this process takes requests yet, and still, and how many are under way."""

from __future__ import annotations

import asyncio

from hub.door.pulse import Pulse


class Gate:
    """Counts requests from their headers to their answer, so that a drain can wait for the last one.

    It opens when the database's role and schema were seen to be right; until then only health answers.
    """

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.is_open = False
        self.is_draining = False
        self.under_way = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def enter(self) -> None:
        """A request has come."""
        self.under_way += 1
        self._empty.clear()

    def leave(self) -> None:
        """A request was answered, or its sender has gone."""
        self.under_way -= 1
        if self.under_way == 0:
            self._empty.set()

    async def drain(self, seconds: float) -> bool:
        """Mark the process as leaving and wait for the requests under way; False when time ran out."""
        self.is_draining = True
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
