"""What we touch of Tornado's own parts, all here, with a test that fails when a release changes them."""

from __future__ import annotations

import socket
from typing import Final, cast

from tornado.iostream import IOStream
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

SEND_BUFFER: Final = 128 * 1024  # else a client that never reads hides behind megabytes in the kernel
UNACKNOWLEDGED_MS: Final = 30_000


def tune(handler: WebSocketHandler) -> IOStream:
    """Set up the socket of an open WebSocket and return its stream, which `close()` cuts without a word.

    `handler.close()` would wait for a slow client behind its backlog; the stream does not. TCP_USER_TIMEOUT
    (RFC 5482) ends a connection whose other end acknowledges nothing.
    """
    handler.set_nodelay(True)  # Tornado leaves Nagle's algorithm on
    stream = cast(WebSocketProtocol13, handler.ws_connection).stream
    if stream.closed():
        return stream
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    return stream
