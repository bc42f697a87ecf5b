"""One followed log: append, drop, or read to the end; says that it moved, and who may have lost a right."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from hub.contract.ids import TenantId
from hub.contract.kinds import VISIBILITY
from hub.domain.errors import Unavailable
from hub.domain.sight import SHOWN
from hub.logs import Seldom
from hub.metrics import FEED_READS, HINTS_HEARD, INVARIANTS_BROKEN
from hub.realtime.chunks import SIZE, Chunks, floor
from hub.realtime.hint import Hint
from hub.realtime.prefix import Hole, Prefix, Verdict
from hub.services.follow import Head
from hub.storage.log import LogEvent

READ_TIMEOUT: Final = 10.0
SPACING: Final = 0.1  # seconds from one read to the next: a flood of forged hints costs ten reads a second
# Administrative, but they change nobody's rights. A kind that is not named here suspends streams until
# they are authorised again, so a forgotten one costs time, not secrecy.
HARMLESS: Final = frozenset(
    {
        "session.started", "session.used", "request.refused", "sign_in.failed",
        "receipt.replayed", "receipt.discarded", "integration.replayed", "integration.undone",
        "consumer.created", "consumer.changed", "consumer.deleted",
    }
)  # fmt: skip

log = structlog.get_logger()


@dataclass(frozen=True)
class Source:
    """Where the truth is read: heads of many tenants, and the events first … last of one, dense."""

    heads: Callable[[list[TenantId]], Awaitable[Mapping[TenantId, Head]]]
    load: Callable[[TenantId, int, int], Awaitable[Sequence[LogEvent]]]


def is_doubtful(kind: str) -> bool:
    """Whether an event of this kind may have changed somebody's rights."""
    return kind in VISIBILITY or (kind not in HARMLESS and kind not in SHOWN)


class Watcher(Protocol):
    """Somebody whose rights rest on this log."""

    def suspect(self) -> None:
        """An event may have changed them: send nothing more before they were read again."""


class Feed:
    """A tenant's log in this process: its prefix, and the events of it in `chunks`.

    `moved` is called when the head went on; `restarted`, with the reason of a reset, when what was sent
    is not the log any more.
    """

    def __init__(
        self,
        tenant: TenantId,
        source: Source,
        chunks: Chunks,
        moved: Callable[[Feed], None],
        restarted: Callable[[Feed, str], None],
    ) -> None:
        self.tenant = tenant
        self.prefix = Prefix()
        self.watchers: set[Watcher] = set()
        self.followers = 0
        self.confirmed_at = -math.inf  # when PostgreSQL was last asked and knew nothing that we do not
        self._source = source
        self._chunks = chunks
        self._moved = moved
        self._restarted = restarted
        self._again = False
        self._reading: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._next_read_at = 0.0
        self._failed = Seldom(log.warning)

    def hear(self, hint: Hint | None) -> None:
        """Take a hint from the ear; None is one that did not open, and counts as lost."""
        verdict = Verdict.READ if hint is None else self.prefix.hear(hint)
        HINTS_HEARD.labels(verdict.value).inc()
        if hint is not None and verdict is Verdict.APPEND:
            self._append(hint.events)
        elif verdict is Verdict.READ:
            self.ring()

    def ring(self) -> None:
        """Have the end of the log read, by and by. A failure is logged; the poll of the heads asks again."""
        self._again = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all(), name=f"feed {self.tenant}")

    async def behind(self) -> None:
        """Read to the end: afterwards the prefix holds all that was committed before this call.

        Single flight: a read serves everybody who called before it began. Raises what the database raises.
        """
        served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(served)
        self.ring()
        await served

    async def fetch(self, position: int) -> None:
        """Get the chunk above `position`, which is below the head, into memory, if the log is still the same.

        Raises Hole, and what the database raises.
        """
        epoch = self.prefix.epoch

        async def read(first: int, last: int) -> Sequence[LogEvent] | None:
            loaded = await self._load(epoch, first, last)
            return loaded and loaded[0]

        await self._chunks.fetch(self.tenant, position, read)
        if epoch == self.prefix.epoch and self._chunks.after(self.tenant, position) is None:
            await self.behind()

    def confirm(self, asked_at: float) -> None:
        """PostgreSQL was asked at this time of the loop, and its answer held nothing that is not here."""
        self.confirmed_at = max(self.confirmed_at, asked_at)

    def close(self) -> None:
        """Nobody follows any more, so nothing would tell us that what we keep has changed: forget it."""
        if self._reading is not None:
            self._reading.cancel()
        self._serve(self._waiting, Unavailable("This log is not followed any more."))
        self._chunks.drop(self.tenant)

    async def _read_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._again:
            if (early := self._next_read_at - loop.time()) > 0:
                await asyncio.sleep(early)
            self._next_read_at = loop.time() + SPACING
            self._again = False
            waiting, asked_at = list(self._waiting), loop.time()
            FEED_READS.inc()
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    is_read = await self._read_to_end()
            except Exception as error:
                self._failed("the end of a log could not be read", tenant=str(self.tenant), error=repr(error))
                self._serve(waiting, error)
            else:
                if is_read:
                    self.confirm(asked_at)
                    self._serve(waiting)
                else:
                    self._again = True

    def _serve(self, waiting: list[asyncio.Future[None]], error: Exception | None = None) -> None:
        self._waiting = [served for served in self._waiting if served not in waiting]
        for served in waiting:
            if served.done():
                continue
            if error is None:
                served.set_result(None)
            else:
                served.set_exception(error)

    async def _read_to_end(self) -> bool:
        """Append what is above the head, or begin anew; False when the log became another meanwhile."""
        # A hint may move our head while the answer travels, so a head below ours is judged against what
        # we had when we asked: only then does it mean that the log was cut.
        had = self.prefix.head
        head = await self._head()
        if head.epoch != self.prefix.epoch or head.position < had:
            if head.epoch == self.prefix.epoch:  # what was sent is not there, and may be something else later
                INVARIANTS_BROKEN.labels("I4").inc()
                log.error("a log was cut", tenant=str(self.tenant), had=had, head=head.position)
            return await self._start_over(head, "epoch")
        try:
            while self.prefix.head < head.position:
                first = self.prefix.head + 1
                last = min(head.position, floor(first - 1) + SIZE)
                loaded = await self._load(head.epoch, first, last)
                if loaded is None:
                    return False
                events, head = loaded
                if len(events) != last - first + 1 or events[0].position != first:
                    raise Hole(f"{last - first + 1 - len(events)} of positions {first} to {last} are missing")
                self._append(events)
        except Hole as hole:
            self._alarm(hole)
            return await self._start_over(await self._head(), "trimmed")
        return True

    async def _start_over(self, head: Head, reason: str) -> bool:
        """Begin anew with the newest chunk of the log as it is now, and reset the readers."""
        first = floor(head.position) + 1
        loaded = await self._load(head.epoch, first, head.position)
        if loaded is None:
            return False
        whole = _dense_end(loaded[0], head.position)
        if reason != "trimmed" and len(whole) != head.position - first + 1:
            self._alarm(Hole(f"positions {first} to {head.position - len(whole)} are missing"))
        self.prefix.start(head.epoch, head.position)
        self._chunks.begin(self.tenant, head.position, whole)
        for watcher in list(self.watchers):
            watcher.suspect()  # among what was not seen may have been a revocation
        self._restarted(self, reason)
        return True

    async def _load(self, epoch: UUID, first: int, last: int) -> tuple[Sequence[LogEvent], Head] | None:
        """The events first … last and the head after they were read; None when the log is another by then.

        Asked in this order, because an epoch never comes back: rows that were read before a head of `epoch`
        are rows of `epoch`, whatever happens during the read.
        """
        events = await self._source.load(self.tenant, first, last)
        head = await self._head()
        return (events, head) if head.epoch == epoch and head.position >= last else None

    async def _head(self) -> Head:
        heads = await self._source.heads([self.tenant])
        if self.tenant not in heads:
            raise Unavailable("This log cannot be read now.")
        return heads[self.tenant]

    def _append(self, events: Sequence[LogEvent]) -> None:
        new = self.prefix.take(events)
        self._chunks.append(self.tenant, new)
        seen = [event for event in new if event.kind in VISIBILITY]
        if seen:
            sights = {event.incident: event.private for event in seen if event.incident is not None}
            self._chunks.see_anew(self.tenant, sights)
        if any(is_doubtful(event.kind) for event in new):
            for watcher in list(self.watchers):
                watcher.suspect()
        self._moved(self)

    def _alarm(self, hole: Hole) -> None:
        INVARIANTS_BROKEN.labels("I1").inc()
        log.error("events are missing in PostgreSQL", tenant=str(self.tenant), hole=str(hole))


def _dense_end(events: Sequence[LogEvent], head: int) -> list[LogEvent]:
    """The longest run of `events` that ends at `head` without a gap."""
    whole: list[LogEvent] = []
    for event in reversed(events):
        if event.position != head - len(whole):
            break
        whole.append(event)
    whole.reverse()
    return whole
