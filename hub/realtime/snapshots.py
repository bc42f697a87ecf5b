"""Snapshots that streams begin with: one read serves all who want the same within a second."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple

from hub.contract.ids import TenantId
from hub.domain.access import Grant
from hub.domain.sight import View
from hub.services import snapshots
from hub.services.ports import Ports
from hub.services.snapshots import Snapshot

FRESH_SECONDS: Final = 1.0
BYTES_MAX: Final = 32 * 1024 * 1024
READS_AT_ONCE: Final = 2  # of the pool's ten connections

Key = tuple[TenantId, View, int]


class Kept(NamedTuple):
    """A snapshot, when its reading began, and how large it is."""

    snapshot: Snapshot
    at: float
    bytes: int


class Snapshots:
    """What follows a snapshot is read from the log, so one that is a second old is as good as new."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._reading: dict[Key, asyncio.Task[Snapshot]] = {}
        self._places = asyncio.Semaphore(READS_AT_ONCE)

    async def take(self, grant: Grant, view: View, generation: int) -> Snapshot:
        """The state for a view, read no earlier than the `generation` of the tenant's chunks: what was
        private by then is not in it. Raises what the database raises."""
        key = (grant.tenant, view, generation)
        kept = self._kept.get(key)
        if kept is not None and asyncio.get_running_loop().time() - kept.at <= FRESH_SECONDS:
            return kept.snapshot
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._read(grant, key))
            reading.add_done_callback(lambda _: self._reading.pop(key))
        return await asyncio.shield(reading)

    def stop(self) -> None:
        """Give up what is being read."""
        for reading in self._reading.values():
            reading.cancel()

    async def _read(self, grant: Grant, key: Key) -> Snapshot:
        async with self._places:
            at = asyncio.get_running_loop().time()
            taken = await snapshots.take(self._ports, grant, key[1])
        self._kept.pop(key, None)
        self._kept[key] = Kept(taken, at, sum(map(len, taken.chunks)))
        while sum(kept.bytes for kept in self._kept.values()) > BYTES_MAX:
            self._kept.popitem(last=False)
        return taken
