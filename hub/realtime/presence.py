"""Presence: who is at which incident, told once a second to who may see it; a word in Redis, no row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis

from hub.contract.frames import Member
from hub.contract.frames import Presence as Frame
from hub.contract.ids import TenantId, parse, text
from hub.domain.sight import View
from hub.logs import Seldom
from hub.metrics import PRESENCE_HEARD
from hub.realtime.encodings import Messages
from hub.realtime.ending import end
from hub.realtime.hint import Sealing, channel
from hub.realtime.link import AWAY, dial
from hub.realtime.listener import Listener
from hub.realtime.reader import Sent
from hub.realtime.room import FORGET_SECONDS, Present, Room, Statement
from hub.services import follow
from hub.services.ports import Ports

if TYPE_CHECKING:
    from hub.realtime.follower import Follower

PREFIX: Final = "hub-presence:"
BEAT: Final = 1.0
STATE_EVERY: Final = 10.0
BYTES_MAX: Final = 256 * 1024
SLICE: Final = 500  # connections told before the loop may do something else
Sights = Mapping[UUID, tuple[UUID, bool]]

log = structlog.get_logger()


class Presence(Listener):
    """The rooms of a process's organizations. What is said in one is told to its connections here, and stated
    on its channel for other processes, whose statements are told here too.

    Nothing but presence depends on it: without Redis others are not seen, without PostgreSQL nobody is,
    since who may see an incident is read for each telling.
    """

    prefix = PREFIX

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports.config.redis_url)
        self.beat = BEAT
        self._ports = ports
        self._process = uuid4()
        self._seal = Sealing(ports.config.keys("presence"), Statement)
        self._rooms: dict[TenantId, Room[Follower]] = {}
        self._sending: dict[Follower, asyncio.Future[None]] = {}
        self._to_state: dict[TenantId, Room[Follower]] = {}
        self._unheard_since: float | None = None  # our own word, which comes back as everybody's
        self._beating: asyncio.Task[None] | None = None
        self._encoding = Messages()
        self._failed = Seldom(log.warning)
        self._forged = Seldom(log.warning, seconds=5)

    async def start(self) -> None:
        """Begin to listen and to tell."""
        await super().start()
        self._beating = asyncio.create_task(self._beat(), name="presence")

    async def stop(self) -> None:
        """Say nothing more; what was said here is forgotten by the others in its time."""
        if self._beating is not None:
            await end(self._beating)
            self._beating = None
        await super().stop()

    def enter(self, follower: Follower) -> None:
        """A connection that can be told has come."""
        tenant = follower.grant.tenant
        if tenant not in self._rooms:
            self._rooms[tenant] = Room()
            self.follow(tenant)
        self._rooms[tenant].enter(follower)

    def exit(self, follower: Follower) -> None:
        """It has gone; the room stays until it was said that nobody is there."""
        if room := self._rooms.get(follower.grant.tenant):
            room.exit(follower)
        self._sending.pop(follower, None)

    def anew(self, follower: Follower) -> None:
        """A connection sees something else now: tell it all that it sees."""
        room = self._rooms.get(follower.grant.tenant)
        if room is not None and follower in room.said:
            room.late.add(follower)

    def say(self, follower: Follower, incident: str, state: str) -> None:
        """Somebody is at an incident. One that does not exist, or is out of sight, is passed over in silence:
        both look the same."""
        id = parse("incident", incident)
        room = self._rooms.get(follower.grant.tenant)
        if id is not None and room is not None:
            room.say(follower, id, state, asyncio.get_running_loop().time())

    def listening(self, tenant: TenantId) -> None:
        """What was said before was missed: have it said again."""
        if room := self._rooms.get(tenant):
            room.asks = True

    def hear(self, tenant: TenantId, payload: bytes) -> None:
        """Take the statement of a process, once."""
        statement = self._seal.open(tenant, payload) if len(payload) <= BYTES_MAX else None
        verdict = "forged" if statement is None else self._verdict(tenant, statement)
        PRESENCE_HEARD.labels(verdict).inc()
        if verdict == "forged":
            self._forged("a statement on presence was not sealed by this installation", tenant=str(tenant))

    def _verdict(self, tenant: TenantId, statement: Statement) -> str:
        if statement.process == self._process:
            self._unheard_since = None
            return "own"
        room, wall = self._rooms.get(tenant), self._ports.clock().timestamp()
        if room is None or not room.hear(statement, wall, asyncio.get_running_loop().time()):
            return "stale"
        return "taken"

    async def _beat(self) -> None:
        async with dial(self._url) as redis:
            while True:
                await asyncio.sleep(self.beat)
                for tenant in list(self._rooms):
                    try:
                        await self._tend(tenant, self._rooms[tenant])
                    except Exception as error:
                        self._failed("presence could not be told", tenant=str(tenant), error=repr(error))
                try:
                    await self._state(redis)
                except AWAY as error:
                    self._away("redis is away; others are not seen", error=type(error).__name__)
                self._watch_own_word()

    def _watch_own_word(self) -> None:
        """A subscriber that does not hear what this process itself says has gone deaf."""
        now = asyncio.get_running_loop().time()
        if self._unheard_since is not None and now - self._unheard_since > FORGET_SECONDS:
            self._unheard_since = None
            self.reconnect()

    async def _tend(self, tenant: TenantId, room: Room[Follower]) -> None:
        now = asyncio.get_running_loop().time()
        room.age(now)
        is_due = room.is_due(now)
        if not (room.is_changed or room.late or is_due):
            self._leave_empty(tenant, room)
            return
        room.is_changed = False
        try:
            seen = await self._sights(tenant, [*room.incidents, *room.told])
        except Exception:
            room.is_changed = True
            raise

        def is_there(follower: Follower, incident: UUID) -> Present | None:
            view = follower.sight
            if view is None or incident not in seen or not view.sees_incident(incident, *seen[incident]):
                return None
            return Present(incident, follower.grant.actor.id, follower.grant.actor.name, "")

        here = room.present(is_there)
        await self._tell_all(room, room.tables(here, seen), seen)
        if here != room.stated or is_due:
            room.stated, room.state_due = here, now
            self._to_state[tenant] = room

    async def _sights(self, tenant: TenantId, incidents: list[UUID]) -> Sights:
        return await follow.sights(self._ports, tenant, incidents) if incidents else {}

    async def _state(self, redis: Redis) -> None:
        """Say what is known here to the other processes; what Redis does not take is said a beat later."""
        rooms, self._to_state = self._to_state, {}
        if not rooms:
            return
        async with redis.pipeline(transaction=False) as pipeline:
            for tenant, room in rooms.items():
                wall = self._ports.clock().timestamp()
                statement = Statement(tenant, self._process, wall, room.stated, room.asks)
                pipeline.publish(channel(tenant, PREFIX), self._seal.close(statement))
            await pipeline.execute()
        now = asyncio.get_running_loop().time()
        for room in rooms.values():
            room.state_due, room.asks = now + STATE_EVERY, False
        self._unheard_since = self._unheard_since or now

    def _leave_empty(self, tenant: TenantId, room: Room[Follower]) -> None:
        if not room.said and not room.stated:
            del self._rooms[tenant]
            self.leave(tenant)

    async def _tell_all(
        self, room: Room[Follower], tables: dict[UUID, tuple[Member, ...]], seen: Sights
    ) -> None:
        """Tell everybody what has changed, and everything to who is late. Equal views share the bytes."""
        changed = [id for id, members in tables.items() if members != room.told.get(id, ())]
        late, room.late = room.late, set()
        wanted = iter(list(room.said) if changed else list(late))
        framed: dict[tuple[View, bool], bytes] = {}
        while part := list(islice(wanted, SLICE)):
            for follower in part:
                if follower.is_over:
                    continue
                view, is_late = follower.sight, follower in late
                if view is None or follower.is_unsettled or follower in self._sending:
                    room.late.add(follower)
                    continue
                key = (view, is_late)
                if key not in framed:
                    framed[key] = self._frames(view, tables, tables if is_late else changed, seen)
                if framed[key]:
                    self._is_sent(follower, follower.line.send(framed[key]))
            await asyncio.sleep(0)
        # who is late hears of those that have emptied, too
        room.told = {id: members for id, members in tables.items() if members or room.late}

    def _frames(
        self, view: View, tables: Mapping[UUID, tuple[Member, ...]], ids: Iterable[UUID], seen: Sights
    ) -> bytes:
        return b"".join(
            self._encoding.tell(Frame(incident=text("incident", id), members=tables[id]))
            for id in ids
            if _is_for(view, id, seen)
        )

    def _is_sent(self, follower: Follower, sent: Sent) -> None:
        """One telling at a time: who does not read waits for the next whole one."""
        if sent is not None:
            self._sending[follower] = sent
            sent.add_done_callback(lambda done: self._drained(follower, done))

    def _drained(self, follower: Follower, sent: asyncio.Future[None]) -> None:
        self._sending.pop(follower, None)
        if not sent.cancelled():
            sent.exception()  # the connection is gone; its end is told elsewhere


def _is_for(view: View, incident: UUID, seen: Sights) -> bool:
    if incident not in seen or not view.sees_incident(incident, *seen[incident]):
        return False
    asked = view.filter
    return (not asked.incidents or incident in asked.incidents) and (
        not asked.services or seen[incident][0] in asked.services
    )
