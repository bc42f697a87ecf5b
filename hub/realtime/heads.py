"""The one-second poll of the followed heads: repairs what the ear missed, and notices an ear gone deaf."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from hub.contract.ids import TenantId
from hub.logs import Seldom
from hub.metrics import INVARIANTS_BROKEN, POLLS_FAILED
from hub.realtime.ending import end
from hub.realtime.feed import Feed, Source
from hub.services.follow import Head

PERIOD: Final = 1.0
TIMEOUT: Final = 5.0
DEAF_AFTER: Final = 3
BEHIND_MAX: Final = 15  # polls in a row that were answered: longer than any read of ours may take

log = structlog.get_logger()


class Heads:
    """Polls always: with Redis away this is the clock of the streams, so there is no mode to switch."""

    def __init__(
        self, source: Source, feeds: Callable[[], Collection[Feed]], reconnect: Callable[[], None]
    ) -> None:
        self._source = source
        self._feeds = feeds
        self._reconnect = reconnect
        self._ahead: dict[TenantId, Head] = {}  # what the last poll knew before the ear
        self._behind: dict[TenantId, tuple[Head, int]] = {}  # what a feed has not reached, for how many polls
        self._missed = 0
        self._task: asyncio.Task[None] | None = None
        self._failed = Seldom(log.warning)

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(self._run(), name="heads")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def look(self) -> None:
        """Poll once; raises what the database raises."""
        # A hint may move a head while the answer travels: compare with what we had when we asked.
        asked = {feed.tenant: (feed, feed.prefix.epoch, feed.prefix.head) for feed in self._feeds()}
        if not asked:
            return
        self._judge({tenant: feed for tenant, (feed, _, _) in asked.items()})
        behind, self._behind = self._behind, {}  # where this poll fails, nothing has to converge
        asked_at = asyncio.get_running_loop().time()
        async with asyncio.timeout(TIMEOUT):
            heads = await self._source.heads(list(asked))
        for tenant, (feed, epoch, position) in asked.items():
            head = heads.get(tenant)
            if head is None or (head.epoch, head.position) != (epoch, position):
                self._compare(feed, head, position)
            if head is not None:
                self._watch(feed, head, behind.get(tenant))
            is_ours = head is not None and head.epoch == feed.prefix.epoch
            if head is not None and is_ours and position <= head.position <= feed.prefix.head:
                feed.confirm(asked_at)

    def _compare(self, feed: Feed, head: Head | None, position: int) -> None:
        is_ahead = head is None or head.epoch != feed.prefix.epoch or head.position > feed.prefix.head
        if head is not None and is_ahead:
            self._ahead[feed.tenant] = head
        if is_ahead or (head is not None and head.position < position):
            feed.ring()

    def _watch(self, feed: Feed, head: Head, behind: tuple[Head, int] | None) -> None:
        """Count a feed that has not reached what a poll long ago knew of its log (I12)."""
        first, polls = behind if behind and behind[0].epoch == head.epoch else (head, 0)
        if feed.prefix.epoch == first.epoch and feed.prefix.head >= first.position:
            return
        if polls == BEHIND_MAX:
            INVARIANTS_BROKEN.labels("I12").inc()
            log.error(
                "a feed stands still", tenant=str(feed.tenant), at=feed.prefix.head, head=first.position
            )
            first, polls = head, 0
        self._behind[feed.tenant] = (first, polls + 1)

    def _judge(self, feeds: Mapping[TenantId, Feed]) -> None:
        """Whether the ear heard by now what the last poll knew before it; three times not, and it is deaf."""
        ahead = {tenant: head for tenant, head in self._ahead.items() if tenant in feeds}
        self._ahead.clear()
        if not ahead:
            return
        is_heard = all(
            feeds[tenant].prefix.has_heard(head.epoch, head.position) for tenant, head in ahead.items()
        )
        self._missed = 0 if is_heard else self._missed + 1
        if self._missed >= DEAF_AFTER:
            self._missed = 0
            self._reconnect()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_at = loop.time() + PERIOD
            try:
                await self.look()
            except Exception as error:
                POLLS_FAILED.inc()
                self._failed("the heads could not be polled; streams stand still", error=repr(error))
            await asyncio.sleep(max(0.0, next_at - loop.time()))
