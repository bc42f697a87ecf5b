"""Statements as PostgreSQL itself logs them (log_statement = all), of the web process alone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from bench.hub import Hub

_LINE = re.compile(rb"LOG:  (?:statement|execute [^:]*): ([^\n]*)")
_POLL = b"directory.heads("  # once a second, whatever is asked
QUIET_SECONDS = 0.2


class Count(msgspec.Struct, frozen=True):
    """`statements` are counted one by one where several went in one message, as at the beginning of each
    transaction; `messages` are round trips, and lines of the log."""

    statements: float
    messages: float


class Log:
    """The end of PostgreSQL's log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._from = path.stat().st_size

    def mark(self) -> None:
        """Forget what was logged until now."""
        time.sleep(QUIET_SECONDS)
        self._from = self._path.stat().st_size

    def count(self, requests: int) -> Count:
        """What was logged since the mark, for each of so many requests."""
        time.sleep(QUIET_SECONDS)
        with self._path.open("rb") as log:
            log.seek(self._from)
            found = [said for said in _LINE.findall(log.read()) if _POLL not in said]
        statements = sum(max(1, len([one for one in said.split(b";") if one.strip()])) for said in found)
        return Count(statements / requests, len(found) / requests)


@asynccontextmanager
async def counting(hub: Hub, administrator: asyncpg.Connection) -> AsyncIterator[Log]:
    """Have everything logged, with the worker stopped: it would count too."""
    worker = hub.child("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        await _set(administrator, "ALTER SYSTEM SET log_statement = 'all'")
        yield Log(hub.folder / "data" / "log" / "postgres.log")
    finally:
        await _set(administrator, "ALTER SYSTEM RESET log_statement")
        os.kill(worker, signal.SIGCONT)


async def _set(administrator: asyncpg.Connection, setting: str) -> None:
    await administrator.execute(setting)
    await administrator.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(QUIET_SECONDS)
