"""A proxy that drops each client's stream so many times, each after a number of bytes that a seed chose."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from random import Random

from proxy import Proxy

DROPS = 20
MOST_BYTES = 6_000  # that one connection carries: the answer to the handshake has about 1,000
CLIENT = re.compile(rb"GET [^ ]*[?&]client=([\w-]+)")


class Drops(Proxy):
    """Knows a client by `client=…` in the query. What has none, and whoever was dropped often enough, is left
    alone; so is everybody until it is armed."""

    def __init__(self, seed: int) -> None:
        super().__init__("http://127.0.0.1")
        self.is_armed = False
        self.counts: Counter[str] = Counter()
        self._seed = seed
        self._dice: dict[str, Random] = {}

    @property
    def url(self) -> str:
        """Where clients dial."""
        return f"http://127.0.0.1:{self.port}"

    def lead_to(self, url: str) -> None:
        """Forward to this server from now on."""
        self._target = self._target._replace(netloc=url.removeprefix("http://"))

    async def _join(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        who: list[str] = []
        await asyncio.gather(self._ask(reader, up_writer, who), self._answer(up_reader, writer, who))

    async def _ask(
        self, reader: asyncio.StreamReader, up_writer: asyncio.StreamWriter, who: list[str]
    ) -> None:
        try:
            while chunk := await reader.read(65_536):
                if found := CLIENT.match(chunk):  # a browser may have asked for a page on this one before
                    who[:] = [found[1].decode()]
                up_writer.write(chunk)
                await up_writer.drain()
        finally:
            up_writer.transport.abort()

    async def _answer(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: list[str]
    ) -> None:
        left = 0
        try:
            while chunk := await up_reader.read(65_536):
                left = left or self._draw(who)
                if 0 < left <= len(chunk):
                    writer.write(chunk[:left])
                    self.counts[who[0]] += 1
                    raise ConnectionError("dropped")
                left -= min(left, len(chunk))
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.transport.abort()

    def _draw(self, who: list[str]) -> int:
        """How many bytes this connection may carry; 0 where it is left alone."""
        if not self.is_armed or not who or self.counts[who[0]] >= DROPS:
            return 0
        dice = self._dice.setdefault(who[0], Random(f"{self._seed} {who[0]}"))
        return dice.randint(1, MOST_BYTES)
