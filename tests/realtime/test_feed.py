"""The feed: append, drop, or read; what it costs, what it tells whom, and when it raises the alarm."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from client import Client, Rig, settled
from truth import Truth
from warp import warped

from hub.domain.errors import Unavailable
from hub.metrics import INVARIANTS_BROKEN


def test_a_lost_hint_is_read_when_the_next_one_comes() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        await rig.feed.behind()
        client = Client(rig, 3)
        truth.commit(2)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert [position for _, position in client.history] == [4, 5, 6]

    warped(story())


def test_many_calls_for_a_read_become_one_more() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        first = asyncio.create_task(rig.feed.behind())
        await asyncio.sleep(0.0005)
        truth.commit()
        await asyncio.gather(first, *(rig.feed.behind() for _ in range(50)))
        assert rig.feed.prefix.head == 4
        assert len(truth.loads) <= 3

    warped(story())


def test_a_flood_of_forgeries_costs_ten_reads_a_second() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        await rig.feed.behind()
        asked = truth.heads_asked
        for _ in range(1000):
            rig.feed.hear(None)
            await asyncio.sleep(0.001)
        assert truth.heads_asked - asked <= 12

    warped(story())


def test_a_read_that_fails_is_told_to_who_waits_and_tried_again_by_the_next() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        truth.is_away = True
        with pytest.raises(ConnectionError):
            await rig.feed.behind()
        truth.is_away = False
        await rig.feed.behind()
        assert rig.feed.prefix.head == 3

    warped(story())


def test_a_log_that_nobody_has_is_unavailable() -> None:
    async def story() -> None:
        truth, other = Truth(3), Truth(3)
        rig = Rig(truth)
        truth.tenant = other.tenant
        with pytest.raises(Unavailable):
            await rig.feed.behind()

    warped(story())


def test_a_hint_that_overtakes_the_answer_of_a_poll_is_no_cut_log() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        await rig.feed.behind()
        client = Client(rig, 3)
        await asyncio.sleep(1)
        read = asyncio.create_task(rig.feed.behind())
        await asyncio.sleep(0.0015)  # the answer says 3 and is on its way
        rig.feed.hear(truth.commit())
        await read
        await settled(rig)
        assert client.names() == ["events"]

    warped(story())


def test_another_epoch_and_a_cut_log_reset_the_readers() -> None:
    async def story() -> None:
        for kept, is_cut in ((5, False), (2, False), (2, True)):
            truth = Truth(5)
            rig = Rig(truth)
            await rig.feed.behind()
            client = Client(rig, 3)
            await settled(rig)
            (truth.cut if is_cut else truth.fail_over)(kept)
            await rig.feed.behind()
            await settled(rig)
            assert client.frames[-1]["frame"] == "reset"
            assert client.frames[-1]["reason"] == "epoch"
            assert client.place == (truth.epoch, kept)

    warped(story())


@pytest.mark.parametrize("kept", [600, 599, 10])
@pytest.mark.parametrize("is_cut", [True, False])
def test_rows_of_another_epoch_are_never_taken_for_those_of_this_one(kept: int, is_cut: bool) -> None:
    async def story() -> None:
        for position in (600, 0):  # catching up at the head, and reading an old chunk
            truth = Truth(600)
            rig = Rig(truth)
            await rig.feed.behind()
            client = Client(rig, position)
            truth.commit(3)
            truth.before_rows = partial(truth.cut if is_cut else truth.fail_over, kept)
            await settled(rig)
            assert client.place == (truth.epoch, kept)
            assert truth.before_rows is None

    broken = INVARIANTS_BROKEN.labels("I1")._value.get()
    warped(story())
    assert INVARIANTS_BROKEN.labels("I1")._value.get() == broken, "a log that changed is no hole"


def test_a_log_that_changes_while_it_is_first_read_is_read_again_at_once() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig = Rig(truth)
        truth.before_rows = lambda: truth.fail_over(4)
        await rig.feed.behind()
        assert (rig.feed.prefix.epoch, rig.feed.prefix.head) == (truth.epoch, 4)
        assert rig.chunks.after(truth.tenant, 0) == truth.events

    warped(story())


def test_rows_missing_in_the_database_raise_an_alarm_and_reset_the_readers() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig = Rig(truth)
        await rig.feed.behind()
        client = Client(rig, 5)
        broken = INVARIANTS_BROKEN.labels("I1")._value.get()
        truth.missing = {7}
        truth.commit(4)
        await rig.feed.behind()
        await settled(rig)
        assert INVARIANTS_BROKEN.labels("I1")._value.get() == broken + 1
        assert client.names() == ["reset"]
        assert client.frames[0]["reason"] == "trimmed"
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert [position for _, position in client.history] == [10]

    warped(story())


class Watching:
    """Counts how often its rights were put in doubt."""

    def __init__(self) -> None:
        self.doubts = 0

    def suspect(self) -> None:
        self.doubts += 1


@pytest.mark.parametrize(
    ("kind", "doubts"),
    [
        ("role.granted", 1),
        ("member.added", 1),
        ("session.ended", 1),
        ("key.created", 1),
        ("incident.noted", 0),
        ("session.used", 0),
        ("request.refused", 0),
    ],
)
@pytest.mark.parametrize("is_heard", [True, False])
def test_an_administrative_event_puts_rights_in_doubt_heard_or_read(
    kind: str, doubts: int, is_heard: bool
) -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        await rig.feed.behind()
        watching = Watching()
        rig.feed.watchers.add(watching)
        hint = truth.commit(kind=kind)
        if is_heard:
            rig.feed.hear(hint)
        else:
            await rig.feed.behind()
        assert watching.doubts == doubts

    warped(story())


def test_another_epoch_puts_rights_in_doubt_too() -> None:
    async def story() -> None:
        truth = Truth(3)
        rig = Rig(truth)
        await rig.feed.behind()
        watching = Watching()
        rig.feed.watchers.add(watching)
        truth.fail_over(3)
        await rig.feed.behind()
        assert watching.doubts == 1

    warped(story())


def test_a_closed_feed_ends_the_wait_for_it() -> None:
    async def story() -> None:
        rig = Rig(Truth(3))
        wait = asyncio.create_task(rig.feed.behind())
        await asyncio.sleep(0.0005)
        rig.feed.close()
        with pytest.raises(Unavailable):
            await wait

    warped(story())
