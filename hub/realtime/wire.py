"""What we touch of Tornado's own parts, all here, with a test that fails when a release changes them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sized
from typing import Final, cast

from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

SEND_BUFFER: Final = 128 * 1024  # else a client that never reads hides behind megabytes in the kernel
UNACKNOWLEDGED_MS: Final = 30_000


def socket_stream(handler: WebSocketHandler) -> IOStream:
    """The stream below an open WebSocket."""
    return cast(WebSocketProtocol13, handler.ws_connection).stream


def response_stream(handler: RequestHandler) -> IOStream:
    """The stream below a response whose headers have been flushed; what is written there is its body."""
    return cast(HTTP1Connection, handler.request.connection).stream


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
