"""Moves every connection from its position towards the head; a slow one gets bigger batches, not a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from itertools import islice
from typing import Final

import structlog

from hub.logs import Seldom
from hub.metrics import EVENTS_SENT, INVARIANTS_BROKEN, RESETS
from hub.realtime.batches import Batches
from hub.realtime.chunks import SIZE
from hub.realtime.feed import Feed
from hub.realtime.prefix import Hole
from hub.realtime.reader import Reader

SLICE: Final = 500  # connections served before the loop may do something else
BLOCKED_MAX: Final = 20.0  # seconds that one frame may take to drain
RETRY: Final = 1.0

log = structlog.get_logger()


class Pump:
    """Serves the readers that something happened for, once each turn of the loop, in order of their wish."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._readers: dict[Feed, set[Reader]] = {}
        self._ready: dict[Reader, None] = {}
        self._busy: dict[Reader, float] = {}  # oldest first
        self._waiting: dict[tuple[Feed, int], set[Reader]] = {}
        self._fetches: set[asyncio.Task[None]] = set()
        self._is_scheduled = False
        self._failed = Seldom(log.warning)

    def add(self, reader: Reader) -> None:
        """Serve this reader from its position on."""
        self._readers.setdefault(reader.feed, set()).add(reader)
        self.wake([reader])

    def remove(self, reader: Reader) -> None:
        """Serve it no more."""
        readers = self._readers.get(reader.feed, set())
        readers.discard(reader)
        if not readers:
            self._readers.pop(reader.feed, None)
        self._ready.pop(reader, None)

    def moved(self, feed: Feed) -> None:
        """A feed's head went on."""
        self.wake(self._readers.get(feed, ()))

    def restarted(self, feed: Feed, reason: str) -> None:
        """A feed began anew: its readers drop what they have."""
        for reader in self._readers.get(feed, ()):
            reader.reset = reason
        self.moved(feed)

    def wake(self, readers: Iterable[Reader]) -> None:
        """Serve these in the next turn of the loop, however often they are named until then."""
        self._ready.update(dict.fromkeys(readers))
        if self._ready and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def beat(self, reader: Reader) -> bool:
        """Send a mark unless something else is on its way; whether the connection was free for it."""
        if reader.busy_since is not None or reader.held or reader.reset:
            return False
        self._mark(reader)
        return True

    def cut_blocked(self) -> None:
        """Drop the connections whose frame has been in flight for too long."""
        latest = asyncio.get_running_loop().time() - BLOCKED_MAX
        for reader, since in list(self._busy.items()):
            if since > latest:
                return
            reader.cut()

    def stop(self) -> None:
        """Give up what is being fetched."""
        for fetch in self._fetches:
            fetch.cancel()

    def _turn(self) -> None:
        self._is_scheduled = False
        turn = list(islice(self._ready, SLICE))
        for reader in turn:
            del self._ready[reader]
        failed: Exception | None = None
        for reader in turn:
            try:
                self._serve(reader)
            except Exception as error:  # a bug; it must not cost the others their turn
                failed = error
                reader.cut()
        self.wake(())
        if failed is not None:
            raise failed

    def _serve(self, reader: Reader) -> None:
        if reader.busy_since is not None or reader.held or reader.waits:
            return
        head = reader.feed.prefix.head
        if reader.reset:
            self._reset(reader, head)
        elif reader.position < head:
            self._advance(reader)
        elif reader.replays:
            reader.replays = False
            if reader.told < reader.position:
                self._mark(reader)  # the past tells no timing; once live, marks come by the clock alone

    def _reset(self, reader: Reader, head: int) -> None:
        RESETS.labels(reader.reset).inc()
        reader.position = reader.told = head
        frame = self._batches.reset(reader, reader.reset)
        reader.reset = ""
        self._send(reader, frame)

    def _advance(self, reader: Reader) -> None:
        batch = self._batches.next(reader)
        if batch is None:
            self._fetch(reader)
            return
        reader.position = batch.end
        if batch.frame is None:
            self.wake([reader])
            return
        reader.told = batch.end
        EVENTS_SENT.inc(batch.events)
        self._send(reader, batch.frame)

    def _mark(self, reader: Reader) -> None:
        reader.told = reader.position
        self._send(reader, self._batches.mark(reader))

    def _send(self, reader: Reader, frame: bytes) -> None:
        drained = reader.send(frame)
        if drained is None:
            self.remove(reader)
            return
        reader.busy_since = self._busy[reader] = asyncio.get_running_loop().time()
        drained.add_done_callback(partial(self._drained, reader))

    def _drained(self, reader: Reader, sent: asyncio.Future[None]) -> None:
        reader.busy_since = None
        self._busy.pop(reader, None)
        if reader.drained is not None:
            reader.drained.set_result(None)
            reader.drained = None
        if sent.cancelled() or sent.exception() is not None:
            self.remove(reader)
        elif reader in self._readers.get(reader.feed, ()):
            self.wake([reader])

    def _fetch(self, reader: Reader) -> None:
        """Read the chunk that the reader needs, once for all that need it now."""
        reader.waits = True
        key = (reader.feed, reader.position // SIZE)
        if key in self._waiting:
            self._waiting[key].add(reader)
            return
        self._waiting[key] = {reader}
        fetch = asyncio.create_task(self._fetch_chunk(*key))
        self._fetches.add(fetch)
        fetch.add_done_callback(self._fetches.discard)

    async def _fetch_chunk(self, feed: Feed, index: int) -> None:
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
        self.wake(readers & self._readers.get(feed, set()))
