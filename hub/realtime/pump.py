"""Moves every connection from its position towards the head; a slow one gets bigger batches, not a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from hub.contract import frames
from hub.domain.sight import View
from hub.metrics import EVENTS_SENT, INVARIANTS_BROKEN, RESETS
from hub.realtime.audience import Audience
from hub.realtime.batches import Batches, Scene
from hub.realtime.feed import Feed
from hub.realtime.fetches import Fetches
from hub.realtime.reader import Reader, Sent
from hub.realtime.slow import Slow

SLICE: Final = 500  # connections served before the loop may do something else
REST_MIN: Final = 0.001  # seconds between two passes of one audience; less is none


class Pump:
    """Serves audiences, whose readers are at the head, in passes; every other reader by itself.

    A reader leaves its audience for whatever makes it different: a frame that does not drain, a reset, rights
    in doubt; once it stands at the head again it joins the audience of its scene.
    """

    def __init__(self, batches: Batches, clock: Callable[[], datetime]) -> None:
        self._batches = batches
        self._clock = clock
        self._readers: dict[Feed, set[Reader]] = {}
        self._audiences: dict[Feed, dict[tuple[View, str], Audience]] = {}
        self._due: dict[Audience, None] = {}
        self._ready: dict[Reader, None] = {}
        self._slow = Slow()
        self._fetches = Fetches(self._fetched)
        self._is_scheduled = False

    def add(self, reader: Reader) -> None:
        """Serve this reader from its position on."""
        self._readers.setdefault(reader.feed, set()).add(reader)
        self.wake([reader])

    def remove(self, reader: Reader) -> None:
        """Serve it no more."""
        self._part(reader)
        readers = self._readers.get(reader.feed, set())
        readers.discard(reader)
        if not readers:
            self._readers.pop(reader.feed, None)
            self._audiences.pop(reader.feed, None)
        self._ready.pop(reader, None)

    def moved(self, feed: Feed) -> None:
        """A feed's head went on."""
        self._due.update(dict.fromkeys(self._audiences.get(feed, {}).values()))
        self._schedule()

    def restarted(self, feed: Feed, reason: str) -> None:
        """A feed began anew: its readers drop what they have."""
        for reader in self._readers.get(feed, ()):
            self._part(reader)
            reader.reset = reason
        self.wake(self._readers.get(feed, ()))

    def hold(self, reader: Reader) -> None:
        """Send it nothing more until it is released: its rights are in doubt."""
        self._part(reader)
        reader.held = True

    def release(self, reader: Reader) -> None:
        """Go on."""
        reader.held = False
        self.wake([reader])

    def wake(self, readers: Iterable[Reader]) -> None:
        """Serve these in the next turn of the loop, however often they are named until then."""
        self._ready.update(dict.fromkeys(readers))
        self._schedule()

    def beat(self, reader: Reader) -> bool:
        """Send a mark unless something else is on its way; whether the connection was free for it."""
        audience = reader.audience
        if audience is not None:
            if audience.is_passing:
                return False
            audience.settle(reader)
        if reader.busy_since is not None or reader.held or reader.reset or reader.owed:
            return False
        self._mark(reader)
        return True

    def cut_blocked(self) -> None:
        """Drop the connections whose frame has been in flight for too long; to be called once a second."""
        self._slow.look()

    def stop(self) -> None:
        """Give up what is being fetched."""
        self._fetches.stop()

    def _fetched(self, feed: Feed, readers: set[Reader]) -> None:
        self.wake(readers & self._readers.get(feed, set()))

    def _schedule(self) -> None:
        if (self._due or self._ready) and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        failed: list[tuple[Reader, Exception]] = []
        room = SLICE
        while self._due and room > 0:
            audience = next(iter(self._due))
            del self._due[audience]
            room -= self._pass(audience, room, failed)
        turn = list(islice(self._ready, SLICE))
        for reader in turn:
            del self._ready[reader]
        for reader in turn:
            try:
                self._serve(reader)
            except Exception as error:  # a bug; it must not cost the others their turn
                failed.append((reader, error))
        for reader, _ in failed:
            reader.line.cut()
        self._schedule()
        if failed:
            raise failed[-1][1]

    def _pass(self, audience: Audience, room: int, failed: list[tuple[Reader, Exception]]) -> int:
        """Serve a slice of an audience; how many connections that were. Until the head it stays due, behind
        those who wait."""
        scene = audience.scene
        if not audience.is_passing:
            if audience.waiting is not None or audience.position >= scene.feed.prefix.head:
                return 0
            if not audience.readers:
                return 0
            batch = self._batches.next(scene, audience.position)
            if batch is None or batch.reset:  # each of them fetches what it needs, or begins anew
                apart = list(audience.readers)
                for reader in apart:
                    audience.leave(reader)
                self.wake(apart)
                return 0
            audience.begin(batch)
        reached = self._serve_slice(audience, room, failed) if audience.is_passing else 1
        if audience.is_passing or audience.position < scene.feed.prefix.head:
            self._due[audience] = None
        return reached

    def _serve_slice(self, audience: Audience, room: int, failed: list[tuple[Reader, Exception]]) -> int:
        clock = asyncio.get_running_loop().time
        began = clock()
        served = audience.serve(room)
        audience.spent += clock() - began
        if not audience.is_passing:
            self._rest(audience)
        for reader, drained in served.busy:
            self._part(reader)
            self._is_sent(reader, drained)
        failed += served.failed
        return served.reached

    def _rest(self, audience: Audience) -> None:
        rest = audience.rest()
        if rest >= REST_MIN:
            audience.waiting = set()
            asyncio.get_running_loop().call_later(rest, self._rise, audience)

    def _rise(self, audience: Audience) -> None:
        waiting, audience.waiting = audience.waiting or set(), None
        feed = audience.scene.feed
        if audience.position < feed.prefix.head:
            self._due[audience] = None
        self.wake(waiting & self._readers.get(feed, set()))

    def _serve(self, reader: Reader) -> None:
        if reader.busy_since is not None or reader.held or reader.waits or reader.audience is not None:
            return
        head = reader.feed.prefix.head
        if reader.reset:
            self._reset(reader, head)
        elif reader.owed is not None:
            frame = self._batches.owed(self._scene(reader), reader.position, reader.owed)
            reader.owed = None
            self._is_sent(reader, reader.send(frame))
        elif reader.position < head:
            self._advance(reader)
        elif reader.replays:
            reader.replays = False
            if reader.told < reader.position:
                self._mark(reader)  # the past tells no timing; once live, marks come by the clock alone
            reader.line.live()
            self.wake([reader])
        else:
            self._join(reader)

    def _join(self, reader: Reader) -> None:
        audiences = self._audiences.setdefault(reader.feed, {})
        key = (reader.view, reader.line.encoding.name)
        audience = audiences.get(key)
        is_beyond = audience is not None and audience.position > reader.position  # its next mark ends that
        if audience is None or not audience.readers or is_beyond:
            audience = audiences[key] = Audience(self._scene(reader), reader.position)
        if not audience.is_passing and audience.position == reader.position:
            audience.join(reader)
        elif audience.waiting is not None:
            audience.waiting.add(reader)
        else:
            self.wake([reader])  # it catches up within this turn or the next

    def _scene(self, reader: Reader) -> Scene:
        return Scene(reader.feed, reader.view, reader.view_hash, reader.line.encoding)

    def _part(self, reader: Reader) -> None:
        if reader.audience is not None:
            reader.audience.leave(reader)

    def _reset(self, reader: Reader, head: int) -> None:
        RESETS.labels(reader.reset).inc()
        reader.owed = None
        if reader.anew is not None:
            reader.held = True  # until somebody else begins with the state
            reader.anew(reader.reset)
            return
        reader.position = reader.told = head
        cursor = self._batches.cursor(reader.feed, head, reader.view_hash)
        frame = frames.Reset(reason=reader.reset, cursor=cursor)
        reader.reset = ""
        self._is_sent(reader, reader.line.tell(frame))

    def _advance(self, reader: Reader) -> None:
        batch = self._batches.next(self._scene(reader), reader.position)
        if batch is None:
            self._fetches.ask(reader)
            return
        if not batch.is_empty and self._slow.is_too_late(reader, batch.first) and self._gives_up(reader):
            return
        reader.position = batch.end
        reader.reset = batch.reset
        if batch.is_empty:
            self.wake([reader])
            return
        frame = batch.frame(reader.told)
        reader.told = batch.end
        EVENTS_SENT.inc(batch.count)
        self._is_sent(reader, reader.send(frame))

    def _gives_up(self, reader: Reader) -> bool:
        """Have it begin anew with the state, or on another connection; whether one of them is possible."""
        reader.late = None
        if reader.anew is not None:
            reader.reset = "overflow"
            self.wake([reader])
        elif reader.too_slow is not None:
            reader.too_slow()
        else:
            return False
        return True

    def _mark(self, reader: Reader) -> None:
        if not reader.told <= reader.position <= reader.feed.prefix.head:  # it would tell what is not so
            INVARIANTS_BROKEN.labels("I9").inc()
            reader.reset = "trimmed"
            self.wake([reader])
            return
        reader.told = reader.position
        if reader.audience is not None:
            reader.audience.note(reader)
        cursor = self._batches.cursor(reader.feed, reader.position, reader.view_hash)
        drained = reader.line.tell(frames.Mark(cursor=cursor, at=self._clock()))
        if drained is not None:
            self._part(reader)
            self._is_sent(reader, drained)

    def _is_sent(self, reader: Reader, drained: Sent) -> None:
        """Go on with this reader, at once or when what it was sent has drained."""
        if drained is None:
            self.wake([reader])
            return
        self._slow.begin(reader)
        drained.add_done_callback(partial(self._drained, reader))

    def _drained(self, reader: Reader, sent: asyncio.Future[None]) -> None:
        self._slow.end(reader)
        if sent.cancelled() or sent.exception() is not None:
            self.remove(reader)
        elif reader in self._readers.get(reader.feed, ()):
            self.wake([reader])
