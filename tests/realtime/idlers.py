"""A client that is no help: it opens a stream, and then neither reads nor answers."""

from __future__ import annotations

import asyncio
import socket

from orgs import Org
from web import Site


async def raw(site: Site, org: Org, query: str = "") -> socket.socket:
    """A client that shakes hands and then neither reads nor answers."""
    loop = asyncio.get_running_loop()
    host, port = site.url.removeprefix("http://").split(":")
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.setblocking(False)
    await loop.sock_connect(opened, (host, int(port)))
    hello = (
        f"GET /api/v1/orgs/{org.slug}/stream{query} HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        f"Authorization: Bearer {org.api_key}\r\n\r\n"
    )
    await loop.sock_sendall(opened, hello.encode())
    assert (await loop.sock_recv(opened, 12)) == b"HTTP/1.1 101"
    return opened
