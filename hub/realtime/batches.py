"""Batches of events, built once for each range, view and encoding, and shared by all who need them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from hub.contract.kinds import VISIBILITY
from hub.domain.resume import Place
from hub.domain.sight import View
from hub.metrics import INVARIANTS_BROKEN
from hub.realtime.chunks import SIZE, Chunks, floor
from hub.realtime.classes import Classes
from hub.realtime.encodings import Content, Encoding
from hub.realtime.feed import Feed
from hub.services.cursors import Cursors
from hub.storage.log import LogEvent

log = structlog.get_logger()
BYTES_MAX: Final = 64 * 1024
KEPT: Final = 64
CURSORS_KEPT: Final = 1024

Key = tuple[int, int, int, View, str]


class Scene:
    """What readers of one feed share when they see the same and speak the same."""

    __slots__ = ("encoding", "feed", "view", "view_hash")

    def __init__(self, feed: Feed, view: View, view_hash: bytes, encoding: Encoding) -> None:
        self.feed = feed
        self.view = view
        self.view_hash = view_hash
        self.encoding = encoding


class Twice(Exception):
    """A reader would get an event again (I2)."""


class Batch:
    """The range above `start` and up to `end`; `count` is how many events of it the view contains. Without
    any, and without an incident to hide, there is no frame. With `reset`, its reason, there is none either:
    what the reader has is not the whole of what it sees."""

    def __init__(
        self, batches: Batches, scene: Scene, start: int, end: int, content: Content, reset: str = ""
    ) -> None:
        self.start = start
        self.end = end
        self.count = len(content.events)
        self.is_empty = not (content.events or content.hidden)
        self.first = content.events[0].position if content.events else end  # the first that it tells of
        self.reset = reset
        self.frames: dict[int, bytes] = {}
        self._batches = batches
        self._scene = scene
        self._content = content

    def frame(self, told: int) -> bytes:
        """The frame for a reader whose last cursor was the one of position `told`; raise Twice for one that
        has some of it."""
        frame = self.frames.get(told)
        if frame is None:
            if told > self.start:
                INVARIANTS_BROKEN.labels("I2").inc()
                raise Twice(f"told up to {told}, and given what follows {self.start}")
            scene, cursor = self._scene, self._cursor
            frame = scene.encoding.events(cursor(told), cursor(self.end), self._content, cursor)
            self.frames[told] = frame
        return frame

    def _cursor(self, position: int, owed: UUID | None = None) -> str:
        return self._batches.cursor(self._scene.feed, position, self._scene.view_hash, owed)


class Batches:
    """Builds batches out of one chunk each, or the last two: at most 64 KiB (but one event at least), at most
    256 events."""

    def __init__(self, chunks: Chunks, cursors: Cursors) -> None:
        self._chunks = chunks
        self._cursors = cursors
        self.classes = Classes()
        self._kept: OrderedDict[Key, Batch] = OrderedDict()
        self._written: OrderedDict[tuple[bytes, int, bytes, UUID | None], str] = OrderedDict()

    def next(self, scene: Scene, position: int) -> Batch | None:
        """What comes after `position`, which is below the head; None when it is not in memory."""
        feed = scene.feed
        head = feed.prefix.head
        end = floor(position) + SIZE
        if end >= floor(head - 1):  # the newest chunk, which grows, or the one before it
            end = head
        generation = self._chunks.generation(feed.tenant)
        # the view itself, since a short hash might be another's too
        key = (generation, position, end, scene.view, scene.encoding.name)
        batch = self._kept.get(key)
        if batch is None:
            batch = self._build(scene, position)
            if batch is not None:
                self._kept[key] = batch
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return batch

    def generation(self, feed: Feed) -> int:
        """A number that moves when what was read of a feed before may be seen by others now."""
        return self._chunks.generation(feed.tenant)

    def owed(self, scene: Scene, position: int, incident: UUID) -> bytes:
        """The frame for a reader that has the event at `position`, which took the incident out of the view,
        and was not told so."""

        def cursor(position: int, owed: UUID | None = None) -> str:
            return self.cursor(scene.feed, position, scene.view_hash, owed)

        return scene.encoding.events(
            cursor(position, incident), cursor(position), Content((), incident), cursor
        )

    def cursor(self, feed: Feed, position: int, view_hash: bytes, owed: UUID | None = None) -> str:
        """The opaque text of one place in one view; the last ones are kept, since crowds need the same."""
        key = (feed.prefix.epoch.bytes, position, view_hash, owed)
        text = self._written.get(key)
        if text is None:
            place = Place(epoch=feed.prefix.epoch, position=position, view=view_hash, owed=owed)
            text = self._written[key] = self._cursors.write(feed.tenant, place)
            if len(self._written) > CURSORS_KEPT:
                self._written.popitem(last=False)
        return text

    def _build(self, scene: Scene, position: int) -> Batch | None:
        events = self._chunks.after(scene.feed.tenant, position)
        if events is None:
            return None
        if not _is_dense(events, position):  # then nothing of it is sent, whatever has gone wrong
            INVARIANTS_BROKEN.labels("I3").inc()
            log.error("what is in memory is not the log", tenant=str(scene.feed.tenant), position=position)
            return Batch(self, scene, position, scene.feed.prefix.head, Content(()), "trimmed")
        view, end, size, seen = scene.view, position, 0, list[LogEvent]()
        hidden: UUID | None = None
        for event in events:
            if event.kind in VISIBILITY:
                gains, lost = view.gains(event), view.lost(event)
                if gains or lost:
                    if seen:
                        break  # it is told by itself: who has a cursor behind it has been told
                    hidden = event.incident if lost else None
                    return Batch(
                        self, scene, position, event.position, Content((), hidden), "view" if gains else ""
                    )
            if view.sees(event):
                size += len(event.body)
                if seen and (size > BYTES_MAX or len(seen) == scene.encoding.most):
                    break
                seen.append(event)
            end = event.position
            if seen and view.loses(event):
                hidden = event.incident
                break  # what comes later may bring it back
        return Batch(self, scene, position, end, Content(seen, hidden))


def _is_dense(events: Sequence[LogEvent], position: int) -> bool:
    """Whether these are what follows `position`, one after the other, and at least one."""
    return (
        len(events) > 0
        and events[0].position == position + 1
        and events[-1].position == position + len(events)
    )
