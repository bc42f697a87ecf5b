"""The hub's side of the fan-out: its real web process, with many streams on one organization."""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.drain import Asked, Drain, request
from bench.hub import Hub
from bench.process import cpu_us, pin
from bench.writer import Writer, writing
from hub.services.founding import Founded

SLUG = "acme"


class Crowded:
    """What `Peer` is for another server. `size` is not asked for: events are as big as they are."""

    name = "hub"

    def __init__(self, hub: Hub, founded: Founded, writer: Writer, drain: Drain) -> None:
        self.hub = hub
        self.writer = writer
        self.drain = drain
        self.size = 0.0  # bytes of the last send that each connection read
        self._founded = founded
        self.web = 0
        self.pin()

    def pin(self) -> None:
        """Put the web process (it may be a new one) on the servers' core."""
        self.web = self.hub.child("web")
        pin(self.web)

    async def fill(self, count: int, at_once: int = 50, after: str = "") -> float:
        """Have so many streams; the seconds until all of them were welcomed."""
        return await self.drain.dial(self.hub.port, count, [self.asked(after)], at_once)

    def asked(self, after: str = "", marks: int = 0) -> Asked:
        """The request for a stream that goes on after a cursor, where `marks` events wait for it."""
        path = f"/api/v1/orgs/{SLUG}/stream" + (f"?after={after}" if after else "")
        return Asked(request(self.hub.port, path, self.authorization), marks=marks)

    @property
    def authorization(self) -> str:
        """A header field."""
        return f"Authorization: Bearer {self._founded.api_key}"

    async def send(self, size: int, count: int) -> None:
        """Commit so many events in one transaction, and wait until everybody has them."""
        await self.drain.watch(count)
        await self.writer.commit(count)
        seen = await self.drain.last()
        self.size = seen.bytes / self.drain.count

    @property
    def cpu(self) -> float:
        """Microseconds that the web process has used."""
        return cpu_us(self.web)

    @property
    def memory_kb(self) -> int:
        """What is resident of the web process."""
        status = Path(f"/proc/{self.web}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def metric(self, name: str) -> float:
        """One value of the operator's /metrics."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.hub.config.admin_port}/metrics", timeout=10
        ) as said:
            for line in said.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise SystemExit(f"there is no metric {name}")


@asynccontextmanager
async def crowded(hub: Hub, folder: Path) -> AsyncIterator[Crowded]:
    """An organization, somebody who writes to it, and clients without connections."""
    founded = await hub.found(SLUG)
    drain = await Drain.start(folder)
    try:
        async with writing(hub.config, SLUG) as writer:
            yield Crowded(hub, founded, writer, drain)
    finally:
        await drain.stop()
