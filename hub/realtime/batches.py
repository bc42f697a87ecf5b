"""Frames, built once for each range and view and shared by all connections that need them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from hub.contract import frames
from hub.domain.resume import Place
from hub.domain.sight import View
from hub.realtime.chunks import SIZE, Chunks, floor
from hub.realtime.classes import Classes
from hub.realtime.feed import Feed
from hub.realtime.reader import Reader
from hub.services.cursors import Cursors

BYTES_MAX: Final = 64 * 1024
KEPT: Final = 64

_encoder = msgspec.json.Encoder()


class Batch(NamedTuple):
    """The range up to `end`: its frame, or None when the view contains nothing of it."""

    end: int
    frame: bytes | None
    events: int


class Batches:
    """Builds frames out of one chunk each: at most 64 KiB (but one event at least), so at most 256 events."""

    def __init__(self, chunks: Chunks, cursors: Cursors, clock: Callable[[], datetime]) -> None:
        self._chunks = chunks
        self._cursors = cursors
        self._clock = clock
        self.classes = Classes()
        self._kept: OrderedDict[tuple[int, int, int, int, View], Batch] = OrderedDict()

    def next(self, reader: Reader) -> Batch | None:
        """What comes after the reader's position, which is below the head; None when it is not in memory."""
        end = min(reader.feed.prefix.head, floor(reader.position) + SIZE)
        generation = self._chunks.generation(reader.feed.tenant)
        key = (generation, reader.told, reader.position, end, reader.view)  # a short hash might be another's
        batch = self._kept.get(key)
        if batch is None:
            batch = self._build(reader)
            if batch is not None:
                self._kept[key] = batch
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return batch

    def cursor(self, feed: Feed, position: int, view_hash: bytes) -> str:
        """The opaque text of one place in one view."""
        place = Place(epoch=feed.prefix.epoch, position=position, view=view_hash)
        return self._cursors.write(feed.tenant, place)

    def mark(self, reader: Reader) -> bytes:
        """Everything up to the reader's position was sent."""
        cursor = self.cursor(reader.feed, reader.position, reader.view_hash)
        return _encoder.encode(frames.Mark(cursor=cursor, at=self._clock()))

    def reset(self, reader: Reader, reason: str) -> bytes:
        """Drop your state; the stream goes on at the reader's position."""
        cursor = self.cursor(reader.feed, reader.position, reader.view_hash)
        return _encoder.encode(frames.Reset(reason=reason, cursor=cursor))

    def _build(self, reader: Reader) -> Batch | None:
        events = self._chunks.after(reader.feed.tenant, reader.position)
        if events is None:
            return None
        end, size, bodies = reader.position, 0, list[bytes]()
        for event in events:
            if reader.view.sees(event):
                size += len(event.body)
                if bodies and size > BYTES_MAX:
                    break
                bodies.append(event.body)
            end = event.position
        if not bodies:
            return Batch(end, None, 0)
        after = self.cursor(reader.feed, reader.told, reader.view_hash)
        cursor = self.cursor(reader.feed, end, reader.view_hash)
        return Batch(end, frames.events(after, cursor, bodies), len(bodies))
