"""The clients of tests/clients as processes, and what they say that they have seen."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import asyncpg
import msgspec
from drops import DROPS, Drops
from following import follow, note
from orgs import PASSWORD, Org
from served import Server

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
NODE = shutil.which("node") if (CLIENTS / "node_modules").is_dir() else None
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PROGRAMS = {
    "with_websockets.py": ("websockets",),
    "with_aiohttp.py": ("aiohttp",),
    "with_httpx_sse.py": ("httpx-sse",),
    "with_ws.mjs": ("ws",),
    "with_reconnecting_websocket.mjs": ("reconnecting-websocket",),
    "with_eventsource.mjs": ("eventsource",),
    "with_chromium.py": ("EventSource", "WebSocket"),
}
SECONDS = 40  # that each step may take
PAUSE = 0.01
LOG = (
    "SELECT convert_from(body, 'UTF8')::json ->> 'id' AS id FROM event_body WHERE tenant_id = $1"
    " ORDER BY position"
)


def runs(program: str) -> bool:
    """Whether it can run here; in CI everything has to."""
    if os.environ.get("CI"):
        return True
    if program.endswith(".mjs"):
        return NODE is not None
    return CHROMIUM is not None or "chromium" not in program


class Seen(msgspec.Struct):
    """What one client has seen."""

    cursor: str = ""
    ids: list[str] = []


@dataclass
class Told:
    """How it went, and what is true."""

    seen: dict[str, Seen]
    drops: dict[str, int]
    log: list[str]  # the ids of all events
    begun: int  # how many of them were there before every client had begun
    head: str  # the cursor of the end
    said: dict[str, str] = field(default_factory=dict)  # by each program, about its troubles


class Play:
    """A hub, its organizations, a proxy that drops, and the clients of the first organization."""

    def __init__(self, ours: Server, org: Org, other: Org, drops: Drops, seed: int) -> None:
        self.seen = {name: Seen() for program, names in PROGRAMS.items() if runs(program) for name in names}
        self._ours = ours
        self._org = org
        self._other = other
        self._drops = drops
        self._dice = Random(seed)
        self._gone: set[str] = set()  # clients whose program has ended: nobody waits for them

    @asynccontextmanager
    async def program(self, name: str, said: Path) -> AsyncIterator[None]:
        """One program, for the length of the block; what it says about its troubles goes to a file."""
        env = os.environ | {
            "HUB_STREAMS": f"{self._drops.url}/api/v1/orgs/{self._org.slug}",
            "HUB_KEY": self._org.api_key,
            "HUB_EMAIL": self._org.founded.email,
            "HUB_PASSWORD": PASSWORD,
            "CHROMIUM": CHROMIUM or "",
        }
        run = NODE or "node" if name.endswith(".mjs") else sys.executable
        with said.open("wb") as errors:
            child = await asyncio.create_subprocess_exec(
                run, str(CLIENTS / name), env=env, stdin=DEVNULL, stdout=PIPE, stderr=errors
            )
        hearing = asyncio.create_task(self._hear(name, child))
        try:
            yield
        finally:
            if child.returncode is None:
                child.terminate()
            await child.wait()
            await hearing

    async def run(self, database: str) -> Told:
        """Let all begin, write until each was dropped often enough, and wait until each has heard the last.
        Whoever does not come so far is told by what it has seen."""
        await self._until_all(lambda name: self.seen[name].cursor != "")
        begun = len(await self._log(database))
        self._drops.is_armed = True
        await self._until_all(lambda name: self._drops.counts[name] >= DROPS, self._write)
        await self._write()
        log = await self._log(database)
        await self._until_all(lambda name: self.seen[name].ids[-1:] == log[-1:])
        here = replace(self._ours.site, url=self._drops.url, key=self._org.api_key)
        async with await follow(here, self._org) as following:
            head = following.cursor
        return Told(self.seen, dict(self._drops.counts), log, begun, head)

    async def _hear(self, program: str, child: Process) -> None:
        assert child.stdout is not None
        async for line in child.stdout:
            told = msgspec.json.decode(line)
            seen = self.seen[told["client"]]
            seen.cursor = told["cursor"]
            seen.ids += told["ids"]
        self._gone.update(PROGRAMS[program])

    async def _write(self) -> None:
        for org in (self._org, self._other):
            sizes = [self._dice.randint(1, 400) for _ in range(self._dice.randint(1, 3))]
            await note(self._ours.ports, org, *(f"{org.slug} {'x' * size}" for size in sizes))

    async def _log(self, database: str) -> list[str]:
        connection = await asyncpg.connect(database, timeout=10)
        try:
            return [row["id"] for row in await connection.fetch(LOG, self._org.tenant)]
        finally:
            await connection.close()

    async def _until_all(
        self, is_so: Callable[[str], bool], meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        until = time.monotonic() + SECONDS
        while not all(map(is_so, set(self.seen) - self._gone)) and time.monotonic() < until:
            if meanwhile is not None:
                await meanwhile()
            await asyncio.sleep(PAUSE)
