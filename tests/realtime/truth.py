"""A log in memory that plays PostgreSQL for the feed: heads and rows, committed, cut, emptied or away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

from hub.contract.ids import TenantId, new
from hub.realtime.feed import Source
from hub.realtime.hint import Hint
from hub.services.follow import Head
from hub.storage.log import LogEvent


class Truth:
    """One tenant's log. Each event's body says its epoch and position, so that a mix-up shows."""

    def __init__(self, length: int = 0) -> None:
        self.tenant = TenantId(new())
        self.epoch = uuid4()
        self.events: list[LogEvent] = []
        self.is_away = False
        self.missing: set[int] = set()
        self.loads: list[tuple[int, int]] = []
        self.heads_asked = 0
        self.before_rows: Callable[[], None] | None = None  # happens once, while a load is on its way
        self.commit(length)

    @property
    def head(self) -> int:
        return len(self.events)

    @property
    def source(self) -> Source:
        return Source(heads=self.heads, load=self.load)

    def event(self, position: int, kind: str = "incident.noted") -> LogEvent:
        body = b'{"at":"%s/%d","kind":"%s"}' % (str(self.epoch).encode(), position, kind.encode())
        return LogEvent(position, kind, None, body)

    def commit(self, count: int = 1, kind: str = "incident.noted") -> Hint:
        """Append and give the hint that the committing process would ring."""
        first = self.head + 1
        self.events += [self.event(first + index, kind) for index in range(count)]
        return Hint(self.tenant, self.epoch, self.head, self.events[first - 1 :])

    def fail_over(self, kept: int) -> None:
        """Another server goes on from position `kept`, in another epoch."""
        self.epoch = uuid4()
        self.events = [self.event(event.position, event.kind) for event in self.events[:kept]]

    def cut(self, kept: int) -> None:
        """The end is lost and nobody noticed: the epoch is the same."""
        del self.events[kept:]

    async def heads(self, tenants: Iterable[TenantId]) -> dict[TenantId, Head]:
        self.heads_asked += 1
        await self._travel()
        head = Head(self.epoch, self.head)
        await self._travel()
        return {tenant: head for tenant in tenants if tenant == self.tenant}

    async def load(self, tenant: TenantId, first: int, last: int) -> list[LogEvent]:
        assert tenant == self.tenant
        self.loads.append((first, last))
        await self._travel()
        if self.before_rows is not None:
            happen, self.before_rows = self.before_rows, None
            happen()
        rows = [event for event in self.events[first - 1 : last] if event.position not in self.missing]
        await self._travel()
        return rows

    async def _travel(self) -> None:
        """The way to the database and back, on which other things happen."""
        await asyncio.sleep(0.001)
        if self.is_away:
            raise ConnectionError("the database is away")


def other_epoch(hint: Hint) -> Hint:
    """The same hint, of a log that was before or will be."""
    return Hint(hint.tenant, UUID(int=7), hint.head, hint.events)
