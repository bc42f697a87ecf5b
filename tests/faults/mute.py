"""Somebody who never reads: what is sent to them must pile up nowhere."""

from __future__ import annotations

import asyncio


class Mute:
    """Somebody who opens a WebSocket and never reads."""

    def __init__(self, port: int, org: str, key: str) -> None:
        self._request = (
            f"GET /api/v1/orgs/{org}/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Dial, and say no more."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1024)
        self._writer.write(self._request.encode())
        await reader.readline()
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    def close(self) -> None:
        """Go."""
        if self._writer is not None:
            self._writer.transport.abort()
