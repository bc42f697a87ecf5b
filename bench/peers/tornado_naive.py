"""Tornado as its documentation shows it: `write_message` to each handler."""

import asyncio

from lines import obey
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

handlers: set[WebSocketHandler] = set()


class Stream(WebSocketHandler):
    def check_origin(self, origin: str) -> bool:
        return True

    def open(self) -> None:
        handlers.add(self)

    def on_close(self) -> None:
        handlers.discard(self)


def send(text: str) -> None:
    for handler in handlers:
        handler.write_message(text)


async def main() -> None:
    sockets = bind_sockets(0, "127.0.0.1", backlog=4096)
    HTTPServer(Application([("/", Stream)])).add_sockets(sockets)
    await obey(sockets[0].getsockname()[1], send)


asyncio.run(main())
