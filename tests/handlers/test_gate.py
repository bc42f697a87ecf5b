"""What is under way is counted, so that a process neither leaves too early nor waits for nobody."""

from __future__ import annotations

import asyncio

import pytest
from orgs import Org
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect
from web import Site

from hub.door.gate import Gate

pytestmark = pytest.mark.gen_test(timeout=30)


async def connect(site: Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection."""
    return await asyncio.open_connection("127.0.0.1", site.config.port)


async def test_answered_requests_are_not_under_way(site: Site, gate: Gate, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    await asyncio.gather(
        key("GET", "/api/v1/orgs/acme/incidents"),
        key("GET", "/nowhere"),
        key("BREW", "/livez"),
        key("GET", "/api/v1/orgs/%ff"),
        key("POST", "/api/v1/orgs/acme/incidents", b"x" * 100_000),
        site("POST", "/v2/enqueue", b"x" * 2_000_000),
    )
    assert gate.under_way == 0


async def test_a_stream_is_not_under_way(site: Site, gate: Gate, acme: Org) -> None:
    url = f"ws://127.0.0.1:{site.config.port}/api/v1/orgs/acme/stream"
    asked = HTTPRequest(url, headers={"Authorization": f"Bearer {acme.api_key}"})
    socket = await websocket_connect(asked)
    assert await socket.read_message()
    assert gate.under_way == 0
    socket.close()
    assert await socket.read_message() is None


async def test_a_body_that_never_ends_is_under_way_until_its_sender_goes(site: Site, gate: Gate) -> None:
    reader, writer = await connect(site)
    head = f"POST /v2/enqueue HTTP/1.1\r\nHost: 127.0.0.1:{site.config.port}\r\nExpect: 100-continue\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\nhalf".encode())
    await reader.readuntil(b"\r\n\r\n")
    assert gate.under_way == 1
    assert not await gate.drain(0.01)
    writer.close()
    assert await gate.drain(10)


async def test_a_request_that_is_no_http_is_not_counted(site: Site, gate: Gate) -> None:
    for said in (
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ):
        reader, writer = await connect(site)
        writer.write(said)
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
    assert gate.under_way == 0
