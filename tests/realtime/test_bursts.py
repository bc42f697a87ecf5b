"""Bursts: as few sends as may be, and no audience that leaves the loop to nobody else."""

from __future__ import annotations

import asyncio

import pytest
from client import Client, Rig, read_rig, settled
from msgspec.structs import replace
from truth import Truth
from warp import Warped, warped

from hub.realtime.audience import LONG


class Laborious(Client):
    """One that costs two milliseconds a frame, and notes when each began and was done."""

    def __init__(self, rig: Rig, position: int) -> None:
        self.began: list[float] = []
        self.done: list[float] = []
        super().__init__(rig, position)

    def send(self, frame: bytes) -> asyncio.Future[None] | None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Warped)
        self.began.append(loop.time())
        loop.work(0.002)
        self.done.append(loop.time())
        return super().send(frame)


def test_a_burst_across_the_end_of_a_chunk_is_one_frame() -> None:
    async def story() -> None:
        truth = Truth(250)
        rig = await read_rig(truth)
        client = Client(rig, 250)
        await asyncio.sleep(0)
        rig.feed.hear(truth.commit(50))
        await settled(rig)
        assert [len(frame["events"]) for frame in client.frames] == [50]
        late = Client(rig, 255)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert late.positions() == list(range(256, 302))
        assert [len(frame["events"]) for frame in client.frames] == [50, 1]

    warped(story())


def test_after_a_long_pass_its_audience_rests_and_what_comes_meanwhile_is_one_frame() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        many = [Laborious(rig, 10) for _ in range(10)]
        await asyncio.sleep(0.001)
        rig.feed.hear(truth.commit())
        await asyncio.sleep(0.001)
        assert all(client.positions() == [11] for client in many), "the first one waits for nothing"
        for _ in range(5):
            rig.feed.hear(truth.commit())
            await asyncio.sleep(0.001)
        assert all(client.positions() == [11] for client in many)
        late = Laborious(rig, 16)  # at the head, where the others are not yet
        gone = Laborious(rig, 16)
        await asyncio.sleep(0.001)
        rig.pump.remove(gone.reader)
        await settled(rig)
        assert all([len(frame["events"]) for frame in client.frames] == [1, 5] for client in many)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert late.positions() == [17]
        assert gone.frames == []
        assert late.raw[-1] is many[0].raw[-1]

    warped(story())


@pytest.mark.parametrize(("size", "rest"), [(LONG // 2, 0.020), (LONG, 0.005)])
def test_after_a_pass_of_long_frames_an_audience_rests_less(size: int, rest: float) -> None:
    """There is nothing to be saved by waiting for more."""

    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        many = [Laborious(rig, 10) for _ in range(10)]
        await settled(rig)
        hint = truth.commit()
        event = replace(hint.events[0], body=hint.events[0].body[:-1] + b',"x":"%s"}' % (b"x" * size))
        rig.feed.hear(replace(hint, events=[event]))
        await asyncio.sleep(0.001)
        rig.feed.hear(truth.commit())
        await settled(rig)
        rested = min(client.began[1] for client in many) - max(client.done[0] for client in many)
        assert rested == pytest.approx(rest, abs=0.001)

    warped(story())
