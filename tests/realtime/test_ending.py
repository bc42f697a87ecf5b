"""Ending a task ends it, whatever it does with a cancellation."""

from __future__ import annotations

import asyncio

from warp import warped

from hub.realtime.ending import end


def test_a_task_that_swallows_a_cancellation_still_ends() -> None:
    async def deaf() -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
        await asyncio.Event().wait()

    async def story() -> None:
        tasks = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(1000))]
        await asyncio.sleep(0)
        await end(*tasks)
        assert all(task.cancelled() for task in tasks)

    warped(story())


def test_what_has_ended_by_itself_is_no_trouble() -> None:
    async def broken() -> None:
        raise ValueError("on its own")

    async def story() -> None:
        task = asyncio.create_task(broken())
        await asyncio.sleep(0)
        await end(task)
        await end()

    warped(story())
