"""The life of one stream, whatever carries it: listen first, then authorise, resume, and watch the rights."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import structs

from hub.contract import frames
from hub.domain import resume
from hub.domain.access import Grant
from hub.domain.resume import Plan
from hub.domain.sight import View
from hub.metrics import STREAMS_ENDED
from hub.realtime.classes import MOST
from hub.realtime.consumers import Holder
from hub.realtime.feed import Feed
from hub.realtime.opening import RETRY, Opening
from hub.realtime.patience import patiently
from hub.realtime.reader import Line, Reader
from hub.realtime.wish import Wish
from hub.services import views

if TYPE_CHECKING:
    from hub.realtime.station import Station

AUTHORISE_AGAIN: Final = 1.0
EXPIRE_AGAIN: Final = 0.5


class Follower:
    """A Grant that is kept true, and the reader that lives on it, over a line of whatever transport."""

    def __init__(self, station: Station, grant: Grant, line: Line) -> None:
        self.grant = grant
        self.line = line
        self.is_over = False
        self.sight: View | None = None  # what was last proven that it may see, and asked for
        self.holder: Holder | None = None  # of the consumer that it is for
        self._station = station
        self._feeds: list[Feed] = []
        self._reader: Reader | None = None
        self._doubts = 0  # events that put the Grant in doubt, and how many of them it has outlived
        self._settled = 0
        self._wish = Wish()
        self._beginning = asyncio.Lock()
        self._anew: asyncio.Task[None] | None = None
        self._authorising: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the log goes on behind what was sent."""
        reader = self._reader
        return reader is not None and reader.audience is None and reader.position < reader.feed.prefix.head

    @property
    def is_unsettled(self) -> bool:
        """Whether it has not begun, or its rights are in doubt: nothing may be sent."""
        return self._reader is None or self._is_in_doubt()

    async def start(self, wish: Wish) -> None:
        """Follow the organization (and the person whose session it is), then begin."""
        for tenant in [self.grant.tenant, *([self.grant.person] if self.grant.person else [])]:
            feed = await patiently(partial(self._station.follow, tenant))
            self._feeds.append(feed)
            feed.watchers.add(self)
            if self.is_over:  # closed while we waited
                self.stop()
                return
        await self.begin(wish)

    async def begin(self, wish: Wish) -> None:
        """Begin, or begin again: authorise, plan, welcome, go. Else it ends the stream."""
        async with self._beginning:
            taken = await self._station.consumers.take(self, wish)
            if taken is not None:
                self._wish = taken
                await self._begin(taken.after, is_new=True)

    def anew(self, reason: str) -> None:
        """Begin with the state, since what was sent means nothing any more."""
        self._anew = asyncio.create_task(self._begin_anew(reason), name="begin anew")

    def fall_behind(self) -> None:
        """Let it dial again: it reads too slowly, and there is no state for it to begin with."""
        self.end("slow_reader", "What comes has waited too long to be read; dial again with your cursor.")

    def suspect(self) -> None:
        """An event may have changed what this stream rests on: it stands still until that was read again."""
        self._doubts += 1
        self._hold()

    def beat(self) -> None:
        """A heartbeat: a mark, and a ping where the transport has one."""
        if self._reader is not None and self._station.pump.beat(self._reader):
            self.line.ping()

    def goaway(self, after: float) -> None:
        """Ask the client to dial again within `after` seconds."""
        self._tell(frames.Goaway(after_ms=round(after * 1000), reason="restart"))

    def end(self, code: str, message: str, retry_ms: int | None = None) -> None:
        """Say why (an error frame), then close with the code of contract/frames.py."""
        if self.is_over:
            return
        self._tell(frames.Error(code=code, message=message, retry_ms=retry_ms))
        self.close(code)

    def close(self, code: str) -> None:
        """Close without an error frame: after a goaway."""
        if not self.is_over:
            self.stop()
            STREAMS_ENDED.labels(code).inc()
            self.line.end(frames.CLOSE_CODES[code], code)

    def stop(self) -> None:
        """Nothing more is sent; give back what it held. Safe twice."""
        self.is_over = True
        self._drop_reader()
        if self._expiry is not None:
            self._expiry.cancel()
        for task in (self._authorising, self._anew):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        while self._feeds:
            feed = self._feeds.pop()
            feed.watchers.discard(self)
            self._station.leave(feed)

    async def _begin_anew(self, reason: str) -> None:
        async with self._beginning:
            await self._station.attempt(self, self._begin(None, is_new=False, reason=reason))

    async def _begin(self, after: str | None, is_new: bool, reason: str = "") -> None:
        if self._reader is not None:
            await self._reader.idle()
            self._drop_reader()
        while await self._authorise():
            feed = self._feeds[0]
            view = self._share(feed, self._view())
            if view is None:
                return
            try:
                plan = await self._plan(feed, after, view)
                if plan is None or self.is_over:
                    return
                reason = reason or plan.reason
                if self._wants_state(after, reason):
                    opening = Opening(self._station, self.line, feed, view, self.holder)
                    position = await opening.tell(self.grant, is_new, reason, self._is_in_doubt)
                    if position is None:  # it changed under our hands
                        is_new, reason, after = False, reason or "view", None
                        continue
                    reader = Reader(feed, view, position, self.line)
                else:
                    reader = Reader(feed, view, plan.position, self.line)
                    reader.reset, reader.owed = reason, plan.owed
                    ends = self.grant.expires_at
                    self._tell(self._station.welcome(feed, reader, plan.mode, ends, self.holder))
                self._go(reader)
                return
            finally:
                if self._reader is None:
                    self._station.batches.classes.leave(feed.tenant, view)

    def _view(self) -> View:
        return structs.replace(views.view(self.grant), filter=self._wish.filter)

    def _wants_state(self, after: str | None, reason: str) -> bool:
        wanted = self._wish.snapshot
        return wanted == "always" or (wanted == "auto" and (after is None or reason != ""))

    def _is_in_doubt(self) -> bool:
        return self.is_over or self._settled != self._doubts

    async def _plan(self, feed: Feed, after: str | None, view: View) -> Plan | None:
        """Where to go on; None for a cursor that means nothing, which has ended the stream."""
        place = self._station.cursors.read(feed.tenant, after) if after else None
        if after and place is None:
            self.end("cursor_invalid", "This cursor is not one of this organization; start without it.")
            return None
        plan = resume.plan(place, feed.prefix.epoch, feed.prefix.head, view.hash)
        if plan.mode == "ahead":
            await patiently(feed.behind)  # another process may be a second ahead of this one
            plan = resume.plan(place, feed.prefix.epoch, feed.prefix.head, view.hash, sure=True)
        return plan

    def _go(self, reader: Reader) -> None:
        if self._wish.snapshot != "never":
            reader.anew = self.anew
        reader.too_slow = self.fall_behind
        self._reader = reader
        self._look(reader.view)
        self._station.pump.add(reader)
        self._station.wheel.add(self)
        if self._settled != self._doubts:
            self._hold()

    def _look(self, view: View) -> None:
        self.sight = view
        if self.holder is not None:
            self.holder.see(self._feeds[0], view)
        self._station.presence.anew(self)

    def _hold(self) -> None:
        if self._reader is not None:
            self._station.pump.hold(self._reader)
            if self._authorising is None:
                self._authorising = asyncio.create_task(self._authorise_again(), name="authorise again")

    def _share(self, feed: Feed, view: View) -> View | None:
        """The view as others have it; None where it would be one too many, and the stream has been ended."""
        shared = self._station.batches.classes.enter(feed.tenant, view)
        if shared is None:
            many = f"The streams of this organization have {MOST} different views here, which is the most."
            self.end("too_many_streams", many, RETRY.max)
        return shared

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._station.wheel.remove(self)
            self._station.pump.remove(self._reader)
            self._station.batches.classes.leave(self._reader.feed.tenant, self._reader.view)
            self._reader = None

    async def _authorise(self) -> bool:
        """Read the rights until no event has put them in doubt meanwhile; False when they are gone."""
        while not self.is_over:
            doubts = self._doubts
            grant = await patiently(partial(self._station.still, self.grant))
            if grant is None:
                self._end_without_rights()
            elif doubts == self._doubts and not self.is_over:
                self._settled = doubts
                self.grant = grant
                self._expire()
                return not self.is_over
        return False

    async def _authorise_again(self) -> None:
        """Let the reader go on, perhaps with another view. While the database is away it stands still."""
        try:
            while True:
                if await self._has_rights():
                    return
                await asyncio.sleep(AUTHORISE_AGAIN)
        finally:
            self._authorising = None

    async def _has_rights(self) -> bool:
        """Whether the question was answered; a stream whose rights are gone has been ended by then."""
        try:
            if not await self._authorise() or self._reader is None:
                return True
        except Exception as error:
            self._station.troubled("a stream waits to be authorised again", error=repr(error))
            return False
        view, reader = self._view(), self._reader
        if view != reader.view:
            shared = self._share(reader.feed, view)
            if shared is None:
                return True
            self._station.batches.classes.leave(reader.feed.tenant, reader.view)
            reader.look(shared)
            self._look(shared)
            reader.reset = "view"
        self._station.pump.release(reader)
        return True

    def _expire(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if self.grant.expires_at is not None:
            # What ends may be one role of several; and it has ended when the database says so, whose clock
            # may be behind ours: then it is asked again, by and by.
            left = (self.grant.expires_at - self._station.ports.clock()).total_seconds()
            self._expiry = asyncio.get_running_loop().call_later(max(EXPIRE_AGAIN, left), self.suspect)

    def _end_without_rights(self) -> None:
        ends = self.grant.expires_at
        if ends is not None and ends <= self._station.ports.clock():
            self.end("expired", "Sign in again, or use a newer key.")
        else:
            self.end("revoked", "Your access to this organization has ended.")

    def _tell(self, frame: frames.Frame) -> None:
        sent = self.line.tell(frame)
        if sent is not None:
            sent.add_done_callback(_ignore)


def _ignore(sent: asyncio.Future[None]) -> None:
    """A frame that did not reach a closed connection is no error; on_close cleans up."""
    if not sent.cancelled():
        sent.exception()
