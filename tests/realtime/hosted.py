"""One process with the logs of two organizations in virtual time, and readers who dial, look and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from client import CONFIG
from hearer import Hearer
from judge import Judge, Texts
from warp import Warped
from world import World

from hub.contract.ids import TenantId
from hub.domain import resume
from hub.domain.sight import View
from hub.realtime.batches import Batches
from hub.realtime.chunks import Chunks
from hub.realtime.feed import Feed, Source
from hub.realtime.heads import Heads
from hub.realtime.hint import Hint
from hub.realtime.pump import Pump
from hub.realtime.reader import Reader
from hub.services.cursors import Cursors
from hub.services.follow import Head
from hub.services.ports import utc_now
from hub.storage.log import LogEvent

AUTHORISE = 0.002  # seconds until rights in doubt are known again


class Visitor:
    """One reader: its judge, its present connection, and the view it asks for."""

    def __init__(self, side: int, judge: Judge) -> None:
        self.side = side
        self.judge = judge
        self.hearer: Hearer | None = None
        self.reader: Reader | None = None
        self.doubts = 0


class Watch:
    """What a feed calls when rights are in doubt: the reader stands still until they were read again."""

    def __init__(self, hosted: Hosted, visitor: Visitor) -> None:
        self._hosted = hosted
        self._visitor = visitor

    def suspect(self) -> None:
        """Hold, and go on later."""
        visitor = self._visitor
        if visitor.reader is None or visitor.hearer is None:
            return
        visitor.doubts += 1
        self._hosted.pump.hold(visitor.reader)
        visitor.hearer.is_held = True
        asyncio.get_running_loop().call_later(AUTHORISE, self._settle, visitor.doubts, visitor.reader)

    def _settle(self, doubts: int, reader: Reader) -> None:
        visitor = self._visitor
        if doubts == visitor.doubts and reader is visitor.reader and visitor.hearer is not None:
            visitor.hearer.is_held = False
            self._hosted.pump.release(reader)


class Hosted:
    """The parts of the core as a process has them; they may be replaced by broken ones."""

    chunks_of: ClassVar[type[Chunks]] = Chunks
    feed_of: ClassVar[type[Feed]] = Feed
    batches_of: ClassVar[type[Batches]] = Batches
    pump_of: ClassVar[type[Pump]] = Pump

    def host(self, lengths: tuple[int, int]) -> None:
        """Follow two logs of so many events."""
        self.loop = Warped()
        self.worlds = [World(length) for length in lengths]
        self.visitors: list[Visitor] = []
        self.hints: list[tuple[int, Hint]] = []
        self.texts: Texts = {}
        self.cursors = Cursors(CONFIG)
        self.run(self._follow())

    async def _follow(self) -> None:
        source = Source(heads=self._heads, load=self._load)
        self.chunks = self.chunks_of(capacity=1)  # what is complete goes, but for the last one
        self.batches = self.batches_of(self.chunks, self.cursors)
        self.pump = self.pump_of(self.batches, utc_now)
        self.feeds = [
            self.feed_of(world.tenant, source, self.chunks, self.pump.moved, self.pump.restarted)
            for world in self.worlds
        ]
        self.heads = Heads(source, lambda: self.feeds, lambda: None)
        for feed in self.feeds:
            await feed.behind()

    async def _heads(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Head]:
        found: dict[TenantId, Head] = {}
        for world in self.worlds:
            found |= await world.heads(tenants)
        return found

    async def _load(self, tenant: TenantId, first: int, last: int) -> list[LogEvent]:
        [world] = [world for world in self.worlds if world.tenant == tenant]
        return await world.load(tenant, first, last)

    async def _heal(self) -> None:
        for world in self.worlds:
            world.before_rows = None
        await self.heads.look()
        await asyncio.sleep(1)
        for visitor in self.visitors:
            await self._dial(visitor, "socket", visitor.judge.held)
        await asyncio.sleep(1)
        for visitor in self.visitors:
            if visitor.reader is not None:
                self.pump.beat(visitor.reader)

    def run(self, work: Any, pause: float = 0.0) -> None:
        """Do it, and let time pass."""
        if work is not None:
            self.loop.run_until_complete(work)
        self.loop.run_until_complete(asyncio.sleep(pause))

    async def _call(self, called: Any, *arguments: Any) -> None:
        called(*arguments)

    def _one(self, which: int) -> Visitor | None:
        return self.visitors[which % len(self.visitors)] if self.visitors else None

    def _come(self, side: int, view: View, via: str, pause: float) -> None:
        judge = Judge(self.worlds[side], self.feeds[side], self.cursors, view, self.texts)
        visitor = Visitor(side, judge)
        self.feeds[side].watchers.add(Watch(self, visitor))
        self.visitors.append(visitor)
        self.run(self._dial(visitor, via, None), pause)

    async def _dial(self, visitor: Visitor, via: str, after: str | None, is_another: bool = False) -> None:
        """Resume as a follower does: the verdict of the plan, then a reader at its place."""
        feed, judge = self.feeds[visitor.side], visitor.judge
        if visitor.reader is not None and visitor.hearer is not None:
            visitor.hearer.is_gone = True
            visitor.hearer.read_on()
            self.pump.remove(visitor.reader)
        hearer = visitor.hearer = Hearer(via, judge)
        place = self.cursors.read(feed.tenant, after) if after else None
        plan = resume.plan(place, feed.prefix.epoch, feed.prefix.head, judge.view.hash)
        if plan.mode == "ahead":
            await feed.behind()
            plan = resume.plan(place, feed.prefix.epoch, feed.prefix.head, judge.view.hash, sure=True)
        reader = visitor.reader = Reader(feed, judge.view, plan.position, hearer)
        reader.reset, reader.owed = plan.reason, plan.owed
        start = self.batches.cursor(feed, plan.position, reader.view_hash, plan.owed)
        judge.may_reset = judge.may_reset or plan.reason == "view"
        judge.dial(after or start, is_another)
        self.pump.add(reader)

    async def _look(self, visitor: Visitor, view: View) -> None:
        reader, hearer = visitor.reader, visitor.hearer
        visitor.judge.may_reset = visitor.judge.may_reset or view != visitor.judge.view
        if reader is not None and hearer is not None and view != reader.view:
            self.pump.hold(reader)
            reader.look(view)
            reader.reset = "view"
            visitor.judge.view = view
            if not hearer.is_held:
                self.pump.release(reader)
