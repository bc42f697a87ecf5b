"""A WebSocket without a library: sends whatever bytes it is told to, and reads frames to the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from orgs import Org
from web import Site

SECONDS = 10
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x37\xfa\x21\x3d"


def frame(
    opcode: int, payload: bytes = b"", *, more: bool = False, reserved: int = 0, mask: bytes = MASK
) -> bytes:
    """One frame of a client (RFC 6455, section 5.2); `more` fragments follow."""
    first, masked = opcode | reserved | (0 if more else 0x80), 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if mask:
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + payload


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Heard(NamedTuple):
    """One frame of the server."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """That of a close; 1005 where it has none (section 7.1.5)."""
        assert self.opcode == CLOSE
        return int.from_bytes(self.payload[:2], "big") if self.payload else 1005

    @property
    def said(self) -> dict[str, Any]:
        """A frame of the stream."""
        assert self.opcode == TEXT
        said: dict[str, Any] = json.loads(self.payload)
        return said


class Bare:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Send these bytes."""
        self._writer.write(b"".join(pieces))
        await self._writer.drain()

    async def hear(self) -> Heard:
        """The next frame; raise IncompleteReadError at the end, ConnectionResetError for one without it."""
        async with asyncio.timeout(SECONDS):
            first, size = await self._reader.readexactly(2)
            assert first & 0xF0 == 0x80, "a whole frame, nothing reserved"
            assert size < 128, "not masked"
            if size > 125:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            return Heard(first & 0x0F, await self._reader.readexactly(size))

    async def until(self, opcode: int, name: str = "") -> Heard:
        """Read until a frame of this opcode, and of this name if it is one of the stream."""
        while True:
            heard = await self.hear()
            if heard.opcode == opcode and (not name or heard.said["frame"] == name):
                return heard

    def leave(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def end(self) -> list[Heard]:
        """Everything to the end, which has to come without a reset."""
        heard: list[Heard] = []
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                heard.append(await self.hear())
        return heard


@asynccontextmanager
async def bare(site: Site, org: Org) -> AsyncIterator[Bare]:
    """A connection that has shaken hands and was welcomed."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(
            f"GET /api/v1/orgs/{org.slug}/stream HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
            f"Authorization: Bearer {org.api_key}\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        opened = Bare(reader, writer)
        await opened.until(TEXT, "welcome")
        yield opened
    finally:
        writer.transport.abort()
