"""Says again what it is told, over the protocol class and the way out of the hub's stream."""

from __future__ import annotations

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from hub.contract.frames import CLOSE_CODES
from hub.realtime import wire
from hub.realtime.encodings import message
from hub.realtime.inbound import Violation
from hub.realtime.wire import Socket, Straight

MOST = 16 * 1024 * 1024  # the longest message of the suite


class Echo(Socket):
    """A text goes the hub's own way; bytes, which the hub never sends, go Tornado's."""

    max_message_size = MOST

    def open(self) -> None:
        self._straight = Straight(wire.socket_stream(self))

    async def on_message(self, said: str | bytes) -> None:
        if isinstance(said, str):
            sent = self._straight.send(message(said.encode()))
            if sent is not None:
                await sent
        else:
            await self.write_message(said, binary=True)

    def violated(self, violation: Violation) -> None:
        self.close(CLOSE_CODES[violation.word], violation.word)


def serve() -> str:
    """Serve on a free port of the running loop; the address."""
    [listening] = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/", Echo)]), max_buffer_size=2 * MOST)
    server.add_sockets([listening])
    return f"ws://127.0.0.1:{listening.getsockname()[1]}"
