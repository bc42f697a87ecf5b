"""Announce: after a commit, ring the tenant's Redis channel; never blocks, never raises, may lose."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis

from hub.config import Config
from hub.contract.ids import TenantId
from hub.crash import around
from hub.logs import Seldom
from hub.metrics import HINTS_LOST, HINTS_RUNG
from hub.realtime.ending import end
from hub.realtime.hint import Hint, Seal, channel
from hub.realtime.link import AWAY, dial
from hub.storage.log import LogEvent

BYTES_MAX: Final = 64 * 1024  # a bigger hint says only "read": one read serves a whole process
PENDING_MAX: Final = 4096  # tenants
AT_ONCE: Final = 64
PAUSE_MAX: Final = 1.0

log = structlog.get_logger()


class Doorbell:
    """Keeps one pending hint a tenant and publishes them from one task of the running loop.

    What waits is joined: commits that continue each other become one hint, others say only "read", so the
    queue is bounded by the number of tenants however long Redis is away.
    """

    def __init__(self, config: Config) -> None:
        self._url = config.redis_url
        self._seal = Seal(config.keys("hint"))
        self._pending: dict[TenantId, Hint] = {}
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._away = Seldom(log.warning)

    def __call__(self, tenant: TenantId, epoch: UUID, head: int, events: list[LogEvent]) -> None:
        """Ring `tenant`: its log ends at `head` in `epoch`, and `events` are the last ones of it."""
        new = Hint(tenant=tenant, epoch=epoch, head=head, events=_light(events))
        waiting = self._pending.pop(tenant, None)  # popped, so that the newest is last
        if waiting is None and len(self._pending) >= PENDING_MAX:
            del self._pending[next(iter(self._pending))]
            HINTS_LOST.inc()
        self._pending[tenant] = _join(waiting, new) if waiting else new
        self._rung.set()

    async def start(self) -> None:
        """Begin to publish; what was rung before is rung now."""
        self._task = asyncio.create_task(self._publish(), name="doorbell")

    async def stop(self) -> None:
        """Publish what waits, as far as Redis takes it at once, and end."""
        if self._task is not None:
            await end(self._task)
            self._task = None
        if self._pending:
            async with dial(self._url) as redis:
                await self._ring(redis)

    async def _publish(self) -> None:
        pause = 0.0
        async with dial(self._url) as redis:
            while True:
                await self._rung.wait()
                is_taken = await self._ring(redis)
                if not self._pending:
                    self._rung.clear()
                # Away: what comes meanwhile is joined, and the poll of the heads carries the streams.
                pause = 0.0 if is_taken else min(PAUSE_MAX, 2 * pause + 0.05)
                await asyncio.sleep(pause)

    async def _ring(self, redis: Redis) -> bool:
        """Publish the oldest of what waits in one round trip; False when Redis did not take it."""
        hints = [self._pending.pop(tenant) for tenant in list(self._pending)[:AT_ONCE]]
        try:
            async with redis.pipeline(transaction=False) as pipeline:
                for hint in hints:
                    pipeline.publish(channel(TenantId(hint.tenant)), self._seal.close(hint))
                with around("announce"):
                    await pipeline.execute()
        except AWAY as error:
            HINTS_LOST.inc(len(hints))
            self._away("redis is away; streams go on by the poll", error=type(error).__name__)
            return False
        HINTS_RUNG.inc(len(hints))
        return True


def _light(events: list[LogEvent]) -> list[LogEvent]:
    return events if sum(len(event.body) for event in events) <= BYTES_MAX else []


def _join(older: Hint, newer: Hint) -> Hint:
    """One hint for both; out of order, of two epochs or too big, it says only "read"."""
    if older.epoch != newer.epoch:
        return Hint(newer.tenant, newer.epoch, newer.head, [])
    is_next = newer.head - len(newer.events) == older.head
    if not (is_next and older.events and newer.events):
        return Hint(newer.tenant, newer.epoch, max(older.head, newer.head), [])
    return Hint(newer.tenant, newer.epoch, newer.head, _light(older.events + newer.events))
