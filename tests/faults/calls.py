"""HTTP by hand: one connection a request, so that a refused, a cut and a failed one can be told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec

AWAY = (OSError, asyncio.IncompleteReadError, EOFError, TimeoutError)


class Answer(NamedTuple):
    """Status and body."""

    status: int
    body: bytes


class Response:
    """One answer whose body is read as it comes."""

    def __init__(self, reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self._reader = reader
        self._headers = headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, part by part; EOFError or IncompleteReadError where it ends too early."""
        if self._headers.get("transfer-encoding") != "chunked":
            yield await self._reader.readexactly(int(self._headers.get("content-length", "0")))
            return
        while True:
            line = await self._reader.readline()
            if not line.endswith(b"\r\n"):
                raise EOFError
            size = int(line, 16)
            chunk = await self._reader.readexactly(size + 2)
            if not size:
                return
            yield chunk[:-2]


@asynccontextmanager
async def calling(
    port: int, method: str, path: str, key: str = "", body: object = None, **headers: str
) -> AsyncIterator[Response]:
    """Ask on a connection of its own; raise AWAY where nobody answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        content = b"" if body is None else msgspec.json.encode(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        if key:
            lines.append(f"Authorization: Bearer {key}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        status = await reader.readline()
        if not status.startswith(b"HTTP/1.1 "):
            raise EOFError
        received: dict[str, str] = {}
        while (line := await reader.readline()) != b"\r\n":
            if not line.endswith(b"\r\n"):
                raise EOFError
            name, _, value = line.decode("latin-1").partition(":")
            received[name.lower()] = value.strip()
        yield Response(reader, int(status.split()[1]), received)
    finally:
        writer.transport.abort()


async def call(
    port: int, method: str, path: str, key: str = "", body: object = None, seconds: float = 10, **headers: str
) -> Answer:
    """Ask, and read the whole answer."""
    async with (
        asyncio.timeout(seconds),
        calling(port, method, path, key, body, **headers) as response,
    ):
        return Answer(response.status, b"".join([chunk async for chunk in response.chunks()]))
