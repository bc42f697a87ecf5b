"""Long-poll: the same stream, one batch a request, for whoever has nothing but HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Final

import msgspec

from hub.contract import frames
from hub.contract.ids import text
from hub.contract.resources import Written
from hub.domain.errors import Forbidden, HubError, NotFound, TakenOver, Unauthenticated, Unavailable
from hub.door.desk import Desk
from hub.door.problems import Reset
from hub.door.request import Request
from hub.door.route import Route
from hub.door.says import says
from hub.realtime import wish
from hub.realtime.chunks import SIZE
from hub.realtime.encodings import Content, CursorAt
from hub.realtime.follower import Follower
from hub.realtime.reader import Sent
from hub.realtime.station import Station

WAIT_MAX: Final = 60
TO_LIVE: Final = 10.0  # seconds that the way from the cursor to the head may take


class EventPage(msgspec.Struct, frozen=True):
    """The events in (after, cursor] that this client may see; `more` when the log goes on behind them.

    `hidden` names incidents to drop: the events took them out of what was asked for. With a consumer, give
    `holder` back with the next request, which is refused when somebody else has taken over meanwhile.
    """

    after: str
    cursor: str
    events: list[Written]
    hidden: list[str]
    more: bool
    holder: int | msgspec.UnsetType = msgspec.UNSET


class Pages:
    """Batches of at most `limit` events. The handler adds what only it knows."""

    def __init__(self, limit: int) -> None:
        self.most = limit
        self.name = f"page of {limit}"

    def events(self, after: str, cursor: str, batch: Content, cursor_at: CursorAt) -> bytes:
        """The members of an EventPage that are the same for whoever asks from before `after`."""
        return self.members(cursor, batch)

    def members(self, cursor: str, batch: Content) -> bytes:
        """Where it ends and what is in it."""
        members = b",".join(event.body for event in batch.events)
        hidden = b'"%s"' % text("incident", batch.hidden).encode() if batch.hidden is not None else b""
        return b'"cursor":"%s","events":[%s],"hidden":[%s]' % (cursor.encode(), members, hidden)

    def tell(self, frame: frames.Frame) -> bytes:
        """Nothing else is sent."""
        return b""


class Events(Request):
    """`GET /api/v1/orgs/{org}/events`, guarded with `stream:follow`."""

    is_stream = True
    station: Station
    straight = None
    encoding: Pages

    def initialize(self, route: Route, desk: Desk, **supplies: Any) -> None:
        """Make ready what a lost connection sets."""
        super().initialize(route, desk, **supplies)
        self._answered = asyncio.Event()
        self._live = asyncio.Event()
        self._batch = b""
        self._sent: asyncio.Future[None] | None = None
        self._from = self._cursor = ""
        self._refusal: HubError | None = None
        self._holder: int | None = None

    @says(
        EventPage,
        query={
            "after": "A cursor; without it, from now on.",
            "filter": wish.FILTER,
            "wait": f"How many seconds to wait for an event, 0 (the default) to {WAIT_MAX}.",
            "limit": f"At most so many events, 1 to {SIZE} (the default).",
            "ticket": wish.TICKET,
            "consumer": wish.CONSUMER,
            "holder": "With `consumer`: `holder` of the page before. `after` acknowledges all up to it.",
        },
        may=(Reset, TakenOver, NotFound),
        kept=True,
    )
    async def get(self, org: str) -> None:
        """The next events after a cursor; none, and a cursor that moved, when the wait is over."""
        wait, limit = self._number("wait", 0, 0, WAIT_MAX), self._number("limit", SIZE, 1, SIZE)
        asked = wish.of_query(self)._replace(snapshot="never", holder=self._held(), lasts=False)
        wish.check(self, self.station.cursors, asked.after)
        self.station.admit(self.grant.tenant)
        self.encoding = Pages(limit)
        follower = Follower(self.station, self.grant, self)
        self.station.enter(follower)
        try:
            await self.station.begin(follower, asked)
            if asked.consumer and asked.after == self._from and not follower.is_over:
                self.station.consumers.acknowledge(follower, self._from)
            await self._first(TO_LIVE, self._answered, self._live)
            if wait:
                await self._first(wait, self._answered)
            if not self._answered.is_set():
                follower.beat()
            more = follower.is_behind
        finally:
            self.station.exit(follower)
            if self._sent is not None:
                self._sent.cancel()  # else the pump would wait for it, and keep us, for ever
        if self._refusal is not None:
            raise self._refusal
        self._from = self._from or self._unmoved(asked.after)
        batch = self._batch or self.encoding.members(self._cursor or self._from, Content(()))
        held = b"" if self._holder is None else b',"holder":%d' % self._holder
        told = b"true" if more else b"false"
        body = b'{"after":"%s",%s,"more":%s%s}' % (self._from.encode(), batch, told, held)
        self.set_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        self.set_header("Cache-Control", "private, no-cache")  # a redaction must reach what a cache kept
        self.set_header("Content-Type", "application/json")
        if self.check_etag_header():
            self.set_status(304)
        else:
            self.write(body)

    def send(self, frame: bytes) -> Sent:
        """Keep the one batch that is answered; the pump gives no second one before it has drained."""
        self._batch = frame
        self._answered.set()
        self._sent = asyncio.get_running_loop().create_future()
        return self._sent

    def tell(self, frame: frames.Frame) -> Sent:
        """Take note of where it starts, of a mark, or of why there will be no events."""
        match frame:
            case frames.Welcome(from_=cursor, holder=holder):
                self._from, self._holder = cursor, holder
                return None
            case frames.Mark(cursor=cursor):
                self._cursor = cursor
                return None
            case frames.Reset(reason=reason, cursor=cursor):
                self._refusal = Reset(reason, cursor)
            case frames.Error(code="server_error" | "restart"):
                self._refusal = Unavailable(frame.message)
            case frames.Error(code="taken_over"):
                self._refusal = TakenOver(frame.message)
            case frames.Error(code="consumer_gone"):
                self._refusal = NotFound(frame.message)
            case frames.Error(code="forbidden"):
                self._refusal = Forbidden(frame.message)
            case frames.Error():
                self._refusal = Unauthenticated(frame.message)
        self._answered.set()
        return None

    def live(self) -> None:
        """Nothing is left of the past."""
        self._live.set()

    def ping(self) -> None:
        """A request is short."""

    def end(self, code: int, reason: str) -> None:
        """Answer with what there is."""
        self._answered.set()

    def cut(self) -> None:
        """Answer with what there is."""
        self._answered.set()

    def on_connection_close(self) -> None:
        """The client is gone."""
        self._answered.set()

    def _unmoved(self, after: str | None) -> str:
        """The client's own cursor, where this process leaves before it could begin: ask another one."""
        if after is None or self.station.cursors.read(self.grant.tenant, after) is None:
            raise Unavailable("This process takes no more streams; try again.", 1)
        return after

    def _held(self) -> int | None:
        text = self.get_query_argument("holder", "")
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
        if text:
            self.faults.add("/holder", "invalid", "holder is what the page before said.")
        return None

    def _number(self, name: str, usual: int, least: int, most: int) -> int:
        text = self.get_query_argument(name, str(usual))
        if not (text.isascii() and text.isdigit() and len(text) < 4 and least <= int(text) <= most):
            detail = f"{name} is a whole number from {least} to {most}."
            self.faults.add(f"/{name}", "invalid", detail)
            return usual
        return int(text)

    async def _first(self, seconds: float, *events: asyncio.Event) -> None:
        """Wait until one of them happens, or the time is over."""
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
