"""A sender: POSTs over a few kept-alive connections, cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

CONNECTIONS = 16
ANSWER_SECONDS = 10


class Poster:
    """Bounded: at most 16 requests are under way, the next ones wait (and their waiting counts)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._free.empty():
            self._free.get_nowait()[1].close()

    async def post(self, path: str, key: str, body: bytes, headers: str = "") -> int:
        """Post JSON with a key; the answer's status, once all of it is here. `headers` are more lines."""
        reader, writer = await self._free.get()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        writer.write(head.encode() + body)
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(answer.partition("content-length:")[2].split("\r\n", 1)[0])
            await reader.readexactly(length)
        self._free.put_nowait((reader, writer))
        return int(answer.split(" ", 2)[1])
