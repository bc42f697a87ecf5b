"""Server-Sent Events: the same stream as a response without an end, for EventSource and curl."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tornado.iostream import StreamClosedError

from hub.contract import frames
from hub.domain.errors import HubError, RateLimited, Unavailable
from hub.door.desk import Desk
from hub.door.request import Request
from hub.door.route import Route
from hub.realtime import wire, wish
from hub.realtime.encodings import Records
from hub.realtime.follower import Follower
from hub.realtime.reader import Sent
from hub.realtime.station import Station
from hub.realtime.wire import Straight
from hub.services import acknowledging

CONTENT_TYPE: Final = "text/event-stream"


class EventStream(Request):
    """`GET /api/v1/orgs/{org}/events/stream` (WHATWG HTML, section 9.2), guarded with `stream:follow`."""

    is_stream = is_endless = True
    query = wish.QUERY
    station: Station
    encoding: Records
    straight: Straight

    def initialize(self, route: Route, desk: Desk, **supplies: Any) -> None:
        """Make ready what a lost connection sets."""
        super().initialize(route, desk, **supplies)
        self._over = asyncio.Event()

    async def get(self, org: str) -> None:
        """Stream until either side ends it. `Last-Event-ID`, which EventSource sends again, beats `after`."""
        asked = wish.of_query(self)
        after = self.request.headers.get("Last-Event-ID") or asked.after
        wish.check(self, self.station.cursors, after)
        if asked.consumer:
            await acknowledging.find(self.desk.ports, self.grant, asked.consumer)
        self.station.admit(self.grant.tenant)
        is_old = self.request.version == "HTTP/1.0"
        self.encoding = Records(is_chunked=not is_old)
        self._set_headers()
        if is_old:
            self.set_header("Connection", "close")
        try:
            await self.flush()
        except StreamClosedError:  # the client is gone already
            return
        if self.request.method == "HEAD" or self._over.is_set():
            return
        self.straight = Straight(wire.response_stream(self))
        follower = Follower(self.station, self.grant, self)
        self.station.enter(follower)
        try:
            await self.station.begin(follower, asked._replace(after=after))
            await self._over.wait()
        finally:
            self.station.exit(follower)
        if is_old:
            self.straight.stream.close()

    def refuse(self, error: HubError) -> None:
        """Answer `error`. An EventSource gives up for good where the status is not 200 (WHATWG HTML, section
        9.2.3): so who asks as one does is told what passes by itself as a record, and dials again later."""
        asks_for_records = CONTENT_TYPE in self.request.headers.get("Accept", "")
        if not (asks_for_records and isinstance(error, Unavailable | RateLimited)):
            super().refuse(error)
            return
        self.problem_code = error.code
        word = "rate_limited" if isinstance(error, RateLimited) else "server_error"
        told = frames.Error(code=word, message=error.detail, retry_ms=error.retry_after * 1000)
        self.set_status(200)
        self._set_headers()
        self.finish(Records(is_chunked=False).tell(told))

    def send(self, frame: bytes) -> Sent:
        """Hand over records."""
        return self.straight.send(frame)

    def tell(self, frame: frames.Frame) -> Sent:
        """Hand over a record."""
        return self.straight.send(self.encoding.tell(frame))

    def live(self) -> None:
        """The client sees it by the cursors."""

    def ping(self) -> None:
        """The kernel finds out who is gone (TCP_USER_TIMEOUT): nobody answers a record."""

    def end(self, code: int, reason: str) -> None:
        """End the response; an `error` record has told why."""
        self._over.set()

    def cut(self) -> None:
        """Close the connection without a word."""
        self.straight.stream.close()
        self._over.set()

    def on_connection_close(self) -> None:
        """The client is gone."""
        self._over.set()

    def _set_headers(self) -> None:
        self.set_header("Content-Type", f"{CONTENT_TYPE}; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")  # nginx would collect it
