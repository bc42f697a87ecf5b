"""A proxy in front of Redis that understands RESP: it plays tricks on what is published."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import Callable

from proxy import Proxy
from redis.asyncio import Redis
from redis.exceptions import RedisError

TRICKS = ("drop", "double", "delay", "reorder", "replay", "forge")
TOGETHER = 4  # how many publishes are shuffled
TAKEN = b":1\r\n"

Publish = tuple[bytes, bytes]


class BellProxy(Proxy):
    """`trick` is what happens to publishes; `is_deaf` makes subscribers half-open: connected, and told
    nothing. `crash` is called instead of the next publish, which is lost: after the COMMIT, before it."""

    def __init__(self, url: str, dice: random.Random) -> None:
        super().__init__(url)
        self.trick = ""
        self.is_deaf = False
        self.crash: Callable[[], None] | None = None
        self.played: Counter[str] = Counter()
        self._dice = dice
        self._past: deque[Publish] = deque(maxlen=64)
        self._kept: list[Publish] = []
        self._straight = Redis.from_url(url, protocol=2, socket_timeout=1, socket_connect_timeout=1)
        self._saying: set[asyncio.Task[None]] = set()

    async def shut(self) -> None:
        """Stop listening, cut everything, and say nothing more."""
        await super().shut()
        for task in list(self._saying):
            task.cancel()
        await asyncio.gather(*self._saying, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until all that was held back has been said."""
        while self._saying:
            await asyncio.gather(*self._saying)

    async def ask(self, *words: str) -> None:
        """One command to Redis itself."""
        await self._straight.execute_command(*words)

    async def close(self) -> None:
        """The end: also of our own connection."""
        await self.shut()
        await self._straight.aclose()

    async def _join(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        subscribed = asyncio.Event()
        await asyncio.gather(
            self._ask(reader, up_writer, writer, subscribed), self._answer(up_reader, writer, subscribed)
        )

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        subscribed: asyncio.Event,
    ) -> None:
        try:
            while (command := await read_command(reader)) is not None:
                raw, words = command
                await self._flows.wait()
                name = words[0].upper()
                if name == b"SUBSCRIBE":
                    subscribed.set()
                if name == b"PUBLISH" and (self.trick or self.crash):
                    self._play((words[1], words[2]))
                    writer.write(TAKEN)
                    continue
                if name == b"PUBLISH":
                    self._past.append((words[1], words[2]))
                up_writer.write(raw)
                await up_writer.drain()
        finally:
            up_writer.transport.abort()

    async def _answer(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, subscribed: asyncio.Event
    ) -> None:
        try:
            while chunk := await up_reader.read(65_536):
                await self._flows.wait()
                if not (self.is_deaf and subscribed.is_set()):
                    writer.write(chunk)
                    await writer.drain()
        finally:
            writer.transport.abort()

    def _play(self, publish: Publish) -> None:
        if self.crash is not None:
            crash, self.crash = self.crash, None
            self.played["crash"] += 1
            crash()
            return
        self.played[self.trick] += 1
        dice, past = self._dice, list(self._past)
        match self.trick:
            case "drop":
                if dice.random() < 0.3:
                    self._say(publish)
            case "double":
                self._say(publish, publish)
            case "delay":
                self._say(publish, after=dice.uniform(0.05, 1.5))
            case "reorder":
                self._kept.append(publish)
                if len(self._kept) >= TOGETHER:
                    dice.shuffle(self._kept)
                    self._say(*self._kept)
                    self._kept.clear()
            case "replay":
                self._say(publish, *(dice.sample(past, min(3, len(past)))))
            case "forge":
                self._say(self._forged(publish), publish, self._forged(publish))
        self._past.append(publish)

    def _forged(self, publish: Publish) -> Publish:
        """Noise, a torn or altered payload, or a genuine one on another tenant's channel."""
        channel, payload = publish
        others = [other for other, _ in self._past if other != channel] or [channel]
        cut = self._dice.randrange(len(payload))
        altered = bytes([payload[cut] ^ 1])
        return self._dice.choice(
            [
                (channel, self._dice.randbytes(64)),
                (channel, payload[:cut]),
                (channel, payload[:cut] + altered + payload[cut + 1 :]),
                (self._dice.choice(others), payload),
            ]
        )

    def _say(self, *publishes: Publish, after: float = 0.0) -> None:
        task = asyncio.ensure_future(self._publish(publishes, after))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _publish(self, publishes: tuple[Publish, ...], after: float) -> None:
        await asyncio.sleep(after)
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            for channel, payload in publishes:
                await self._straight.publish(channel, payload)


async def read_command(reader: asyncio.StreamReader) -> tuple[bytes, list[bytes]] | None:
    """One command as it came, and its words (RESP: an array of bulk strings); None at the end."""
    head = await reader.readline()
    if not head.startswith(b"*") or not head.endswith(b"\n"):
        return None
    raw, words = [head], []
    try:
        for _ in range(int(head[1:])):
            size = await reader.readline()
            word = await reader.readexactly(int(size[1:]) + 2)
            raw += [size, word]
            words.append(word[:-2])
    except (asyncio.IncompleteReadError, ValueError):
        return None
    return b"".join(raw), words
