"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN = 0.1


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel until they have ended; what they raise is theirs.

    Once is not enough: before Python 3.12 `wait_for`, which redis-py uses inside, swallows a cancellation
    that arrives together with its answer, and the loop around it would go on for ever.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at, so that nobody reports it as forgotten
