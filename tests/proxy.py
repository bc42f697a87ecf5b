"""A TCP proxy in front of a server that can fall silent, cut its connections, or go away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Forwards bytes to `host:port` while it flows; silent, it accepts and forwards nothing, and no RST."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """The target's address through this proxy."""
        user = self._target.netloc.rpartition("@")[0]
        return urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{self.port}"))

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def silence(self) -> None:
        """Forward nothing more, as a stopped server or a dropped route would."""
        self._flows.clear()

    def flow(self) -> None:
        """Forward again, also what was held back."""
        self._flows.set()

    def cut(self) -> None:
        """Break what is connected; whoever dials again is served."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def shut(self) -> None:
        """Stop listening and cut everything."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._flows.wait()
            up_reader, up_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._track(up_writer)
            try:
                await self._join(reader, up_writer, up_reader, writer)
            finally:
                self._writers -= {writer, up_writer}

    async def _join(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Carry one connection both ways, to its end."""
        await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer))

    def _track(self, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                await self._flows.wait()
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.transport.abort()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server at `url`, for the length of the block."""
    proxy = Proxy(url)
    await proxy.open()
    try:
        yield proxy
    finally:
        proxy.flow()
        await proxy.shut()
