"""The same answer without us: a stock Tornado handler in its own process, without authentication or SQL."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bench.asker import Asker
from hub.embedded.keep import choose_port

START_SECONDS = 10


class Said(msgspec.Struct):
    """An answer as the hub gave it."""

    path: str
    headers: list[tuple[str, str]]
    body: str

    @classmethod
    def by(cls, asker: Asker, path: str) -> Said:
        """What the hub says to a GET; Tornado makes three of the headers by itself."""
        body = asker.ask("GET", path).decode()
        lines = [line.split(": ", 1) for line in asker.headers.decode().split("\r\n")[1:]]
        own = {"Date", "Content-Length", "Server"}
        return cls(path, [(name, value) for name, value in lines if name not in own], body)


class Bare(RequestHandler):
    """As a Tornado program would answer: it encodes the object anew, and sets every header."""

    def initialize(self, headers: list[tuple[str, str]], said: Any) -> None:
        """Take what to say."""
        self.headers, self.said = headers, said

    def get(self) -> None:
        """Say it."""
        for name, value in self.headers:
            self.set_header(name, value)
        self.write(msgspec.json.encode(self.said))


@contextmanager
def served(said: Said, folder: Path) -> Iterator[tuple[int, int]]:
    """(port, process id) of a server that answers one path."""
    port = choose_port(None)
    file = folder / "said.json"
    file.write_bytes(msgspec.json.encode(said))
    server = subprocess.Popen([sys.executable, "-m", "bench.bare", str(port), str(file)])
    try:
        wait_for(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int) -> None:
    """Return once something listens there."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the bare server did not start")


async def _serve(port: int, said: Said) -> None:
    given = {"headers": said.headers, "said": msgspec.json.decode(said.body)}
    HTTPServer(Application([(said.path.partition("?")[0], Bare, given)])).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Said)))
