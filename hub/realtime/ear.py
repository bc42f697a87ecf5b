"""Hears the hints of followed tenants on Redis; what does not open counts as lost, and is counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio.client import PubSub

from hub.config import Config
from hub.contract.ids import TenantId
from hub.logs import Seldom
from hub.metrics import EAR_CONNECTED, EAR_DEAF, HINTS_FORGED
from hub.realtime.ending import end
from hub.realtime.hint import Hint, Seal, channel, tenant_of
from hub.realtime.link import AWAY, dial

PAUSE_MAX: Final = 2.0
AT_ONCE: Final = 500  # channels in one SUBSCRIBE

log = structlog.get_logger()
dice = random.SystemRandom()


class Ear:
    """One subscriber a process. `heard(tenant, hint)` is called for each message, None for an unreadable one.

    `listening(tenant)` is called whenever Redis confirms a subscription, the first time and after every
    reconnection: what was rung before that moment was missed and must be read.
    """

    def __init__(
        self,
        config: Config,
        heard: Callable[[TenantId, Hint | None], None],
        listening: Callable[[TenantId], None],
    ) -> None:
        self._url = config.redis_url
        self._seal = Seal(config.keys("hint"))
        self._heard = heard
        self._listening = listening
        self._wanted: set[TenantId] = set()
        self._changed = asyncio.Event()
        self._deaf = asyncio.Event()
        self._pause = 0.0
        self._task: asyncio.Task[None] | None = None
        self._away = Seldom(log.warning)
        self._forged = Seldom(log.warning, seconds=5)

    def follow(self, tenant: TenantId) -> None:
        """Subscribe to a tenant's channel, now or as soon as Redis is there."""
        self._wanted.add(tenant)
        self._changed.set()

    def leave(self, tenant: TenantId) -> None:
        """Unsubscribe: a process hears only whom it follows."""
        self._wanted.discard(tenant)
        self._changed.set()

    def reconnect(self) -> None:
        """Replace a subscriber that has gone deaf: a half-open connection raises nothing by itself."""
        self._deaf.set()

    async def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="ear")

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
                log.exception("the ear stumbled; it goes on")
            finally:
                EAR_CONNECTED.set(0)
            self._pause = min(PAUSE_MAX, 2 * self._pause + 0.05)
            await asyncio.sleep(dice.uniform(0, self._pause))

    async def _session(self) -> None:
        """One connection, from its first subscription until it is lost."""
        async with dial(self._url) as redis, redis.pubsub() as pubsub:
            self._deaf.clear()
            await pubsub.connect()
            EAR_CONNECTED.set(1)
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
            if message is None or (tenant := tenant_of(message["channel"].decode())) is None:
                continue
            if message["type"] == "subscribe":
                self._listening(tenant)
            elif message["type"] == "message":
                self._open(tenant, message["data"])

    def _open(self, tenant: TenantId, sealed: bytes) -> None:
        hint = self._seal.open(tenant, sealed)
        if hint is None:
            HINTS_FORGED.inc()
            self._forged("a message on a channel was not sealed by this installation", tenant=str(tenant))
        self._heard(tenant, hint)

    async def _tell(self, pubsub: PubSub) -> None:
        """Keep the subscriptions of this connection equal to what is wanted."""
        told: set[TenantId] = set()
        while True:
            self._changed.clear()
            if more := list(self._wanted - told)[:AT_ONCE]:
                await pubsub.subscribe(*map(channel, more))
                told.update(more)
            elif less := list(told - self._wanted)[:AT_ONCE]:
                await pubsub.unsubscribe(*map(channel, less))
                told.difference_update(less)
            else:
                await self._changed.wait()

    async def _watch(self) -> None:
        await self._deaf.wait()
        EAR_DEAF.inc()
        raise ConnectionError("the poll knows more than the subscriber heard")
