"""The process that commits: events through the one door to change, rung through Valkey like everybody's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from hub.cli.ports import opened
from hub.config import Config
from hub.contract.events import IncidentNoted
from hub.contract.ids import TenantId, new
from hub.domain.access import Grant
from hub.realtime.doorbell import Doorbell
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports, RequestContext
from hub.storage import directory
from hub.storage.log import LogEvent

TEXT = "~" + "Restarted the primary. " * 3  # with the mark that drain.c counts
CONTEXT = RequestContext(request_id="bench")


class Writer:
    """Commits to one organization and notes when each event was rung: after COMMIT, before PUBLISH."""

    def __init__(self, ports: Ports, grant: Grant, bell: Doorbell) -> None:
        self._ports = replace(ports, announce=self._announce)
        self._grant = grant
        self._bell = bell
        self._incident = new()
        self.rung_at: list[float] = []
        self.due_at: list[float] = []

    def _announce(self, tenant: TenantId, epoch: UUID, head: int, events: list[LogEvent]) -> None:
        self._bell(tenant, epoch, head, events)
        self.rung_at += [time.monotonic()] * len(events)

    async def commit(self, count: int, due: float | None = None) -> None:
        """So many events in one transaction."""
        self.due_at += [time.monotonic() if due is None else due] * count
        async with change(self._ports, self._grant, CONTEXT) as changed:
            for _ in range(count):
                changed.happened(IncidentNoted(text=TEXT), self._incident)

    async def commit_steadily(self, rate: float, each: int, seconds: float) -> None:
        """`rate` events a second, `each` in a transaction: an open loop, one transaction after the other."""
        began = time.monotonic() + 0.1
        for number in range(round(rate * seconds / each)):
            due = began + number * each / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self.commit(each, due)

    def forget(self) -> None:
        """Begin with new times."""
        self.rung_at.clear()
        self.due_at.clear()


@asynccontextmanager
async def writing(config: Config, slug: str) -> AsyncIterator[Writer]:
    """A writer for the length of the block."""
    async with opened(config) as ports:
        tenant = await directory.find_organization(ports.store, slug)
        assert tenant is not None
        bell = Doorbell(config)
        await bell.start()
        try:
            yield Writer(ports, system("worker", tenant, slug), bell)
        finally:
            await bell.stop()
