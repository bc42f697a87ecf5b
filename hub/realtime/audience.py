"""Readers at one place of one feed who see and speak the same: one frame, handed to all of them in a row."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from hub.metrics import EVENTS_SENT
from hub.realtime.batches import Batch, Scene
from hub.realtime.reader import Reader

Busy = tuple[Reader, asyncio.Future[None]]
Failed = tuple[Reader, Exception]


class Served(NamedTuple):
    """What became of one slice of a pass: how long it was, whose frame has not drained, who raised what."""

    reached: int
    busy: list[Busy]
    failed: list[Failed]


class Audience:
    """All its readers are at `position`, but for those whom the pass under way has not reached.

    A pass hands one batch to everybody, in slices; who leaves meanwhile goes on from where it really is. A
    reader was reached exactly when its `told` is the batch's end: every frame says so.
    """

    def __init__(self, scene: Scene, position: int) -> None:
        self.scene = scene
        self.position = position
        self.readers: dict[Reader, None] = {}
        self.spent = 0.0  # seconds that the pass under way has taken
        self.waiting: set[Reader] | None = None  # while it rests: who stands elsewhere and would join
        self._before = position
        self._batch: Batch | None = None
        self._left: list[Reader] = []
        self._first = 0

    @property
    def is_passing(self) -> bool:
        """Whether a batch is on its way through the rows."""
        return bool(self._left)

    def join(self, reader: Reader) -> None:
        """Take in a reader that stands where we stand; not during a pass."""
        self.readers[reader] = None
        reader.audience = self

    def leave(self, reader: Reader) -> None:
        """Let a reader go on by itself."""
        del self.readers[reader]
        reader.audience = None
        reader.position = self._before if self._left and reader.told != self.position else self.position

    def begin(self, batch: Batch) -> None:
        """Take the next batch; where the view contains nothing of it, that is all."""
        self._before, self.position = self.position, batch.end
        if self.readers and not batch.is_empty:
            rows = list(self.readers)
            self._batch = batch
            self._first = (self._first + 1) % len(rows)  # nobody is always the last
            self._left = rows[self._first :] + rows[: self._first]

    def serve(self, most: int) -> Served:
        """Hand the batch of the pass to the next `most` readers."""
        batch = self._batch
        if batch is None:
            return Served(0, [], [])
        before, end, gone = self._before, batch.end, 0
        common = batch.frames.get(before)  # what all need but those who were told less
        turn, busy, failed = self._left[-most:], list[Busy](), list[Failed]()
        for reader in turn:  # what a delivery costs: here nothing is called but the kernel
            if reader.audience is not self:
                gone += 1
                continue
            rest = b""
            if common is not None and reader.told == before and not reader.pending:
                push = reader.push
                try:
                    sent = push(common)
                except OSError:
                    sent = 0  # the slow way finds out why
                if sent == len(common):
                    reader.told = end
                    continue
                rest = common[sent:]
            try:
                drained = reader.send(rest or batch.frame(reader.told))
            except Exception as error:  # a bug; it must not cost the others their turn
                failed.append((reader, error))
                continue
            reader.told = end
            common = batch.frames.get(before)
            if drained is not None:
                busy.append((reader, drained))
        del self._left[-most:]
        EVENTS_SENT.inc(batch.count * (len(turn) - gone))
        return Served(len(turn), busy, failed)
