"""One read for many."""

from __future__ import annotations

import asyncio

import pytest

from hub.services.sharing import Sharing


class Database:
    """Answers how often it was asked, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def read(self) -> int:
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        return number


async def ask_many(sharing: Sharing, database: Database, count: int) -> list[asyncio.Task[int]]:
    asking = [asyncio.create_task(sharing.ask("key", database.read)) for _ in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    return asking


@pytest.mark.gen_test
async def test_a_crowd_asks_once_and_who_came_later_shares_the_next_read() -> None:
    sharing, database = Sharing(), Database()
    first = await ask_many(sharing, database, 1)
    crowd = await ask_many(sharing, database, 100)
    assert database.asked == 1
    database.may_answer.set()
    assert await asyncio.gather(*first) == [1]
    assert set(await asyncio.gather(*crowd)) == {2}, "a read that had begun before was shared"
    assert database.asked == 2
    assert await sharing.ask("key", database.read) == 3


@pytest.mark.gen_test
async def test_whoever_gives_up_takes_nothing_from_the_others() -> None:
    sharing, database = Sharing(), Database()
    impatient, patient = await ask_many(sharing, database, 2)
    impatient.cancel()
    await asyncio.wait([impatient])
    database.may_answer.set()
    assert await patient == 1


@pytest.mark.gen_test
async def test_a_failure_reaches_all_who_share_it_and_is_not_kept() -> None:
    sharing, database = Sharing(), Database()

    async def fail() -> int:
        raise ConnectionError("away")

    for asked in await asyncio.gather(*(sharing.ask("key", fail) for _ in range(3)), return_exceptions=True):
        assert isinstance(asked, ConnectionError)
    with pytest.raises(ConnectionError):
        await sharing.ask("key", fail)
    database.may_answer.set()
    assert await sharing.ask("key", database.read) == 1
