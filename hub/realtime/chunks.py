"""Encoded events in aligned chunks of 256: live tail, slow reader and replay all iterate these."""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from hub.contract.ids import TenantId
from hub.metrics import CHUNK_BYTES, CHUNK_READS
from hub.realtime.prefix import Hole
from hub.storage.log import LogEvent

SIZE: Final = 256
CAPACITY: Final = 64 * 1024 * 1024
READS_AT_ONCE: Final = 3  # of the pool's ten connections
OVERHEAD: Final = 200  # bytes of Python objects around a body

Key = tuple[TenantId, int]
Read = Callable[[int, int], Awaitable[Sequence[LogEvent] | None]]


def floor(position: int) -> int:
    """The last position before the chunk that holds the position after `position`: 0, 256, 512 …"""
    return position - position % SIZE


class Chunk:
    """Events at positions floor+1 … floor+256, dense; the newest one of a tenant still grows."""

    def __init__(self, first: int, events: Sequence[LogEvent] = ()) -> None:
        self.first = first
        self.events = list(events)
        self.bytes = sum(len(event.body) + OVERHEAD for event in events)

    @property
    def is_complete(self) -> bool:
        """Whether all 256 are here."""
        return len(self.events) == SIZE

    def after(self, position: int) -> list[LogEvent] | None:
        """The events above `position`, or None where this chunk begins later."""
        return self.events[position + 1 - self.first :] if position + 1 >= self.first else None

    def append(self, event: LogEvent) -> None:
        """Add the next event."""
        self.events.append(event)
        self.bytes += len(event.body) + OVERHEAD


class Chunks:
    """All chunks of a process: complete ones in one byte-bounded LRU, the newest of each tenant pinned."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._bytes = 0
        self._old: OrderedDict[Key, Chunk] = OrderedDict()
        self._newest: dict[TenantId, Chunk] = {}
        self._numbers = itertools.count(1)
        self._generations: dict[TenantId, int] = {}
        self._reads: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(READS_AT_ONCE)

    def begin(self, tenant: TenantId, head: int, events: Sequence[LogEvent]) -> None:
        """Forget the tenant's chunks and pin a newest one of `events`, dense, which end at `head`."""
        self.drop(tenant)
        chunk = Chunk(head - len(events) + 1, events)
        self._newest[tenant] = chunk
        self._generations[tenant] = next(self._numbers)
        self._count(chunk.bytes)

    def append(self, tenant: TenantId, events: Sequence[LogEvent]) -> None:
        """Grow the newest chunk by events that continue it."""
        chunk = self._newest[tenant]
        before = chunk.bytes
        for event in events:
            if event.position % SIZE == 1 and chunk.events:
                self._count(-before)
                if chunk.is_complete:
                    self._count(chunk.bytes)
                    self._keep((tenant, (chunk.first - 1) // SIZE), chunk)
                chunk = self._newest[tenant] = Chunk(event.position)
                before = 0
            chunk.append(event)
        self._count(chunk.bytes - before)

    def drop(self, tenant: TenantId) -> None:
        """Forget all of a tenant, and what is being read of it: another epoch, or content that changed."""
        self._generations.pop(tenant, None)
        for key in [key for key in self._old if key[0] == tenant]:
            self._count(-self._old.pop(key).bytes)
        if chunk := self._newest.pop(tenant, None):
            self._count(-chunk.bytes)

    def see_anew(self, tenant: TenantId, private: Mapping[UUID, bool]) -> None:
        """Incidents became private, or are so no more. The newest chunk says so from now on; the others, and
        what is being read of them, are forgotten."""
        for key in [key for key in self._old if key[0] == tenant]:
            self._count(-self._old.pop(key).bytes)
        chunk = self._newest[tenant]
        for index, event in enumerate(chunk.events):
            if event.incident is not None and event.incident in private:
                chunk.events[index] = replace(event, private=private[event.incident])
        self._generations[tenant] = next(self._numbers)

    def generation(self, tenant: TenantId) -> int:
        """A number that no other tenant and no earlier content of this one ever had; 0 before `begin`."""
        return self._generations.get(tenant, 0)

    def after(self, tenant: TenantId, position: int) -> list[LogEvent] | None:
        """What is kept above `position` in its chunk, and in the newest one where that is the next: a burst
        is not cut where chunks end. None when it must be fetched first."""
        newest = self._newest[tenant]
        if floor(position) == floor(newest.first - 1):
            return newest.after(position)
        key = (tenant, position // SIZE)
        if (chunk := self._old.get(key)) is None:
            return None
        self._old.move_to_end(key)
        found = chunk.after(position)
        return found + newest.events if found and newest.first == chunk.first + SIZE else found

    async def fetch(self, tenant: TenantId, position: int, read: Read) -> None:
        """Have the chunk above `position` read by `read(first, last)`, once for everybody who waits for it.

        Raises Hole when positions are missing, and what `read` raises. When `read` answers None, or began
        before the tenant's chunks were dropped, nothing is kept: `after` then still answers None.
        """
        newest = self._newest.get(tenant)
        if newest is None:
            return  # nobody follows any more
        if floor(position) == floor(newest.first - 1):
            raise Hole(f"the newest chunk begins at {newest.first}, behind a hole")
        key = (self._generations[tenant], position // SIZE)
        reading = self._reads.get(key)
        if reading is None:
            reading = self._reads[key] = asyncio.create_task(self._read(tenant, *key, read))
            reading.add_done_callback(lambda _: self._reads.pop(key))
        await asyncio.shield(reading)

    def stop(self) -> None:
        """Give up what is being read."""
        for reading in self._reads.values():
            reading.cancel()

    async def _read(self, tenant: TenantId, generation: int, index: int, read: Read) -> None:
        first = index * SIZE + 1
        async with self._places:
            CHUNK_READS.inc()
            events = await read(first, first + SIZE - 1)
        if events is None or self.generation(tenant) != generation:
            return
        if [event.position for event in events] != list(range(first, first + SIZE)):
            raise Hole(f"{SIZE - len(events)} of the positions {first} to {first + SIZE - 1} are missing")
        chunk = Chunk(first, events)
        self._count(chunk.bytes)
        self._keep((tenant, index), chunk)

    def _keep(self, key: Key, chunk: Chunk) -> None:
        """Put a complete chunk, whose bytes are counted, into the LRU, and drop the longest unused ones."""
        self._old[key] = chunk
        while self._bytes > self._capacity and len(self._old) > 1:
            self._count(-self._old.popitem(last=False)[1].bytes)

    def _count(self, size: int) -> None:
        self._bytes += size
        CHUNK_BYTES.inc(size)
