"""How a stream begins: the welcome, and the state as of one place of the log, if it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from hub.contract import frames
from hub.domain.access import Grant
from hub.domain.sight import View
from hub.realtime.consumers import Holder
from hub.realtime.feed import Feed
from hub.realtime.patience import patiently
from hub.realtime.reader import Line
from hub.services.snapshots import Snapshot

if TYPE_CHECKING:
    from hub.realtime.station import Station

HEARTBEAT: Final = 15.0
RETRY: Final = frames.Retry(min=200, max=5_000)
LIMITS: Final = frames.Limits(message_bytes=64 * 1024, messages_per_second=20)
DRAIN_SECONDS: Final = 20.0  # that one chunk may take; then the connection is dropped


def welcome(
    start: str, head: str, mode: str, expires_at: datetime | None, holder: Holder | None
) -> frames.Welcome:
    """The verdict on a resume."""
    return frames.Welcome(
        from_=start,
        head=head,
        mode=mode,
        heartbeat_ms=round(HEARTBEAT * 1000),
        retry=RETRY,
        limits=LIMITS,
        expires_at=expires_at,
        holder=holder.number if holder is not None else None,
    )


class Opening:
    """Tells one connection the state."""

    def __init__(
        self, station: Station, line: Line, feed: Feed, view: View, holder: Holder | None = None
    ) -> None:
        self._holder = holder
        self._station = station
        self._line = line
        self._feed = feed
        self._view = view

    async def tell(
        self, grant: Grant, is_new: bool, reason: str, is_in_doubt: Callable[[], bool]
    ) -> int | None:
        """Send the state, with the reason of a reset before it; the position that it is of. None when the
        log became another meanwhile, or the rights came into doubt: then what was sent means nothing."""
        generation = self._station.batches.generation(self._feed)
        taken = await patiently(partial(self._station.snapshots.take, grant, self._view, generation))
        if taken.epoch != self._feed.prefix.epoch or taken.position > self._feed.prefix.head:
            await patiently(self._feed.behind)
        if taken.epoch != self._feed.prefix.epoch or is_in_doubt():
            return None
        if generation != self._station.batches.generation(self._feed):
            return None  # something became private while the state was read
        cursor = self._cursor(taken.position)
        if is_new:
            head = self._cursor(self._feed.prefix.head)
            await self._tell(welcome(cursor, head, "snapshot", grant.expires_at, self._holder))
        if reason:
            await self._tell(frames.Reset(reason=reason, cursor=cursor))
        is_told = await self._tell_all(taken, cursor, is_in_doubt)
        return taken.position if is_told and taken.epoch == self._feed.prefix.epoch else None

    async def _tell_all(self, taken: Snapshot, cursor: str, is_in_doubt: Callable[[], bool]) -> bool:
        await self._tell(frames.Snapshot(phase="begin", cursor=cursor))
        for chunk in taken.chunks:
            if is_in_doubt():
                return False
            await self._tell(frames.Snapshot(phase="chunk", cursor=cursor, items=msgspec.Raw(chunk)))
        await self._tell(frames.Snapshot(phase="end", cursor=cursor, is_complete=taken.is_complete))
        return not is_in_doubt()

    async def _tell(self, frame: frames.Frame) -> None:
        drained = self._line.tell(frame)
        if drained is None:
            return
        try:
            await asyncio.wait_for(drained, DRAIN_SECONDS)
        except TimeoutError:
            self._line.cut()
            raise

    def _cursor(self, position: int) -> str:
        return self._station.batches.cursor(self._feed, position, self._view.hash)
