"""Turns of the intake: a few at each turn of the loop, in order, and one tenant leaves room for others."""

from __future__ import annotations

import asyncio

import pytest

from hub.contract.ids import TenantId, new
from hub.services import turns
from hub.services.turns import Turns

pytestmark = pytest.mark.gen_test(timeout=10)

ACME, GLOBEX, INITECH = (TenantId(new()) for _ in range(3))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AT_ONCE": 2, "WAITING_MAX": 4, "SHARE": 3}.items():
        monkeypatch.setattr(turns, name, value)


async def come(line: Turns, tenant: TenantId, count: int, patient: bool = False) -> list[asyncio.Task[bool]]:
    """So many requests, each of which has asked when this returns."""
    coming = [asyncio.create_task(line.take(tenant, patient)) for _ in range(count)]
    await asyncio.sleep(0)
    return coming


async def test_a_few_are_let_in_at_each_turn_of_the_loop_in_the_order_they_came() -> None:
    line, let_in = Turns(), list[int]()

    async def one(number: int) -> None:
        assert await line.take(ACME, is_patient=True)
        let_in.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(9)]
    seen = []
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        seen.append(len(let_in))
    assert let_in == list(range(9))
    assert max(after - before for before, after in zip([0, *seen], seen, strict=False)) == 2


async def test_who_finds_too_many_waiting_is_told_at_once_and_another_organization_finds_a_place() -> None:
    line = Turns()
    storm = await come(line, ACME, 7)  # two go in, three may wait
    assert [task.result() for task in storm if task.done()] == [True, True, False, False]
    [neighbour] = await come(line, GLOBEX, 1)
    assert not neighbour.done()  # it has a place in the line
    assert await neighbour
    assert [await task for task in storm] == [True] * 5 + [False] * 2


async def test_the_line_is_bounded_but_for_those_who_would_not_come_again() -> None:
    line = Turns()
    crowd = asyncio.gather(*(line.take(tenant) for tenant in [ACME] * 4 + [GLOBEX] * 3 + [INITECH]))
    patient = asyncio.gather(*(line.take(INITECH, is_patient=True) for _ in range(3)))
    assert await crowd == [True] * 6 + [False] * 2  # two went in, and four wait
    assert await patient == [True] * 3


async def test_whoever_goes_away_takes_no_turn() -> None:
    line = Turns()
    tasks = await come(line, ACME, 5)
    tasks[2].cancel()
    tasks[3].cancel()
    assert await tasks[4]
    assert await line.take(ACME)


async def test_the_only_alert_of_one_does_not_wait_behind_those_of_another() -> None:
    line, let_in = Turns(), list[TenantId]()

    async def one(tenant: TenantId) -> None:
        assert await line.take(tenant, is_patient=True)
        let_in.append(tenant)

    await asyncio.gather(*(one(tenant) for tenant in [ACME] * 9 + [GLOBEX]))
    assert let_in == [ACME, ACME, ACME, GLOBEX, *[ACME] * 6]
