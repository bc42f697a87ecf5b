"""Doorbell and ear over a real Valkey: it may lose, forge, replay, hang, die and forget everything."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from conftest import Bell

from hub.contract.ids import TenantId, new
from hub.embedded.spec import until
from hub.metrics import HINTS_FORGED
from hub.realtime import link
from hub.realtime.doorbell import BYTES_MAX, PENDING_MAX, Doorbell
from hub.realtime.ear import Ear
from hub.realtime.hint import Hint, Seal, channel
from hub.realtime.link import dial
from hub.storage.log import LogEvent

OURS, THEIRS = TenantId(new()), TenantId(new())
EPOCH = uuid4()
SECONDS = 10


def events(*positions: int, size: int = 10) -> list[LogEvent]:
    return [LogEvent(position, "incident.noted", None, b"x" * size) for position in positions]


class Listener:
    """An ear, and what it told."""

    def __init__(self, bell: Bell) -> None:
        self.heard: asyncio.Queue[tuple[TenantId, Hint | None]] = asyncio.Queue()
        self.listening: asyncio.Queue[TenantId] = asyncio.Queue()
        self.ear = Ear(bell.config, lambda *told: self.heard.put_nowait(told), self.listening.put_nowait)

    async def next(self) -> tuple[TenantId, Hint | None]:
        return await asyncio.wait_for(self.heard.get(), SECONDS)

    async def ready(self) -> TenantId:
        return await asyncio.wait_for(self.listening.get(), SECONDS)


@asynccontextmanager
async def listener(bell: Bell, *tenants: TenantId) -> AsyncIterator[Listener]:
    """An ear that follows these tenants and is known to listen."""
    made = Listener(bell)
    await made.ear.start()
    for tenant in tenants:
        made.ear.follow(tenant)
    for _ in tenants:
        await made.ready()
    try:
        yield made
    finally:
        await made.ear.stop()


@asynccontextmanager
async def doorbell(bell: Bell) -> AsyncIterator[Doorbell]:
    made = Doorbell(bell.config)
    with patch.object(link, "TIMEOUT", 5.0):  # a busy machine loses no hint here
        await made.start()
        try:
            yield made
        finally:
            await made.stop()


@pytest.mark.gen_test(timeout=30)
async def test_who_follows_hears_what_was_rung_and_nobody_else(bell: Bell) -> None:
    async with listener(bell, OURS) as ours, listener(bell, THEIRS) as theirs, doorbell(bell) as ring:
        ring(OURS, EPOCH, 2, events(1, 2))
        assert await ours.next() == (OURS, Hint(OURS, EPOCH, 2, events(1, 2)))
        ring(THEIRS, EPOCH, 1, events(1))
        assert await theirs.next() == (THEIRS, Hint(THEIRS, EPOCH, 1, events(1)))
        assert ours.heard.empty()


@pytest.mark.gen_test(timeout=30)
async def test_commits_that_continue_each_other_become_one_hint(bell: Bell) -> None:
    async with listener(bell, OURS) as ours, doorbell(bell) as ring:
        ring(OURS, EPOCH, 1, events(1))
        ring(OURS, EPOCH, 3, events(2, 3))
        ring(OURS, EPOCH, 4, events(4))
        assert await ours.next() == (OURS, Hint(OURS, EPOCH, 4, events(1, 2, 3, 4)))


@pytest.mark.parametrize(
    ("rung", "head"),
    [
        ([(EPOCH, 2, events(2)), (EPOCH, 1, events(1))], 2),
        ([(EPOCH, 1, events(1)), (EPOCH, 3, events(3))], 3),
        ([(EPOCH, 7, events(7)), (UUID(int=1), 2, events(2))], 2),
        ([(EPOCH, 2, events(1, 2, size=BYTES_MAX))], 2),
        ([(EPOCH, 1, events(1, size=BYTES_MAX)), (EPOCH, 2, events(2))], 2),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_out_of_order_of_two_epochs_or_too_big_it_only_says_read(
    bell: Bell, rung: list[tuple[UUID, int, list[LogEvent]]], head: int
) -> None:
    async with listener(bell, OURS) as ours, doorbell(bell) as ring:
        for epoch, at, bodies in rung:
            ring(OURS, epoch, at, bodies)
        assert await ours.next() == (OURS, Hint(OURS, rung[-1][0], head, []))


@pytest.mark.gen_test(timeout=30)
async def test_what_this_installation_did_not_seal_counts_as_lost(bell: Bell) -> None:
    def sealed(tenant: TenantId, key: bytes) -> bytes:
        return Seal((key,)).close(Hint(tenant, EPOCH, 1, events(1)))

    own = bell.config.keys("hint")[0]
    forged = HINTS_FORGED._value.get()
    async with listener(bell, OURS) as ours:
        for payload in (b"", b"garbage", sealed(OURS, b"x" * 32), sealed(THEIRS, own)):
            await bell.ask("PUBLISH", channel(OURS), payload)
            assert await ours.next() == (OURS, None)
        await bell.ask("PUBLISH", channel(OURS), sealed(OURS, own))
        assert (await ours.next())[1] is not None
    assert HINTS_FORGED._value.get() == forged + 4


@pytest.mark.gen_test(timeout=30)
async def test_nothing_on_the_wire_or_in_the_memory_of_redis_can_be_read(bell: Bell) -> None:
    async with dial(bell.config.redis_url) as redis, redis.pubsub() as spy, doorbell(bell) as ring:
        await spy.subscribe(channel(OURS))
        await spy.get_message(timeout=SECONDS)
        ring(OURS, EPOCH, 1, [LogEvent(1, "incident.noted", None, b'{"text":"for our eyes"}')])
        message = await spy.get_message(ignore_subscribe_messages=True, timeout=SECONDS)
        assert b"eyes" not in message["data"]
        assert await bell.ask("DBSIZE") == 0


@pytest.mark.gen_test(timeout=30)
async def test_a_killed_subscriber_comes_back_and_says_so(bell: Bell) -> None:
    async with listener(bell, OURS, THEIRS) as ours, doorbell(bell) as ring:
        assert await bell.ask("CLIENT", "KILL", "TYPE", "pubsub") == 1
        assert {await ours.ready(), await ours.ready()} == {OURS, THEIRS}
        ring(OURS, EPOCH, 1, events(1))
        assert (await ours.next())[0] == OURS


@pytest.mark.gen_test(timeout=30)
async def test_a_deaf_subscriber_is_replaced_when_the_poll_says_so(bell: Bell) -> None:
    async with listener(bell, OURS) as ours:
        before = await bell.ask("CLIENT", "LIST", "TYPE", "pubsub")
        ours.ear.reconnect()
        assert await ours.ready() == OURS
        after = await bell.ask("CLIENT", "LIST", "TYPE", "pubsub")
        assert before.split()[0] != after.split()[0]


@pytest.mark.gen_test(timeout=60)
async def test_valkey_stopped_and_started_again_is_heard_again(bell: Bell) -> None:
    async with listener(bell, OURS) as ours, doorbell(bell) as ring:
        bell.stop()
        ring(OURS, EPOCH, 1, events(1))
        ours.ear.follow(THEIRS)  # while nobody is there
        bell.start()
        await bell.ready()
        assert {await ours.ready(), await ours.ready()} == {OURS, THEIRS}
        ring(OURS, EPOCH, 9, events(9))
        while (heard := (await ours.next())[1]) is None or heard.head < 9:
            pass


@pytest.mark.gen_test(timeout=30)
async def test_an_emptied_valkey_is_no_trouble(bell: Bell) -> None:
    async with listener(bell, OURS) as ours, doorbell(bell) as ring:
        await bell.ask("FLUSHALL")
        ring(OURS, EPOCH, 1, events(1))
        assert (await ours.next())[0] == OURS


@pytest.mark.gen_test(timeout=30)
async def test_who_is_left_is_unsubscribed(bell: Bell) -> None:
    async with listener(bell, OURS, THEIRS) as ours:
        ours.ear.leave(OURS)

        async def is_left() -> bool:
            return await bell.ask("PUBLISH", channel(OURS), b"") == 0

        await until(is_left, SECONDS)
        assert await bell.ask("PUBLISH", channel(THEIRS), b"") == 1


@pytest.mark.gen_test(timeout=30)
async def test_ringing_never_waits_and_what_waits_is_bounded(bell: Bell) -> None:
    bell.stop()
    async with doorbell(bell) as ring:
        for position in range(1, 200):
            ring(OURS, EPOCH, position, events(position))
        tenants = [TenantId(new()) for _ in range(PENDING_MAX + 50)]
        for tenant in tenants:
            ring(tenant, EPOCH, 1, events(1))
        assert len(ring._pending) == PENDING_MAX
        assert tenants[-1] in ring._pending
        assert OURS not in ring._pending


@pytest.mark.gen_test(timeout=30)
async def test_a_valkey_that_hangs_holds_nobody_up(bell: Bell) -> None:
    assert bell.process is not None
    async with listener(bell, OURS) as ours:
        ring = Doorbell(bell.config)
        await ring.start()
        bell.process.send_signal(signal.SIGSTOP)
        try:
            ring(OURS, EPOCH, 1, events(1))
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                await ring.stop()
                await ours.ear.stop()
        finally:
            bell.process.send_signal(signal.SIGCONT)


@pytest.mark.gen_test(timeout=30)
async def test_what_still_waits_is_rung_at_the_end(bell: Bell) -> None:
    async with listener(bell, OURS) as ours:
        ring = Doorbell(bell.config)
        ring(OURS, EPOCH, 1, events(1))
        await ring.stop()
        assert (await ours.next())[0] == OURS
