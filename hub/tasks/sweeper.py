"""The sweeper: every second the same work as the task's, found in PostgreSQL, Redis or not."""

from __future__ import annotations

import asyncio

import structlog

from hub.contract.ids import TenantId
from hub.domain.errors import Unavailable
from hub.logs import Seldom
from hub.services import pruning, work
from hub.services.ports import Ports

PRUNE_SECONDS = 30.0
EVERY_SECONDS = 1.0  # with the poll of the heads, a stream is two seconds late without Redis
log = structlog.get_logger()


class Sweeper:
    """A coroutine of the worker's own loop. Each kind goes round the tenants from where it stopped."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._after: dict[str, TenantId | None] = dict.fromkeys(work.KINDS)
        self._away = Seldom(log.warning)
        self._pruned: TenantId | None = None
        self._prune_at = 0.0
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Sweep until stopped; nothing that goes wrong ends it."""
        while not self._stopped.is_set():
            busy = False
            for kind in work.KINDS:
                busy |= await self._sweep(kind)
            await self._prune()
            if not busy:
                await self._rest()

    def stop(self) -> None:
        """End after the round that is under way."""
        self._stopped.set()

    async def _sweep(self, kind: str) -> bool:
        """One round of one kind; whether there is more to do at once."""
        try:
            tenants = await work.due(self._ports, kind, self._after[kind])
            self._after[kind] = tenants[-1] if tenants else None
            return bool(await work.drain(self._ports, kind, tenants))
        except Unavailable:
            self._away("the database is away; trying again")
        except Exception:
            log.exception("sweep_failed", kind=kind)
        return False

    async def _prune(self) -> None:
        """Now and then, delete what has ended of some tenants; what goes wrong is tried again by then."""
        now = asyncio.get_running_loop().time()
        if now < self._prune_at:
            return
        self._prune_at = now + PRUNE_SECONDS
        try:
            self._pruned = await pruning.prune(self._ports, self._pruned)
        except Unavailable:
            self._away("the database is away; trying again")
        except Exception:
            log.exception("prune_failed")

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(EVERY_SECONDS):
                await self._stopped.wait()
        except TimeoutError:
            return
