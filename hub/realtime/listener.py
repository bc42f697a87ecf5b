"""One subscriber to the channels of tenants on Redis; it comes back by itself, and says when it listens."""

from __future__ import annotations

import asyncio
import random
from typing import Final

import structlog
from prometheus_client import Gauge
from redis.asyncio.client import PubSub

from hub.contract.ids import TenantId
from hub.logs import Seldom
from hub.metrics import EAR_DEAF
from hub.realtime.ending import end
from hub.realtime.hint import PREFIX, channel, tenant_of
from hub.realtime.link import AWAY, dial

PAUSE_MAX: Final = 2.0
AT_ONCE: Final = 500  # channels in one SUBSCRIBE

log = structlog.get_logger()
dice = random.SystemRandom()


class Listener:
    """Follows one channel of each wanted tenant: those whose names begin with `prefix`."""

    prefix = PREFIX
    connected: Gauge | None = None

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted: set[TenantId] = set()
        self._tenants: dict[bytes, TenantId] = {}  # those of the wanted, by the names of their channels
        self._changed = asyncio.Event()
        self._deaf = asyncio.Event()
        self._pause = 0.0
        self._task: asyncio.Task[None] | None = None
        self._away = Seldom(log.warning)

    def listening(self, tenant: TenantId) -> None:
        """Redis has confirmed a subscription, the first time or after a reconnection: what was said before
        that moment was missed."""

    def hear(self, tenant: TenantId, payload: bytes) -> None:
        """A message on a tenant's channel, whoever sent it."""
        raise NotImplementedError

    def follow(self, tenant: TenantId) -> None:
        """Subscribe to a tenant's channel, now or as soon as Redis is there."""
        self._wanted.add(tenant)
        self._tenants[channel(tenant, self.prefix).encode()] = tenant
        self._changed.set()

    def leave(self, tenant: TenantId) -> None:
        """Unsubscribe: a process hears only whom it follows."""
        self._wanted.discard(tenant)
        self._tenants.pop(channel(tenant, self.prefix).encode(), None)
        self._changed.set()

    def reconnect(self) -> None:
        """Replace a subscriber that has gone deaf: a half-open connection raises nothing by itself."""
        self._deaf.set()

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="listener")

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._session()
            except AWAY as error:
                self._away("the subscriber lost redis", error=type(error).__name__)
            except Exception:
                log.exception("a subscriber stumbled; it goes on")
            finally:
                self._is_connected(False)
            self._pause = min(PAUSE_MAX, 2 * self._pause + 0.05)
            await asyncio.sleep(dice.uniform(0, self._pause))

    async def _session(self) -> None:
        """One connection, from its first subscription until it is lost."""
        async with dial(self._url) as redis, redis.pubsub() as pubsub:
            self._deaf.clear()
            await pubsub.connect()
            self._is_connected(True)
            parts = [
                asyncio.create_task(part)
                for part in (self._listen(pubsub), self._tell(pubsub), self._watch())
            ]
            try:
                done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                done.pop().result()
            finally:
                await end(*parts)

    async def _listen(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=None)
            self._pause = 0.0
            if message is None or (tenant := self._tenant(message["channel"])) is None:
                continue
            if message["type"] == "subscribe":
                self.listening(tenant)
            elif message["type"] == "message":
                self.hear(tenant, message["data"])

    async def _tell(self, pubsub: PubSub) -> None:
        """Keep the subscriptions of this connection equal to what is wanted."""
        told: set[TenantId] = set()
        while True:
            self._changed.clear()
            if more := list(self._wanted - told)[:AT_ONCE]:
                await pubsub.subscribe(*(channel(tenant, self.prefix) for tenant in more))
                told.update(more)
            elif less := list(told - self._wanted)[:AT_ONCE]:
                await pubsub.unsubscribe(*(channel(tenant, self.prefix) for tenant in less))
                told.difference_update(less)
            else:
                await self._changed.wait()

    async def _watch(self) -> None:
        await self._deaf.wait()
        EAR_DEAF.inc()
        raise ConnectionError("others know more than the subscriber heard")

    def _tenant(self, name: bytes) -> TenantId | None:
        tenant = self._tenants.get(name)
        return tenant_of(name.decode(), self.prefix) if tenant is None else tenant

    def _is_connected(self, so: bool) -> None:
        if self.connected is not None:
            self.connected.set(so)
