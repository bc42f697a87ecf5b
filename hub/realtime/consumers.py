"""The consumers that streams here hold: places are written once a second; who was replaced is told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from hub.contract.ids import TenantId
from hub.domain.errors import Forbidden, NotFound, TakenOver
from hub.domain.filter import read
from hub.domain.resume import Place, is_further
from hub.domain.sight import View
from hub.logs import Seldom
from hub.metrics import CONSUMER_ACKS, CONSUMERS_LOST
from hub.realtime.ending import end
from hub.realtime.wish import Wish
from hub.services import acknowledging
from hub.services.acknowledging import Kept, Lost, Step
from hub.services.ports import Ports

if TYPE_CHECKING:
    from hub.realtime.feed import Feed
    from hub.realtime.follower import Follower

PERIOD: Final = 1.0
TIMEOUT: Final = 5.0
RENEW_SECONDS: Final = 20.0  # a holder counts as one for a minute (storage/consumers.py)
BEFORE_MAX: Final = 64

log = structlog.get_logger()


class Holder:
    """One stream that holds a consumer; `number` is how often that was taken, which fences those before.

    `place` is what was acknowledged and is not written yet: one, however many acknowledgements come.
    """

    def __init__(self, follower: Follower, taken: Kept, lasts: bool) -> None:
        self.follower = follower
        self.tenant: TenantId = follower.grant.tenant
        self.id = taken.id
        self.number = taken.holder
        self.lasts = lasts
        self.place: Place | None = None
        self.renewed_at = asyncio.get_running_loop().time()
        self._sight: tuple[Feed, View] | None = None
        self._before = {(taken.epoch, taken.view): None}  # what its client may still have cursors of

    def see(self, feed: Feed, view: View) -> None:
        """Its stream goes on in this view of this log."""
        self._sight = feed, view
        self._note(feed.prefix.epoch, view.hash)

    def acknowledge(self, place: Place) -> bool:
        """Take a place of the stream's view. One from before a reset, which its client had not seen yet,
        changes nothing; False for one that this stream never had."""
        if self._sight is None:
            return False
        feed, view = self._sight
        if not place.is_in(feed.prefix.epoch, view.hash):
            return (place.epoch, place.view) in self._before
        self._note(place.epoch, place.view)
        if self.place is None or is_further(self.place, place):
            self.place = place
        return True

    def _note(self, epoch: UUID, view: bytes) -> None:
        self._before.pop((epoch, view), None)
        self._before[epoch, view] = None
        if len(self._before) > BEFORE_MAX:
            self._before.pop(next(iter(self._before)))


class Consumers:
    """One for each process. With PostgreSQL away acknowledgements wait, one place for each holder."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._held: dict[UUID, Holder] = {}
        self._gone: dict[Holder, None] = {}
        self._writing = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed = Seldom(log.warning)

    async def start(self) -> None:
        """Begin to write, and to ask who was replaced."""
        self._tasks = [
            asyncio.create_task(self._every_second(step), name=f"consumers {name}")
            for name, step in (("write", self.write), ("look", self.look))
        ]

    async def stop(self) -> None:
        """Write what is left, and that nothing is held here any more."""
        await end(*self._tasks)
        self._gone |= dict.fromkeys(self._held.values())
        self._held.clear()
        try:
            await self.write()
        except Exception as error:
            self._failed("last acknowledgements were not written", error=repr(error))

    async def take(self, follower: Follower, wish: Wish) -> Wish | None:
        """Hold the consumer that a wish names, in whoever's place: the wish with its filter, and its place
        where no other was asked for. None where that cannot be, which has ended the stream."""
        self.leave(follower)
        if not wish.consumer:
            return wish
        await self._write_of(
            follower.grant.tenant
        )  # or the new holder would begin behind what it would fence
        try:
            taken = await acknowledging.take(self._ports, follower.grant, wish.consumer, wish.holder)
            self._replace(Holder(follower, taken, wish.lasts))
        except TakenOver as error:
            follower.end("taken_over", error.detail)
        except NotFound as error:
            follower.end("consumer_gone", error.detail)
        except Forbidden as error:
            follower.end("forbidden", error.detail)
        else:
            if follower.is_over:
                self.leave(follower)
            place = self._ports.cursors.write(follower.grant.tenant, taken.place)
            return wish._replace(filter=read(taken.filter), after=wish.after or place)
        return None

    def acknowledge(self, follower: Follower, cursor: str) -> None:
        """Let the consumer of a stream move to a cursor; what this stream cannot have sent ends it."""
        holder, place = follower.holder, self._ports.cursors.read(follower.grant.tenant, cursor)
        if holder is None:
            follower.end("bad_request", "This stream is for no consumer: name one when you open it.")
        elif place is None or not holder.acknowledge(place):
            follower.end("cursor_invalid", "Acknowledge a cursor of this stream, as it was sent.")

    def leave(self, follower: Follower) -> None:
        """A stream holds nothing any more; its last acknowledgement is written by and by."""
        holder, follower.holder = follower.holder, None
        if holder is not None and self._held.get(holder.id) is holder:
            del self._held[holder.id]
            self._gone[holder] = None

    async def write(self, only: TenantId | None = None) -> None:
        """Write what was acknowledged, who lives and who has gone, in one transaction for each organization.
        Raises what the database raises; what was not written then waits."""
        async with self._writing:
            now = asyncio.get_running_loop().time()
            due: dict[TenantId, list[Holder]] = defaultdict(list)
            for holder in (*self._held.values(), *self._gone):
                is_old = now - holder.renewed_at >= RENEW_SECONDS
                if (holder.place or is_old or holder in self._gone) and only in (None, holder.tenant):
                    due[holder.tenant].append(holder)
            for tenant, holders in due.items():
                await self._note(tenant, holders, now)

    async def look(self) -> None:
        """Ask which of the consumers are another's by now, and end the streams for them. Raises what the
        database raises."""
        asked = {holder.id: holder for holder in self._held.values()}
        if not asked:
            return
        async with asyncio.timeout(TIMEOUT):
            held = [(holder.tenant, holder.id, holder.number) for holder in asked.values()]
            lost = await acknowledging.lost(self._ports, held)
        for each in lost:
            if self._held.get(each.id) is asked[each.id]:
                del self._held[each.id]
                _tell(asked[each.id].follower, each)

    def _replace(self, holder: Holder) -> None:
        before = self._held.get(holder.id)
        if before is not None and before.number > holder.number:
            raise TakenOver  # two came at once, and the answers the other way round
        self._held[holder.id] = holder.follower.holder = holder
        if before is not None:
            _tell(before.follower, Lost(id=holder.id, is_there=True, is_held=True))

    async def _write_of(self, tenant: TenantId) -> None:
        if any(each.tenant == tenant for each in (*self._held.values(), *self._gone)):
            await self.write(tenant)

    async def _note(self, tenant: TenantId, holders: list[Holder], now: float) -> None:
        places = {holder: holder.place for holder in holders}
        steps = [Step(holder.id, holder.number, place) for holder, place in places.items() if place]
        gone = {holder for holder in holders if holder in self._gone}
        living = {holder.id: holder.number for holder in holders if holder not in gone}
        released = {holder.id: holder.number for holder in gone if holder.lasts and holder.id not in living}
        CONSUMER_ACKS.inc(await acknowledging.note(self._ports, tenant, steps, living, released))
        for holder, place in places.items():
            holder.renewed_at = now
            if holder.place is place:
                holder.place = None
        for holder in gone:
            self._gone.pop(holder, None)

    async def _every_second(self, step: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_at = loop.time() + PERIOD
            try:
                await step()
            except Exception as error:
                self._failed("consumers could not be written or asked for", error=repr(error))
            await asyncio.sleep(max(0.0, next_at - loop.time()))


def _tell(follower: Follower, lost: Lost) -> None:
    """End a stream whose consumer is not its own any more."""
    if not lost.is_there:
        why = "consumer_gone", "This consumer was deleted."
    elif lost.is_held:
        why = "taken_over", "A newer connection holds this consumer."
    else:
        why = "restart", "This consumer was changed: dial again."
    CONSUMERS_LOST.labels(why[0]).inc()
    follower.end(*why)
