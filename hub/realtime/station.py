"""All that follows logs in a web process: the feeds, the ear, the poll, the pump, and the streams on them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final

import structlog

from hub.contract import frames
from hub.contract.ids import TenantId
from hub.domain.access import Grant
from hub.domain.errors import RateLimited, Unavailable
from hub.logs import Seldom
from hub.metrics import STREAMS_OPEN, TENANTS_FOLLOWED
from hub.realtime.batches import Batches
from hub.realtime.chunks import Chunks
from hub.realtime.consumers import Consumers, Holder
from hub.realtime.ear import Ear
from hub.realtime.feed import Feed, Source
from hub.realtime.follower import Follower
from hub.realtime.heads import Heads
from hub.realtime.hint import Hint
from hub.realtime.opening import HEARTBEAT, welcome
from hub.realtime.presence import Presence
from hub.realtime.pump import Pump
from hub.realtime.reader import Reader
from hub.realtime.rights import Rights
from hub.realtime.snapshots import Snapshots
from hub.realtime.wheel import Wheel
from hub.realtime.wish import Wish
from hub.services import access, follow
from hub.services.ports import Ports

AUTHORISE_AT_ONCE: Final = 4  # of the pool's ten connections
ADMIT_AT_ONCE: Final = 4
RETRY_AFTER: Final = 5
CUT_PERIOD: Final = 1.0

log = structlog.get_logger()
dice = random.SystemRandom()


class Station:
    """Made once by app.py, started on its loop, given to the stream routes as `station`."""

    def __init__(self, ports: Ports, heartbeat: float = HEARTBEAT) -> None:
        self.ports = ports
        self.cursors = ports.cursors
        source = Source(heads=partial(follow.heads, ports), load=partial(follow.load, ports))
        self._source = source
        self._chunks = Chunks()
        self.batches = Batches(self._chunks, self.cursors)
        self.snapshots = Snapshots(ports)
        self.pump = Pump(self.batches, ports.clock)
        self.wheel: Wheel[Follower] = Wheel(Follower.beat, heartbeat)
        self.ear = Ear(ports.config, self._heard, self._listening)
        self.heads = Heads(source, self._feeds_now, self.ear.reconnect)
        self.rights = Rights(self)
        self.presence = Presence(ports)
        self.consumers = Consumers(ports)
        self._authorising = asyncio.Semaphore(AUTHORISE_AT_ONCE)
        self.troubled = Seldom(log.warning)
        self._feeds: dict[TenantId, Feed] = {}
        self._followers: set[Follower] = set()
        self._streams: Counter[TenantId] = Counter()
        self._doors = asyncio.Semaphore(ADMIT_AT_ONCE)
        self._crowd = 0
        self._is_leaving = False
        self._cutter: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to hear, to poll and to beat."""
        await self.ear.start()
        await self.heads.start()
        await self.presence.start()
        await self.consumers.start()
        self.wheel.start()
        self.rights.start()
        self._cut()

    async def stop(self) -> None:
        """End at once: what is still open loses its connection with the process."""
        self._is_leaving = True
        if self._cutter is not None:
            self._cutter.cancel()
        self.wheel.stop()
        for follower in list(self._followers):
            follower.close("going_away")
        await self.consumers.stop()
        await self.rights.stop()
        await self.presence.stop()
        await self.heads.stop()
        await self.ear.stop()
        self.pump.stop()
        self.snapshots.stop()
        self._chunks.stop()

    async def drain(self, seconds: float) -> None:
        """Take no more streams, ask all to dial again, each at another moment, and close them with 1012."""
        self._is_leaving = True
        loop = asyncio.get_running_loop()
        began = loop.time()
        leaving = sorted((dice.uniform(0, seconds), index, f) for index, f in enumerate(self._followers))
        for after, _, follower in leaving:
            follower.goaway(after)
        for after, _, follower in leaving:
            await asyncio.sleep(max(0.0, began + after - loop.time()))
            follower.close("restart")

    async def follow(self, tenant: TenantId) -> Feed:
        """The feed of a tenant, read to its end at least once; give it back with `leave`.

        Raises what the database raises, and TimeoutError; nothing has to be given back then.
        """
        feed = self._feeds.get(tenant)
        if feed is None:
            feed = Feed(tenant, self._source, self._chunks, self.pump.moved, self.pump.restarted)
            self._feeds[tenant] = feed
            TENANTS_FOLLOWED.set(len(self._feeds))
            self.ear.follow(tenant)  # listen first: what is committed from now on is heard or polled
        feed.followers += 1
        try:
            if not feed.prefix.is_read:
                await feed.behind()
        except BaseException:
            self.leave(feed)
            raise
        return feed

    async def still(self, grant: Grant) -> Grant | None:
        """The Grant as it is now, None where nothing is left of it: a crowd that comes with one credential
        asks the database once, and however many credentials come, few ask at a time."""
        if kept := access.at_hand(self.ports, grant):
            return kept
        key = ("still", grant.credential, grant.tenant, grant.slug)
        return await self.ports.sharing.ask(key, partial(self._still, grant))

    async def _still(self, grant: Grant) -> Grant | None:
        async with self._authorising:
            return await access.still(self.ports, grant)

    def leave(self, feed: Feed) -> None:
        """One follower less; the last one ends the subscription."""
        feed.followers -= 1
        if feed.followers == 0:
            del self._feeds[feed.tenant]
            TENANTS_FOLLOWED.set(len(self._feeds))
            self.ear.leave(feed.tenant)
            feed.close()

    @asynccontextmanager
    async def admitting(self) -> AsyncIterator[None]:
        """A turn to prove who one is. A crowd whose proofs are not kept has to leave connections of the pool
        to what keeps the streams alive; raise Unavailable where the crowd is too long."""
        if self._crowd >= self.ports.config.streams_per_process:
            raise Unavailable("Too many streams begin at once; try again.", RETRY_AFTER)
        self._crowd += 1
        try:
            async with self._doors:
                yield
        finally:
            self._crowd -= 1

    def admit(self, tenant: TenantId) -> None:
        """Raise Unavailable or RateLimited when there is no place for one more stream."""
        config = self.ports.config
        if len(self._followers) >= config.streams_per_process:
            raise Unavailable("This process takes no more streams; try again.", RETRY_AFTER)
        most = config.streams_per_organization
        if self._streams[tenant] >= most:
            raise RateLimited(RETRY_AFTER, f"An organization has at most {most} streams here.")

    def enter(self, follower: Follower) -> None:
        """A stream has begun."""
        self._followers.add(follower)
        self._streams[follower.grant.tenant] += 1
        STREAMS_OPEN.set(len(self._followers))

    def welcome(
        self, feed: Feed, reader: Reader, mode: str, expires_at: datetime | None, holder: Holder | None
    ) -> frames.Welcome:
        """The verdict on a resume that needs no state."""
        start = self.batches.cursor(feed, reader.position, reader.view_hash, reader.owed)
        head = self.batches.cursor(feed, feed.prefix.head, reader.view_hash)
        return welcome(start, head, "replay" if mode == "replay" else "live", expires_at, holder)

    async def begin(self, follower: Follower, wish: Wish) -> None:
        """Start a stream that has entered; a database that is away ends it with a code that says so. One that
        was accepted just before we left is told to dial again: a refusal would be a failed request."""
        if self._is_leaving:
            follower.goaway(0)
            follower.close("restart")
            return
        await self.attempt(follower, follower.start(wish))

    async def attempt(self, follower: Follower, step: Coroutine[Any, Any, None]) -> None:
        """Take one step of a stream's life, or end it."""
        try:
            await step
        except Exception as error:
            self.troubled("a stream could not begin", error=repr(error))
            follower.end("server_error", "The log cannot be read now; keep your cursor.", 1000)

    def exit(self, follower: Follower) -> None:
        """A stream has ended, whoever ended it."""
        follower.stop()
        self.presence.exit(follower)
        self.consumers.leave(follower)
        self._followers.discard(follower)
        self._streams -= Counter([follower.grant.tenant])  # which forgets a tenant without streams
        STREAMS_OPEN.set(len(self._followers))

    def _feeds_now(self) -> list[Feed]:
        return [feed for feed in self._feeds.values() if feed.prefix.is_read]

    def _heard(self, tenant: TenantId, hint: Hint | None) -> None:
        if feed := self._feeds.get(tenant):
            feed.hear(hint)

    def _listening(self, tenant: TenantId) -> None:
        if feed := self._feeds.get(tenant):
            feed.ring()

    def _cut(self) -> None:
        self._cutter = asyncio.get_running_loop().call_later(CUT_PERIOD, self._cut)
        self.pump.cut_blocked()
