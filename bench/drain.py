"""Clients that only drain, and the floor that they are compared with: two small C programs, compiled here."""

from __future__ import annotations

import asyncio
import os
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CLIENT_CORE = 1
LINE_MAX = 16 * 1024 * 1024  # one answer names the time of every event
OPEN_SECONDS = 300
LAST_SECONDS = 120


def compiled(name: str, folder: Path) -> Path:
    """The program of `bench/NAME.c`."""
    program = folder / name
    subprocess.run(["cc", "-O2", "-o", program, HERE / f"{name}.c"], check=True)
    return program


class Asked(NamedTuple):
    """What a client sends: its request, what follows when it is through, and the marks that it waits for:
    -1 where the server says nothing by itself."""

    request: str
    hello: bytes = b""
    marks: int = -1

    def bytes(self) -> bytes:
        """As drain.c reads it."""
        request = self.request.encode()
        return b"%d %d %d\n" % (len(request), len(self.hello), self.marks) + request + self.hello


class Seen(NamedTuple):
    """When the k-th event had reached the last connection (seconds of CLOCK_MONOTONIC), and bytes read."""

    last_at: list[float]
    bytes: int


def request(port: int, path: str, *headers: str) -> str:
    """A WebSocket handshake (RFC 6455, section 4.1)."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""])


class Drain:
    """Many connections in one process on the clients' core."""

    def __init__(self, process: Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.count = 0

    @classmethod
    async def start(cls, folder: Path) -> Drain:
        """A process without connections."""
        process = await asyncio.create_subprocess_exec(
            folder / "drain", stdin=PIPE, stdout=PIPE, limit=LINE_MAX
        )
        os.sched_setaffinity(process.pid, {CLIENT_CORE})
        return cls(process, folder)

    async def dial(self, port: int, count: int, asked: Iterable[Asked], at_once: int = 50) -> float:
        """Open `count` connections, which take the requests in turn; the seconds until the last was there."""
        file = self._folder / f"asked-{self._process.pid}"
        file.write_bytes(b"".join(one.bytes() for one in asked))
        self._say(f"dial {port} {count} {at_once} {file}")
        seconds, refused, shut = (await self._answer("open", OPEN_SECONDS)).split()
        self.count, self.refused, self.shut = count, int(refused), int(shut)
        return float(seconds)

    async def watch(self, events: int) -> None:
        """Look for the next `events` events; `last` has them."""
        self._say(f"watch {events}")
        await self._answer("watching", 5)

    async def last(self) -> Seen:
        """Wait until all of them have reached everybody."""
        size, *times = (await self._answer("last", LAST_SECONDS)).split()
        return Seen([int(at) / 1e9 for at in times], int(size))

    async def close(self) -> None:
        """End all connections; others may be dialled then."""
        self._say("close")
        await self._answer("closed", 10)

    async def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        await self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def _answer(self, word: str, seconds: float) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            line = (await self._process.stdout.readline()).decode()
        said, _, rest = line.strip().partition(" ")
        if said != word:
            raise SystemExit(f"the clients said {line!r} instead of {word}")
        return rest
