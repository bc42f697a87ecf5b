"""The wheel: everybody beats once a period, spread over it."""

from __future__ import annotations

import asyncio
from collections import Counter

from warp import warped

from hub.realtime.wheel import Wheel


def test_each_thing_beats_once_a_period_and_not_all_at_once() -> None:
    async def story() -> None:
        beats: Counter[int] = Counter()
        moments: Counter[float] = Counter()
        loop = asyncio.get_running_loop()

        def beat(thing: int) -> None:
            beats[thing] += 1
            moments[loop.time()] += 1

        wheel: Wheel[int] = Wheel(beat, period=15)
        for thing in range(600):
            wheel.add(thing)
        wheel.start()
        await asyncio.sleep(15.1)
        wheel.remove(5)
        await asyncio.sleep(15)
        wheel.stop()
        await asyncio.sleep(60)
        assert beats.pop(5) == 1
        assert set(beats.values()) == {2}
        assert max(moments.values()) < 60

    warped(story())


def test_what_another_beat_removed_does_not_beat() -> None:
    async def story() -> None:
        beats: list[int] = []

        def beat(thing: int) -> None:
            beats.append(thing)
            wheel.remove(1 - thing)

        wheel: Wheel[int] = Wheel(beat, period=1, slots=1)
        wheel.add(0)
        wheel.add(1)
        wheel.start()
        await asyncio.sleep(2.5)
        wheel.stop()
        assert len(beats) == 2
        assert len(set(beats)) == 1

    warped(story())
