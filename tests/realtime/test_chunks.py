"""Chunks: aligned, bounded in bytes, read once for everybody, thrown away when the content changed."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from truth import Truth
from warp import warped

from hub.realtime.chunks import SIZE, Chunks, floor
from hub.realtime.prefix import Hole


def begun(truth: Truth, capacity: int = 1 << 30) -> Chunks:
    """Chunks as a feed begins them: the newest one, dense up to the head."""
    chunks = Chunks(capacity)
    chunks.begin(truth.tenant, truth.head, truth.events[floor(truth.head) :])
    return chunks


async def fetch(chunks: Chunks, truth: Truth, position: int) -> None:
    await chunks.fetch(truth.tenant, position, partial(truth.load, truth.tenant))


def places(chunks: Chunks, truth: Truth, position: int) -> list[int] | None:
    found = chunks.after(truth.tenant, position)
    return None if found is None else [event.position for event in found]


def test_the_newest_chunk_is_there_and_grows_without_a_read() -> None:
    truth = Truth(300)
    chunks = begun(truth)
    chunks.append(truth.tenant, truth.commit(2).events)
    assert places(chunks, truth, 256) == list(range(257, 303))
    assert places(chunks, truth, 301) == [302]
    assert truth.loads == []


def test_a_chunk_that_was_filled_live_is_kept_and_read_on_into_the_newest() -> None:
    truth = Truth(250)
    chunks = begun(truth)
    chunks.append(truth.tenant, truth.commit(10).events)
    assert places(chunks, truth, 254) == [255, 256, 257, 258, 259, 260]
    assert places(chunks, truth, 256) == [257, 258, 259, 260]
    chunks.append(truth.tenant, truth.commit(256).events)
    assert places(chunks, truth, 254) == [255, 256], "only what is next to the newest goes on into it"


@pytest.mark.parametrize("head", [0, SIZE, 3 * SIZE])
def test_a_log_that_ends_with_a_chunk_begins_the_next_one(head: int) -> None:
    truth = Truth(head)
    chunks = begun(truth)
    chunks.append(truth.tenant, truth.commit().events)
    assert places(chunks, truth, head) == [head + 1]


def test_an_older_chunk_is_read_once_for_all_who_wait_for_it() -> None:
    truth = Truth(600)
    chunks = begun(truth)
    assert places(chunks, truth, 100) is None

    async def crowd() -> None:
        await asyncio.gather(*(fetch(chunks, truth, position) for position in range(200)))

    warped(crowd())
    assert truth.loads == [(1, 256)]
    assert places(chunks, truth, 100) == list(range(101, 257))


def test_nothing_is_kept_of_a_log_that_changed_while_it_was_read() -> None:
    truth = Truth(600)
    chunks = begun(truth)

    async def changed(first: int, last: int) -> None:
        return None

    warped(chunks.fetch(truth.tenant, 0, changed))
    assert places(chunks, truth, 0) is None


def test_the_least_used_chunk_goes_when_the_bytes_are_too_many() -> None:
    truth = Truth(256 * 8)
    size = sum(len(event.body) + 200 for event in truth.events[:256])
    chunks = begun(truth, capacity=3 * size + 1000)

    async def read() -> None:
        for index in (0, 1, 2, 0, 3):
            if chunks.after(truth.tenant, index * SIZE) is None:
                await fetch(chunks, truth, index * SIZE)

    warped(read())
    assert places(chunks, truth, 1 * SIZE) is None
    assert all(places(chunks, truth, index * SIZE) for index in (0, 2, 3))


def test_a_read_that_began_before_the_content_changed_is_thrown_away() -> None:
    truth = Truth(600)
    chunks = begun(truth)
    before = chunks.generation(truth.tenant)

    async def change_while_reading() -> None:
        read = asyncio.create_task(fetch(chunks, truth, 0))
        await asyncio.sleep(0.0015)  # the old rows are on their way
        truth.fail_over(600)
        chunks.begin(truth.tenant, 600, truth.events[floor(600) :])
        late = asyncio.create_task(fetch(chunks, truth, 0))
        await read
        assert chunks.after(truth.tenant, 0) is None
        await late

    warped(change_while_reading())
    assert chunks.after(truth.tenant, 0) == truth.events[:256]
    assert chunks.generation(truth.tenant) != before


def test_a_hole_in_the_database_is_an_error_and_is_not_kept() -> None:
    truth = Truth(600)
    truth.missing = {17}
    chunks = begun(truth)
    with pytest.raises(Hole):
        warped(fetch(chunks, truth, 0))
    truth.missing = set()
    warped(fetch(chunks, truth, 0))
    assert len(places(chunks, truth, 0) or []) == 256


def test_what_lies_before_a_hole_in_the_newest_chunk_is_never_served() -> None:
    truth = Truth(20)
    chunks = Chunks()
    chunks.begin(truth.tenant, 20, truth.events[15:])
    assert places(chunks, truth, 15) == [16, 17, 18, 19, 20]
    assert places(chunks, truth, 14) is None
    with pytest.raises(Hole):
        warped(fetch(chunks, truth, 14))


def test_dropping_one_tenant_leaves_the_other_alone() -> None:
    ours, theirs = Truth(600), Truth(600)

    chunks = Chunks()
    for truth in (ours, theirs):
        chunks.begin(truth.tenant, 600, truth.events[floor(600) :])
        warped(fetch(chunks, truth, 0))
    chunks.drop(ours.tenant)
    chunks.begin(ours.tenant, 600, ours.events[floor(600) :])
    assert chunks.after(ours.tenant, 0) is None
    assert chunks.after(theirs.tenant, 0) == theirs.events[:256]
