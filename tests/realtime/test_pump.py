"""The pump: every connection is a position; frames are shared, slow readers wait alone, marks are true."""

from __future__ import annotations

import asyncio

import pytest
from client import Client, read_rig, settled
from tornado.iostream import StreamClosedError
from truth import Truth
from warp import warped

from hub.domain.sight import View
from hub.realtime.batches import BYTES_MAX
from hub.realtime.slow import BLOCKED_MAX
from hub.storage.log import LogEvent

ADMIN = View(administrative=True, whole=True)


def test_a_replay_is_sent_in_batches_that_end_where_chunks_end() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(600))
        client = Client(rig, 100)
        await settled(rig)
        assert client.positions() == list(range(101, 601))
        assert [len(frame["events"]) for frame in client.frames] == [156, 256, 88]

    warped(story())


def test_a_batch_is_bounded_in_bytes_but_takes_one_event_of_any_size() -> None:
    async def story() -> None:
        truth = Truth()
        sizes = [30_000, 30_000, 30_000, 200_000, 10]
        truth.events = [
            LogEvent(event.position, event.kind, None, event.body[:-1] + b',"x":"%s"}' % (b"x" * size))
            for event, size in zip([truth.event(n + 1) for n in range(5)], sizes, strict=True)
        ]
        rig = await read_rig(truth)
        client = Client(rig)
        await settled(rig)
        assert [len(frame["events"]) for frame in client.frames] == [2, 1, 1, 1]
        assert all(len(raw) < BYTES_MAX + 1000 for raw in client.raw if len(raw) < 200_000)

    warped(story())


def test_one_frame_is_built_for_all_who_need_the_same() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        clients = [Client(rig, position) for position in (10, 10, 10, 4, 4)]
        admin = Client(rig, 10, ADMIN)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert clients[0].raw[-1] is clients[1].raw[-1] is clients[2].raw[-1]
        assert clients[3].raw[0] is clients[4].raw[0]
        assert admin.raw[-1] != clients[0].raw[-1], "a cursor is of one view"

    warped(story())


def test_a_frame_of_a_log_that_is_no_more_is_never_sent_again() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        first = Client(rig, 4)
        await settled(rig)
        truth.fail_over(10)
        await rig.feed.behind()
        second = Client(rig, 4)
        await settled(rig)
        assert first.names() == ["events", "reset"]
        assert second.names() == ["events"]
        assert second.place == (truth.epoch, 10)

    warped(story())


def test_what_comes_while_a_frame_is_in_flight_is_one_bigger_frame_later() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        slow, quick = Client(rig, 10), Client(rig, 10)
        slow.is_reading = False
        for _ in range(20):
            rig.feed.hear(truth.commit())
            await asyncio.sleep(0.001)
        assert quick.positions() == list(range(11, 31))
        assert slow.positions() == [11]
        slow.read_on()
        await settled(rig)
        assert slow.positions() == list(range(11, 31))
        assert slow.names() == ["events", "events"]

    warped(story())


def test_many_hints_in_one_turn_of_the_loop_are_one_frame() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        await asyncio.sleep(0)
        for _ in range(50):
            rig.feed.hear(truth.commit())
        await settled(rig)
        assert client.names() == ["events"]
        assert len(client.positions()) == 50

    warped(story())


def test_who_blocks_too_long_is_cut_and_nobody_else() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        stuck, quick = Client(rig, 10), Client(rig, 10)
        stuck.is_reading = False
        rig.feed.hear(truth.commit())
        await asyncio.sleep(BLOCKED_MAX - 0.1)
        rig.pump.cut_blocked()
        assert stuck.cut_at is None
        await asyncio.sleep(0.2)
        rig.pump.cut_blocked()
        assert stuck.cut_at is not None
        assert quick.cut_at is None

    warped(story())


def test_more_readers_than_a_slice_are_all_served() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        clients = [Client(rig, 10) for _ in range(1200)]
        for client in clients:
            client.is_reading = False  # so that nothing but the pump moves the pump
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert all(client.positions() == [11] for client in clients)

    warped(story())


def test_a_connection_that_is_gone_is_forgotten() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        gone, here = Client(rig, 10), Client(rig, 10)
        sent: list[bytes] = []

        def refuse(frame: bytes) -> asyncio.Future[None]:
            sent.append(frame)
            closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            closed.set_exception(StreamClosedError())
            return closed

        gone.reader.send = refuse
        for _ in range(3):
            rig.feed.hear(truth.commit())
            await settled(rig)
        assert len(sent) == 1
        assert here.positions() == [11, 12, 13]

    warped(story())


def test_a_frame_that_fails_ends_the_reader_quietly() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        calls: list[bytes] = []

        def fail(frame: bytes) -> asyncio.Future[None]:
            calls.append(frame)
            return failed

        client.reader.send = fail
        rig.feed.hear(truth.commit())
        await settled(rig)
        failed.set_exception(ConnectionError("closed"))
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert len(calls) == 1

    warped(story())


def test_a_hole_in_an_old_chunk_resets_who_needs_it_and_nobody_else() -> None:
    async def story() -> None:
        truth = Truth(600)
        rig = await read_rig(truth)
        truth.missing = {20}
        old, live = Client(rig, 0), Client(rig, 600)
        await settled(rig)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert [frame.get("reason") for frame in old.frames] == ["trimmed", None]
        assert old.positions() == live.positions() == [601]
        assert live.names() == ["events"]

    warped(story())


def test_while_the_database_is_away_a_replay_waits_and_the_living_go_on() -> None:
    async def story() -> None:
        truth = Truth(600)
        rig = await read_rig(truth)
        truth.is_away = True
        old, live = Client(rig, 0), Client(rig, 600)
        await asyncio.sleep(3)
        rig.feed.hear(truth.commit())
        await asyncio.sleep(0.01)
        assert live.positions() == [601]
        assert old.positions() == []
        truth.is_away = False
        await settled(rig)
        assert old.positions() == list(range(1, 602))

    warped(story())


def test_a_storm_of_replays_reads_each_chunk_once() -> None:
    async def story() -> None:
        truth = Truth(256 * 6)
        rig = await read_rig(truth)
        truth.loads.clear()
        clients = [Client(rig, position) for position in range(0, 1536, 3)]
        await settled(rig)
        assert sorted(truth.loads) == [(256 * n + 1, 256 * n + 256) for n in range(6)]
        assert all(client.place == (truth.epoch, 1536) for client in clients)

    warped(story())


def test_a_reader_that_breaks_something_is_cut_and_costs_nobody_a_turn() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        before, broken, after = [Client(rig, 10) for _ in range(3)]

        def stumble(frame: bytes) -> None:
            raise ZeroDivisionError

        broken.reader.send = stumble
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert before.positions() == after.positions() == [11]
        assert broken.cut_at is not None

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        warped(story())  # the loop was told of it, and so is the log
