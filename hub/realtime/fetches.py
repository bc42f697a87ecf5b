"""Chunks that readers wait for: each is asked for once, and everybody who needs it goes on together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hub.logs import Seldom
from hub.metrics import INVARIANTS_BROKEN
from hub.realtime.chunks import SIZE
from hub.realtime.feed import Feed
from hub.realtime.prefix import Hole
from hub.realtime.reader import Reader

RETRY: Final = 1.0

log = structlog.get_logger()


class Fetches:
    """`fetched` is told who may go on: with the chunk, with a reset where it has a hole, or to ask again."""

    def __init__(self, fetched: Callable[[Feed, set[Reader]], None]) -> None:
        self._fetched = fetched
        self._waiting: dict[tuple[Feed, int], set[Reader]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed = Seldom(log.warning)

    def ask(self, reader: Reader) -> None:
        """Read the chunk above the reader's position."""
        reader.waits = True
        key = (reader.feed, reader.position // SIZE)
        if key in self._waiting:
            self._waiting[key].add(reader)
            return
        self._waiting[key] = {reader}
        fetch = asyncio.create_task(self._fetch(*key))
        self._tasks.add(fetch)
        fetch.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Give up what is being fetched."""
        for task in self._tasks:
            task.cancel()

    async def _fetch(self, feed: Feed, index: int) -> None:
        reason = ""
        try:
            await feed.fetch(index * SIZE)
        except Hole as hole:
            INVARIANTS_BROKEN.labels("I1").inc()
            log.error("events are missing in PostgreSQL", tenant=str(feed.tenant), hole=str(hole))
            reason = "trimmed"
        except Exception as error:
            self._failed("a chunk could not be read", tenant=str(feed.tenant), error=repr(error))
            await asyncio.sleep(RETRY)
        finally:
            readers = self._waiting.pop((feed, index))
        for reader in readers:
            reader.waits = False
            reader.reset = reader.reset or reason
        self._fetched(feed, readers)
