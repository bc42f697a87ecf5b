"""Who reads slowly: since when a frame is in flight, who is cut for it, and who has fallen too far behind."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from hub.metrics import INVARIANTS_BROKEN
from hub.realtime.reader import Reader

BLOCKED_MAX: Final = 20.0  # seconds that one frame may take to drain
LAG_MAX: Final = 15.0  # seconds that what a reader sees may wait for it, once it was live
BYTES_MAX: Final = 4 * 1024 * 1024  # in flight to one reader: a batch, or a chunk of the state, and replies

log = structlog.get_logger()


class Slow:
    """The readers with a frame in flight. They get bigger batches, not a longer queue; one that was live
    and falls behind all the same is quicker with the state, or with another connection."""

    def __init__(self) -> None:
        self._since: dict[Reader, float] = {}  # oldest first

    def begin(self, reader: Reader) -> None:
        """What it was sent has not drained."""
        reader.busy_since = self._since[reader] = asyncio.get_running_loop().time()

    def end(self, reader: Reader) -> None:
        """It has, or the connection is gone."""
        reader.busy_since = None
        self._since.pop(reader, None)
        if reader.drained is not None:
            reader.drained.set_result(None)
            reader.drained = None

    def look(self) -> None:
        """Cut the connections whose frame has been in flight for too long; note who of the others is behind.
        To be called about once a second."""
        now = asyncio.get_running_loop().time()
        for reader, since in list(self._since.items()):
            head = reader.feed.prefix.head
            if since <= now - BLOCKED_MAX or _is_heavy(reader):
                reader.line.cut()
            elif reader.late is None and not reader.replays and reader.position < head:
                reader.late = now, head

    def is_too_late(self, reader: Reader, first: int) -> bool:
        """Whether the next position that it sees has waited for too long. How many there are that it does not
        see counts for nothing, or a slow reader could tell."""
        if reader.late is None:
            return False
        since, head = reader.late
        if first > head:  # all that it was late with has been told
            reader.late = None
            return False
        return asyncio.get_running_loop().time() - since > LAG_MAX


def _is_heavy(reader: Reader) -> bool:
    """Whether a connection has more waiting than it may (I11), which cannot be: it is cut, and counted."""
    straight = reader.line.straight
    if straight is None or straight.waiting <= BYTES_MAX:
        return False
    INVARIANTS_BROKEN.labels("I11").inc()
    log.error("too much waits for a slow reader", bytes=straight.waiting)
    return True
