"""Door: a body is bounded while it arrives; what is too much is drained, but for its end, then told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)

from hub.door.server import StrictStream

SALVAGE_MAX = 64 * 1024
END_MAX = 1024
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Arrived(HTTPServerRequest):
    """A request as Bounded leaves it. `is_cut`: its body was too large, and only the beginning is there;
    `end` is then what it ended with, where some clients put their key."""

    is_cut: bool
    end: bytes


class Bounded(HTTPMessageDelegate):
    """Takes a request from Tornado's connection until its handler can `begin`.

    Tornado answers its own limit with an empty 400, and an answer that is sent before the body is drained
    reaches the client as a reset. So the rest of a body above `limit` bytes is read and forgotten (up to the
    server's max_body_size), and the handler then finds `request.is_cut`.
    """

    def __init__(
        self,
        request: Arrived,
        limit: int,
        entered: Callable[[], None],
        left: Callable[[], None],
        begin: Callable[[], object],
    ) -> None:
        self._request = request
        self._limit = limit
        self._entered, self._left, self._begin = entered, left, begin
        self._chunks: list[bytes] = []
        self._size = 0
        self._end = b""
        stream = getattr(request.connection, "stream", None)
        self._stream = stream if isinstance(stream, StrictStream) else None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._request.is_cut = False
        self._entered()
        # Tornado would parse a form's body before any handler sees it, and refuse a sender who posts JSON
        # under a form's name (curl -d does); without the name it is bytes like any other body.
        if headers.get("Content-Type", "").startswith(FORMS):
            del headers["Content-Type"]
        if self._stream is not None:
            self._stream.wait_for_body()
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._size += len(chunk)
        if self._request.is_cut:
            self._end = (self._end + chunk[-END_MAX:])[-END_MAX:]
            return None
        self._chunks.append(chunk)
        if self._size > self._limit:
            self._request.is_cut = True
            came = b"".join(self._chunks)
            self._chunks, self._end = [came[:SALVAGE_MAX]], came[-END_MAX:]
        return None

    def finish(self) -> None:
        if self._stream is not None:
            self._stream.body_came()
        self._request.body, self._request.end = b"".join(self._chunks), self._end
        self._chunks.clear()
        self._handling = self._begin()  # the loop itself would let go of a task that waits

    def on_connection_close(self) -> None:
        self._left()
