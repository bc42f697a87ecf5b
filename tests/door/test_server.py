"""A crowd that connects at once is taken out of the kernel's queue, and begun a few at a time. Between the
requests of one connection the kernel is told nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets

from hub.door.server import BEGIN_AT_ONCE, Patience, Server, StrictStream

CROWD = 5 * BEGIN_AT_ONCE
ASKED = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
POSTED = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
pytestmark = pytest.mark.gen_test(timeout=20)


class Counting(Server):
    """A server that counts what it began to serve, and answers with nothing."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self.begun, self.has_begun = 0, asyncio.Event()

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        self.begun += 1
        self.has_begun.set()
        super().handle_stream(stream, address)


def answer(request: HTTPServerRequest) -> None:
    """204 to everybody."""
    assert request.connection is not None
    request.connection.stream.write(NOTHING)  # type: ignore[attr-defined]
    request.connection.finish()


@asynccontextmanager
async def crowd() -> AsyncIterator[tuple[Counting, socket.socket, list[socket.socket]]]:
    """A server that has begun to serve a few of a crowd, its socket, and the crowd, which has asked."""
    [listening] = bind_sockets(0, "127.0.0.1")
    clients = [socket.create_connection(listening.getsockname()) for _ in range(CROWD)]
    for client in clients:
        client.sendall(ASKED)
        client.setblocking(False)
    server = Counting(answer)
    server.add_sockets([listening])
    await server.has_begun.wait()
    yield server, listening, clients
    server.stop()
    await server.close_all_connections()
    for client in clients:
        client.close()


async def answered(clients: list[socket.socket]) -> list[bytes]:
    """The status line's beginning, of each."""
    loop = asyncio.get_running_loop()
    return [await loop.sock_recv(client, 12) for client in clients]


async def test_all_of_a_crowd_leave_the_kernels_queue_in_one_turn_and_few_are_begun() -> None:
    async with crowd() as (server, listening, clients):
        assert server.begun == BEGIN_AT_ONCE
        with pytest.raises(BlockingIOError):
            listening.accept()
        assert await answered(clients) == [b"HTTP/1.1 204"] * CROWD


async def test_a_server_that_stops_serves_whoever_it_has_accepted() -> None:
    async with crowd() as (server, _, clients):
        server.stop()
        assert await answered(clients) == [b"HTTP/1.1 204"] * CROWD


async def test_who_has_gone_before_it_was_begun_keeps_nobody_from_being_served() -> None:
    async with crowd() as (_, _, clients):
        for gone in clients[::2]:
            gone.close()
        assert await answered(clients[1::2]) == [b"HTTP/1.1 204"] * (CROWD // 2)


async def test_the_kernel_is_told_once_to_look_at_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, io_loop, told = asyncio.get_running_loop(), IOLoop.current(), []
    monkeypatch.setattr(io_loop, "update_handler", lambda descriptor, events: told.append(events))
    [listening] = bind_sockets(0, "127.0.0.1")
    server = Server(answer)
    server.add_sockets([listening])
    with socket.create_connection(listening.getsockname()) as client:
        client.setblocking(False)
        for is_early in (False, True, False):
            posted = POSTED * 2 if is_early else POSTED  # the second one comes while nobody waits for it
            client.sendall(posted)
            for _ in range(posted.count(POSTED)):
                assert await loop.sock_recv(client, len(NOTHING)) == NOTHING
        assert told == []
    server.stop()
    await server.close_all_connections()


async def test_what_the_kernel_does_not_take_at_once_is_written_behind_it_in_order() -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    stream, loop = StrictStream(ours, patience=Patience(60, 60)), asyncio.get_running_loop()
    said = bytes(range(256)) * 16_384
    sent = stream.send(said)
    assert 0 < sent < len(said)
    written = stream.write(said[sent:])
    assert stream.send(b"too early") == 0
    got = b""
    while len(got) < len(said):
        got += await loop.sock_recv(theirs, 1 << 20)
    assert got == said
    await written
    assert stream.send(b"now") == 3
    theirs.close()
    assert stream.send(b"to nobody") == 0
    stream.close()
    assert stream.send(b"never") == 0
