"""A proxy in front of PostgreSQL that can also lose the answer of a COMMIT."""

from __future__ import annotations

import asyncio
import contextlib

from proxy import Proxy

COMMIT = b"COMMIT"


class TableProxy(Proxy):
    """`lose_commits` is how many of the next COMMITs nobody will hear the answer of: they are done."""

    lose_commits = 0
    lost = 0

    async def _join(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        doomed = asyncio.Event()
        await asyncio.gather(self._ask(reader, up_writer, doomed), self._answer(up_reader, writer, doomed))

    async def _ask(
        self, reader: asyncio.StreamReader, up_writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        try:
            while chunk := await reader.read(65_536):
                await self._flows.wait()
                if self.lose_commits and COMMIT in chunk:
                    self.lose_commits -= 1
                    doomed.set()
                up_writer.write(chunk)
                await up_writer.drain()
        finally:
            with contextlib.suppress(RuntimeError):
                up_writer.transport.abort()

    async def _answer(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        try:
            while chunk := await up_reader.read(65_536):
                await self._flows.wait()
                if doomed.is_set():
                    self.lost += 1
                    raise ConnectionError("the answer of a COMMIT is lost")
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.transport.abort()
