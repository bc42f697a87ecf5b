"""Another server with many sockets: a process that sends what it is told to on its standard input."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

from bench.drain import Asked, Drain, request
from bench.process import cpu_us, pin


class Peer:
    """A server that prints its port and takes lines `SIZE COUNT`: COUNT messages of SIZE bytes to everybody,
    each with one mark; the floor sends one message with COUNT marks."""

    def __init__(self, name: str, process: Process, port: int, drain: Drain) -> None:
        self.name = name
        self.drain = drain
        self.port = port
        self._process = process

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str | Path], drain: Drain, folder: Path | None = None
    ) -> Peer:
        """Start it on the servers' core and wait until it listens."""
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, cwd=folder)
        assert process.stdout is not None
        async with asyncio.timeout(30):
            port = await process.stdout.readline()
        if not port.strip().isdigit():
            raise SystemExit(f"{name} does not start: {port!r}")
        pin(process.pid)
        return cls(name, process, int(port), drain)

    async def fill(self, count: int, path: str = "/", hello: bytes = b"", marks: int = -1) -> None:
        """Have so many connections."""
        await self.drain.dial(self.port, count, [Asked(request(self.port, path), hello, marks)])

    async def send(self, size: int, count: int) -> None:
        """Send, and wait until all of it has arrived."""
        await self.drain.watch(count)
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d %d\n" % (size, count))
        await self.drain.last()

    @property
    def cpu(self) -> float:
        """Microseconds that it has used."""
        return cpu_us(self._process.pid)

    async def stop(self) -> None:
        """End it and its clients."""
        await self.drain.stop()
        self._process.terminate()
        await self._process.wait()
