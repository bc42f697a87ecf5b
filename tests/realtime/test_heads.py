"""The poll of the heads: repairs what was missed, and knows a deaf ear from hints that are on their way."""

from __future__ import annotations

import asyncio

from client import Client, Rig, calm
from truth import Truth
from warp import warped

from hub.metrics import INVARIANTS_BROKEN
from hub.realtime.heads import BEHIND_MAX, DEAF_AFTER, Heads


class Deaf:
    """Counts reconnections."""

    def __init__(self) -> None:
        self.reconnections = 0

    def __call__(self) -> None:
        self.reconnections += 1


async def polled(truth: Truth) -> tuple[Rig, Heads, Deaf]:
    rig, deaf = Rig(truth), Deaf()
    await rig.feed.behind()
    return rig, Heads(truth.source, lambda: [rig.feed], deaf), deaf


def test_what_no_hint_told_is_there_within_a_second_or_so() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig, heads, _ = await polled(truth)
        client = Client(rig, 5)
        await heads.start()
        await asyncio.sleep(3)
        truth.commit(2)
        await asyncio.sleep(1.2)
        await heads.stop()
        assert client.positions() == [6, 7]

    warped(story())


def test_another_epoch_and_a_cut_log_are_noticed() -> None:
    async def story() -> None:
        for is_cut in (True, False):
            truth = Truth(5)
            rig, heads, _ = await polled(truth)
            client = Client(rig, 5)
            (truth.cut if is_cut else truth.fail_over)(4)
            await heads.look()
            await calm()
            assert client.names() == ["reset"]
            assert client.place == (truth.epoch, 4)

    warped(story())


def test_nothing_is_read_where_nothing_happened() -> None:
    async def story() -> None:
        truth = Truth(5)
        _, heads, deaf = await polled(truth)
        truth.loads.clear()
        for _ in range(5):
            await heads.look()
        assert truth.loads == []
        assert deaf.reconnections == 0

    warped(story())


def test_an_ear_that_misses_three_times_running_is_replaced_once() -> None:
    async def story() -> None:
        truth = Truth(5)
        _, heads, deaf = await polled(truth)
        for _ in range(DEAF_AFTER):
            assert deaf.reconnections == 0
            truth.commit()
            await heads.look()
            await calm()
            await heads.look()  # an idle poll between is no proof of hearing
        assert deaf.reconnections == 1

    warped(story())


def test_a_hint_that_comes_after_the_poll_is_not_missed() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig, heads, deaf = await polled(truth)
        for _ in range(3 * DEAF_AFTER):
            hint = truth.commit()
            await heads.look()
            await calm()
            rig.feed.hear(hint)
        assert deaf.reconnections == 0

    warped(story())


def test_hearing_once_starts_the_count_again() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig, heads, deaf = await polled(truth)
        for is_heard in (False, False, True, False, False):
            hint = truth.commit()
            await heads.look()
            await calm()
            if is_heard:
                rig.feed.hear(hint)
        await heads.look()
        assert deaf.reconnections == 0

    warped(story())


def test_the_poll_survives_a_database_that_is_away() -> None:
    async def story() -> None:
        truth = Truth(5)
        rig, heads, _ = await polled(truth)
        client = Client(rig, 5)
        truth.is_away = True
        await heads.start()
        await asyncio.sleep(10)
        truth.is_away = False
        truth.commit()
        await asyncio.sleep(1.2)
        await heads.stop()
        assert client.positions() == [6]

    warped(story())


def test_a_tenant_whose_head_is_gone_leaves_the_others_alone() -> None:
    async def story() -> None:
        truth, lost = Truth(5), Truth(5)
        rig, other = Rig(truth), Rig(lost)
        await rig.feed.behind()
        await other.feed.behind()
        heads = Heads(truth.source, lambda: [other.feed, rig.feed], Deaf())
        truth.commit()
        await heads.look()
        await calm()
        assert rig.feed.prefix.head == 6

    warped(story())


def test_a_feed_that_stands_still_is_counted_and_one_that_goes_on_is_not() -> None:
    def counted() -> float:
        return float(INVARIANTS_BROKEN.labels("I12")._value.get())

    async def story() -> None:
        truth = Truth(5)
        rig, heads, _ = await polled(truth)
        for _ in range(2 * BEHIND_MAX):
            truth.commit()
            await heads.look()
            await calm()
        assert counted() == before
        truth.commit()
        rig.feed.ring = lambda: None  # type: ignore[method-assign]  # a feed that broke
        for _ in range(BEHIND_MAX):
            await heads.look()
        assert counted() == before
        await heads.look()
        assert counted() == before + 1

    before = counted()
    warped(story())
