"""Senders that take their time: every wait ends, memory stays, and the others are served meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest
from raw import connect, exchange
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from victim import Victim

from hub.app import SERVER
from hub.door.application import House
from hub.door.gate import Gate
from hub.door.server import Server

pytestmark = pytest.mark.gen_test(timeout=60)
SHORT = {"idle_connection_timeout": 0.2, "body_timeout": 0.2}
POST = b"POST /api/v1/ingest/events HTTP/1.1\r\nHost: x\r\n"
SLOW = {
    "nothing at all": b"",
    "half a request line": b"GET /li",
    "half a head": b"GET /livez HTTP/1.1\r\nHost: x\r\n",
    "half a body": POST + b"Content-Length: 100\r\n\r\n{",
    "no body": POST + b"Content-Length: 100\r\n\r\n",
    "no body after having asked": POST + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "half a chunk's size": POST + b"Transfer-Encoding: chunked\r\n\r\n1",
    "chunks without a last one": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a last chunk without its end": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
}


@asynccontextmanager
async def impatient(house: House, *short: str) -> AsyncIterator[int]:
    """The server with time-outs of a fifth of a second, all of them or these; its port."""
    server = Server(house, **SERVER | {name: SHORT[name] for name in short or SHORT})
    [bound] = bind_sockets(0, "127.0.0.1")
    server.add_sockets([bound])
    yield bound.getsockname()[1]
    server.stop()
    await server.close_all_connections()


@pytest.mark.parametrize("name", SLOW)
async def test_who_stops_is_hung_up_on(house: House, gate: Gate, name: str) -> None:
    async with impatient(house) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(SLOW[name])
        said = await reader.read()
        assert said in {b"", b"HTTP/1.1 100 (Continue)\r\n\r\n"}
        writer.close()
    assert gate.under_way == 0


@pytest.mark.parametrize(
    ("option", "name"), [("idle_connection_timeout", "half a head"), ("body_timeout", "half a body")]
)
async def test_each_time_out_is_its_own(house: House, option: str, name: str) -> None:
    """One timer of a connection sees to both."""
    async with impatient(house, option) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(SLOW[name])
        async with asyncio.timeout(5):  # the other one is longer
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("beginning", [b"GET /livez HTTP/1.1\r\nX: ", SLOW["no body"]])
async def test_who_drips_is_hung_up_on_too(house: House, gate: Gate, beginning: bytes) -> None:
    """Each byte in time would keep a time-out of silence away for ever: the whole has one."""
    async with impatient(house) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning)
        ended = asyncio.ensure_future(reader.read())
        while not ended.done():
            writer.write(b"a")
            await asyncio.wait({ended}, timeout=0.01)
        assert ended.exception() or ended.result() == b""
        writer.close()
    assert gate.under_way == 0


async def test_who_asked_once_and_stays_is_hung_up_on(house: House) -> None:
    async with impatient(house) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such option")
async def test_who_takes_nothing_is_hung_up_on_by_the_kernel(house: House) -> None:
    class Watched(Server):
        def handle_stream(self, stream: IOStream, address: tuple[object, ...]) -> None:
            super().handle_stream(stream, address)
            option = stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            set_to.set_result(option)

    set_to: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = Watched(house, **SERVER)
    [bound] = bind_sockets(0, "127.0.0.1")
    server.add_sockets([bound])
    _, writer = await asyncio.open_connection("127.0.0.1", bound.getsockname()[1])
    assert 0 < await set_to <= 75_000
    writer.close()
    server.stop()
    await server.close_all_connections()


def test_the_real_process_has_both_time_outs() -> None:
    assert 20 <= SERVER["idle_connection_timeout"] <= 75
    assert SERVER["body_timeout"] == 10


def test_three_hundred_who_stop_keep_nobody_waiting_and_little_memory(victim: Victim) -> None:
    assert victim.ask("GET", "/readyz")[0] == 200
    before = victim.memory()
    with ExitStack() as stack:
        for number in range(300):
            stopped = stack.enter_context(connect(victim.port))
            beginning = (b"", b"GET /livez HTTP/1.1\r\nX: " + b"a" * 12_000, SLOW["half a chunk"])[number % 3]
            stopped.sendall(beginning)
        for _ in range(20):
            assert victim.ask("GET", "/readyz")[0] == 200
        assert victim.memory() - before < 20 << 20


@pytest.mark.parametrize("framing", ["Content-Length: 50000000", "Transfer-Encoding: chunked"])
def test_a_body_of_50_mb_costs_no_memory_and_is_told_413(victim: Victim, framing: str) -> None:
    assert victim.ask("GET", "/readyz")[0] == 200
    before = victim.memory()
    body = b" " * 50_000_000
    if "chunked" in framing:
        body = b"2faf080\r\n" + body + b"\r\n0\r\n\r\n"
    head = (
        f"POST /api/v1/orgs/acme/incidents HTTP/1.1\r\nHost: {victim.host}\r\nConnection: close\r\n"
        f"Authorization: Bearer {victim.acme.api_key}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
    said = exchange(victim.port, head.encode() + body)
    assert (said.statuses, said.is_closed) == ([413], True)
    assert victim.memory() - before < 20 << 20
