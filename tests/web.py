"""The public application on a real socket, and clients that are a browser or hold a key."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets

from hub.app import SERVER, build, build_operator
from hub.config import Config, assets
from hub.door.application import House
from hub.door.gate import Gate
from hub.door.guard import cookie_name
from hub.door.server import Server
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services.ports import Ports
from hub.services.receive import Receiver

PASSWORD = "correct horse battery staple"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """The public socket, bound first: the port is part of the configuration."""
    [bound] = bind_sockets(0, "127.0.0.1")
    yield bound
    bound.close()


@pytest.fixture
def gate(io_loop: IOLoop) -> Gate:
    """A gate that stands open, as if the database had been met."""
    opened = Gate()
    opened.is_open = True
    return opened


@pytest.fixture
def web_ports(ports: Ports, listening: socket.socket) -> Ports:
    """The ports, with a configuration that knows where the server listens."""
    here = msgspec.structs.replace(ports.config, port=listening.getsockname()[1], installation="test")
    return replace(ports, config=here)


@pytest.fixture
def station(io_loop: IOLoop, web_ports: Ports) -> Station:
    """The streams of the server, not started: whoever follows one starts them."""
    return Station(web_ports)


@pytest.fixture
def house(web_ports: Ports, gate: Gate, station: Station) -> House:
    """The public application."""
    return build(web_ports, gate, Receiver(web_ports), station, pages.load(assets("static")))


@dataclass
class Site:
    """A client of the server. `cookie` and `csrf` are set by signing in, `key` by hand."""

    url: str
    config: Config
    key: str = ""
    cookie: str = ""
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        """Ask; a body that is not bytes goes as JSON. The answer comes whatever its status."""
        sent = dict(self.headers)
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if self.cookie:
            sent |= {"Cookie": f"{cookie_name(self.config)}={self.cookie}", "Origin": self.url}
        if self.csrf:
            sent["X-CSRF-Token"] = self.csrf
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"], body = "application/json", msgspec.json.encode(body)
        sent = {name: value for name, value in (sent | (headers or {})).items() if value}
        answer = await AsyncHTTPClient().fetch(
            self.url + path,
            method=method,
            body=body,
            headers=sent,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            request_timeout=15,
        )
        if self.cookie and "X-CSRF-Token" in answer.headers:  # a new session, as a browser takes it
            self.csrf = answer.headers["X-CSRF-Token"]
            self.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        return answer

    async def stream(self, method: str, path: str, body: bytes) -> HTTPResponse:
        """Ask with a chunked body, whose size nobody knows beforehand."""

        async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
            for start in range(0, len(body), 64 * 1024):
                await write(body[start : start + 64 * 1024])

        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return await AsyncHTTPClient().fetch(
            self.url + path, method=method, headers=headers, body_producer=produce, raise_error=False
        )

    def with_key(self, key: str) -> Site:
        """The same server, asked with a key."""
        return Site(self.url, self.config, key=key)

    async def signed_in(self, email: str) -> Site:
        """The same server, in the browser of somebody who has signed in."""
        answer = await self(
            "POST", "/api/v1/session", {"email": email, "password": PASSWORD}, {"Origin": self.url}
        )
        assert answer.code == 201, answer.body
        value = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        return Site(self.url, self.config, cookie=value, csrf=read(answer)["csrf"])


def read(answer: HTTPResponse) -> Any:
    """The JSON of an answer."""
    return msgspec.json.decode(answer.body)


def outcome(answer: HTTPResponse) -> tuple[int, str]:
    """The status and the problem's code."""
    return answer.code, read(answer)["code"]


@asynccontextmanager
async def serving(house: House, at: socket.socket | None = None) -> AsyncIterator[Site]:
    """Serve an application, on a port of its own where none is given."""
    [listening] = [at] if at else bind_sockets(0, "127.0.0.1")
    server = Server(house, **SERVER)
    server.add_sockets([listening])
    yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", house.desk.ports.config)
    server.stop()
    await server.close_all_connections()


@contextmanager
def _run(io_loop: IOLoop, house: House, at: socket.socket) -> Iterator[Site]:
    served = serving(house, at)
    site = io_loop.run_sync(served.__aenter__)
    yield site
    io_loop.run_sync(lambda: served.__aexit__(None, None, None))


@pytest.fixture
def site(io_loop: IOLoop, house: House, listening: socket.socket) -> Iterator[Site]:
    """The server, asked by nobody in particular."""
    with _run(io_loop, house, listening) as running:
        yield running


@pytest.fixture
def operator(io_loop: IOLoop, ports: Ports, gate: Gate) -> Iterator[Site]:
    """The operator's server."""
    [listening] = bind_sockets(0, "127.0.0.1")
    config = msgspec.structs.replace(ports.config, admin_port=listening.getsockname()[1])
    with _run(io_loop, build_operator(replace(ports, config=config), gate), listening) as running:
        yield running
