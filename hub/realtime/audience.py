"""Readers at one place of one feed who see and speak the same: one frame, handed to all of them in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Sized
from itertools import compress, count, repeat
from operator import call
from typing import Final, NamedTuple, TypeVar

from hub.metrics import EVENTS_SENT
from hub.realtime.batches import Batch, Scene
from hub.realtime.reader import Reader

REST_MAX: Final = 0.020  # seconds
LONG: Final = 16 * 1024  # bytes of a frame; from here on they cost the kernel more than the send itself

Busy = tuple[Reader, asyncio.Future[None]]
Failed = tuple[Reader, Exception]
Push = Callable[[bytes], int]
T = TypeVar("T")


class Served(NamedTuple):
    """What became of one slice of a pass: how long it was, whose frame has not drained, who raised what."""

    reached: int
    busy: list[Busy]
    failed: list[Failed]


class Audience:
    """All its readers are at `position`, and their last cursor is that of `told`, but for those whom the pass
    under way has not reached. What a reader says of the two itself is true once it was settled, or has left.

    A pass hands one batch to everybody, in slices; who leaves meanwhile goes on from where it really is.
    """

    def __init__(self, scene: Scene, position: int) -> None:
        self.scene = scene
        self.position = self.told = position
        self.readers: dict[Reader, int] = {}  # each with its row, during a pass
        self.spent = 0.0  # seconds that the pass under way has taken
        self.waiting: set[Reader] | None = None  # while it rests: who stands elsewhere and would join
        self._apart: set[Reader] = set()  # whose last cursor is another one, which they know
        self._before = self._told_before = position
        self._batch: Batch | None = None  # of the pass under way
        self._frame_bytes = 0
        self._rows: list[Reader] = []  # kept from pass to pass while nobody comes or goes
        self._pushes: list[Push] = []  # and what a send needs to know of each of them
        self._pendings: list[Sized] = []
        self._is_changed = False  # since the rows were lined up
        self._first = self._done = 0

    @property
    def is_passing(self) -> bool:
        """Whether a batch is on its way through the rows."""
        return self._batch is not None

    def join(self, reader: Reader) -> None:
        """Take in a reader that stands where we stand; not during a pass."""
        self.readers[reader] = -1
        self._change()
        reader.audience = self
        self.note(reader)

    def note(self, reader: Reader) -> None:
        """One of us has got a cursor of its own; not during a pass."""
        if reader.told != self.told:
            self._apart.add(reader)
        else:
            self._apart.discard(reader)

    def settle(self, reader: Reader) -> None:
        """Have one of us know its position, and what it was told."""
        is_ahead = self._is_waiting(reader)
        reader.position = self._before if is_ahead else self.position
        if reader not in self._apart or (self.is_passing and not is_ahead):
            reader.told = self._told_before if is_ahead else self.told

    def leave(self, reader: Reader) -> None:
        """Let a reader go on by itself."""
        self.settle(reader)
        row = self.readers.pop(reader)
        if self.is_passing:
            self._pushes[row] = _untried
        self._apart.discard(reader)
        self._change()
        reader.audience = None

    def begin(self, batch: Batch) -> None:
        """Take the next batch; where the view contains nothing of it, that is all."""
        self._before, self.position = self.position, batch.end
        if not self.readers or batch.is_empty:
            return
        if not self._rows:
            self._line_up()
        self._batch = batch
        self._told_before, self.told = self.told, batch.end
        for reader in self._apart:
            self._pushes[self.readers[reader]] = _untried
        self._first = (self._first + 1) % len(self._rows)  # nobody is always the last
        self._done = 0

    def serve(self, most: int) -> Served:
        """Hand the batch of the pass to the next `most` readers."""
        batch = self._batch
        if batch is None:
            return Served(0, [], [])
        frame = batch.frame(self._told_before)
        self._frame_bytes = len(frame)
        pushes = self._next(self._pushes, most)
        for row in compress(count(), self._next(self._pendings, most)):
            pushes[row] = _untried
        taken = _hand(pushes, frame)
        busy, failed, gone = list[Busy](), list[Failed](), 0
        if taken.count(len(frame)) < len(taken):
            for reader, sent in zip(self._next(self._rows, most), taken, strict=True):
                if sent == len(frame):
                    continue
                if reader.audience is not self:
                    gone += 1
                    continue
                try:
                    drained = reader.send(frame[sent:] if sent > 0 else batch.frame(self._told_of(reader)))
                except Exception as error:  # a bug; it must not cost the others their turn
                    failed.append((reader, error))
                    self.leave(reader)
                    continue
                if drained is not None:
                    busy.append((reader, drained))
        self._done += len(taken)
        EVENTS_SENT.inc(batch.count * (len(taken) - gone))
        if self._done == len(self._rows):
            self._batch = None
            if self._is_changed or self._apart:
                self._change()
            self._apart.clear()
        return Served(len(taken), busy, failed)

    def rest(self) -> float:
        """How many seconds to rest after a pass: for as long as it took, since a short frame costs the same
        whatever it carries, so that under load many events become few sends, and half of the loop is left to
        others. Where frames have become long, waiting for more saves nothing, and a quarter of that is left.
        """
        spent, self.spent = self.spent, 0.0
        return min(spent, REST_MAX) / (1 if self._frame_bytes < LONG else 4)

    def _line_up(self) -> None:
        self._rows = list(self.readers)
        self._pushes = [reader.push for reader in self._rows]
        self._pendings = [reader.pending for reader in self._rows]
        self.readers = dict(zip(self._rows, count()))
        self._is_changed = False

    def _next(self, rows: list[T], most: int) -> list[T]:
        """What the pass reaches next, of the rows or of what goes with each of them."""
        size = len(rows)
        first = (self._first + self._done) % size
        last = first + min(most, size - self._done)
        return rows[first:last] if last <= size else rows[first:] + rows[: last - size]

    def _change(self) -> None:
        """Have them lined up anew; until then nobody who has gone is kept."""
        self._is_changed = True
        if not self.is_passing:
            self._rows, self._pushes, self._pendings = [], [], []

    def _is_waiting(self, reader: Reader) -> bool:
        """Whether the pass under way has not reached this reader."""
        return self.is_passing and (self.readers[reader] - self._first) % len(self._rows) >= self._done

    def _told_of(self, reader: Reader) -> int:
        """What one that the pass has not reached was told."""
        return reader.told if reader in self._apart else self._told_before


def _hand(pushes: Sequence[Push], frame: bytes) -> list[int]:
    """What the kernel has taken of the frame on each of these ways: none of it where it was refused.

    What a delivery costs is here: nothing is called but the kernel, and nothing is looked at in between.
    """
    taken: list[int] = []
    sends = map(call, pushes, repeat(frame))
    while len(taken) < len(pushes):
        try:
            taken.extend(sends)  # which keeps what came before an error
        except OSError:
            taken.append(0)  # the slow way finds out why
    return taken


def _untried(frame: bytes) -> int:
    """The way of a reader that has to be looked at by itself."""
    return -1
