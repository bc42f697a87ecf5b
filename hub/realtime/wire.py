"""What we touch of Tornado's own parts, all here, with a test that fails when a release changes them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Sized
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, StreamClosedError
from tornado.util import _websocket_mask
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

from hub.realtime.inbound import Inbound, Violation, Whole

PIECE: Final = 64 * 1024
SEND_BUFFER: Final = 128 * 1024  # else a client that never reads hides behind megabytes in the kernel
UNACKNOWLEDGED_MS: Final = 30_000
NO_FIELDS: Final = HTTPHeaders()
TRUSTED: Final = frozenset[str]()

T = TypeVar("T")


class Brief(list[T], Generic[T]):
    """A queue that is nearly always empty. A deque takes room for 64 at once, and a stream has two."""

    __slots__ = ()

    def popleft(self) -> T:
        """Take the first."""
        return self.pop(0)


def socket_stream(handler: WebSocketHandler) -> IOStream:
    """The stream below an open WebSocket."""
    return cast(WebSocketProtocol13, handler.ws_connection).stream


def response_stream(handler: RequestHandler) -> IOStream:
    """The stream below a response whose headers have been flushed; what is written there is its body."""
    return cast(HTTP1Connection, handler.request.connection).stream


class Socket(WebSocketHandler):
    """A WebSocket that holds its client to RFC 6455 to the letter; the base of every one of ours."""

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Tornado's, with our reading of frames; None for a version that neither knows."""
        stock = cast(WebSocketProtocol13 | None, super().get_websocket_protocol())
        return Strict(self, mask_outgoing=False, params=stock.params) if stock else None

    def violated(self, violation: Violation) -> None:
        """Close, with the code of what the client did; whatever else is to be said is said before."""
        raise NotImplementedError


class Strict(WebSocketProtocol13):
    """Tornado's protocol, reading by the rules of realtime/inbound.py.

    Tornado's own reading echoes close codes that must not be sent, takes frames without a mask, looks at text
    only when all of it has come, and mostly hangs up without a word.
    """

    handler: Socket

    def __init__(self, handler: Socket, mask_outgoing: bool, params: Any) -> None:
        """The bound on messages is the handler's `max_message_size`."""
        super().__init__(handler, mask_outgoing, params)
        self._inbound = Inbound(params.max_message_size)

    async def _receive_frame(self) -> None:
        try:
            whole = await self._read_frame()
        except Violation as violation:
            await self._fail(violation)
        if whole is None:
            return
        if isinstance(whole.said, str):
            handled = self._run_callback(self.handler.on_message, whole.said)
        else:
            handled = self._handle_message(whole.opcode, whole.said)
        if handled is not None:
            await handled

    async def _read_frame(self) -> Whole | None:
        inbound = self._inbound
        first, second = await self._read_bytes(2)
        size = second & 0x7F
        if width := inbound.begin(first, second):
            size = int.from_bytes(await self._read_bytes(width), "big")
        inbound.measure(size)
        mask = await self._read_bytes(4)
        while size:
            piece = await self.stream.read_bytes(min(size, PIECE), partial=True)
            self._wire_bytes_in += len(piece)
            inbound.take(_websocket_mask(mask, piece))
            size -= len(piece)
            turn = len(piece) % 4
            mask = mask[turn:] + mask[:turn]
        return inbound.finish()

    async def _fail(self, violation: Violation) -> NoReturn:
        """Fail the connection (RFC 6455, section 7.1.7): say why, shut our side, and read nothing that comes.

        It is read away, since the kernel would answer it with a reset, which overtakes what we said. Tornado
        ends a close that takes longer than 5 s.
        """
        if self.server_terminated:  # and it was told
            raise StreamClosedError
        self.handler.violated(violation)
        await self.stream.write(b"")
        with contextlib.suppress(OSError):  # it is gone
            self.stream.socket.shutdown(socket.SHUT_WR)
        while True:
            await self.stream.read_bytes(PIECE, partial=True)


def lighten(handler: WebSocketHandler) -> None:
    """Give back what the handshake needed and an open WebSocket does not: a third of an idle one. To be done
    before its Straight is made, whose `pending` is one of the queues."""
    stream, connection = cast(Any, socket_stream(handler)), cast(Any, handler.request.connection)
    handler._headers = handler.request.headers = connection._request_headers = NO_FIELDS
    connection.context.trusted_downstream = TRUSTED
    cast(Any, handler).ui = None  # as Tornado does when it is done with a handler
    if not stream.closed() and not stream._write_futures and not stream._write_buffer:
        stream._write_futures, stream._write_buffer._buffers = Brief(), Brief()


class Straight:
    """The shortest way out of the process: while nothing is pending a frame goes to the socket directly, and
    only what the kernel did not take goes through Tornado, which then tells when it has drained.

    So a slow reader has at most one partial frame in our memory. Not for TLS, which ends in the proxy.
    """

    __slots__ = ("pending", "push", "stream")

    def __init__(self, stream: IOStream) -> None:
        """Set up the socket. TCP_USER_TIMEOUT (RFC 5482) ends a connection whose other end acknowledges
        nothing."""
        self.stream = stream
        self.pending: Sized = stream._write_futures
        self.push = stream.socket.send
        if stream.closed():
            return
        stream.set_nodelay(True)  # Tornado leaves Nagle's algorithm on
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)

    @property
    def waiting(self) -> int:
        """How many bytes the kernel has not taken yet; none where the stream is closed."""
        buffer: Sized | None = self.stream._write_buffer  # None from then on
        return len(buffer) if buffer is not None else 0

    def send(self, frame: bytes) -> asyncio.Future[None] | None:
        """Send; None when the kernel has taken all of it, else the future of its having drained."""
        if not self.pending:
            try:
                sent = self.push(frame)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self.stream.close(exc_info=error)
                sent = 0
            if sent == len(frame):
                return None
            frame = frame[sent:]
        try:
            return self.stream.write(frame)
        except StreamClosedError as error:
            gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            gone.set_exception(error)
            return gone
