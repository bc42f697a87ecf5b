"""Crashes: a worker that dies blames no row, and a row that kills it five times is set aside."""

from __future__ import annotations

import pytest
from line import (
    alarm,
    attempts,
    connected,
    drain,
    impatient,
    put,
    receipt,
    row,
    shown,
    states,
    trap,
    tries,
)  # fmt: skip
from orgs import Org
from servers import Database

from hub.domain.errors import Unavailable
from hub.services import process, work
from hub.services.ports import Ports
from hub.storage import inbox, lanes

pytestmark = pytest.mark.gen_test(timeout=60)


async def test_a_poisoned_row_is_tried_alone_five_times_and_then_the_lane_moves_on(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    references = await put(ports, *(row(ports, acme, body) for body in (
        alarm("a"), alarm("b", title="poison"), alarm("c")
    )))  # fmt: skip
    async with trap(database, "RAISE EXCEPTION 'no'"):
        await drain(ports, acme)
        assert await states(ports, acme, references) == ["stored", "stored", "stored"]
        assert await attempts(database) == 1
        for times in range(1, 6):
            await drain(ports, acme)
            assert await states(ports, acme, references) == ["done", "stored", "stored"]
            assert [await tries(database, one) for one in references] == [1, times, 0]
        await drain(ports, acme)
    assert await states(ports, acme, references) == ["done", "dead", "done"]
    assert await attempts(database) == 0
    dead = await receipt(ports, acme, references[1])
    assert "failed 5 times" in dead.reason
    titles = [incident.title for incident in await shown(ports, acme)]
    assert titles == ["a is broken", "Integration First integration is unreadable", "c is broken"]
    assert await shown(ports, globex) == []


async def test_other_organizations_do_not_wait_behind_a_poisoned_row(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await put(ports, row(ports, acme, alarm("a", title="poison")))
    [theirs] = await put(ports, row(ports, globex, alarm("a")))
    async with trap(database, "RAISE EXCEPTION 'no'"):
        await drain(ports, acme, globex)
    assert await states(ports, globex, [theirs]) == ["done"]


async def test_a_row_that_takes_too_long_is_poisoned_too(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    """Else it would hold its lane for ever, and the round of all tenants behind it."""
    [slow, after] = await put(
        ports, row(ports, acme, alarm("a", title="poison")), row(ports, acme, alarm("b"))
    )
    [theirs] = await put(ports, row(ports, globex, alarm("a")))
    async with (
        impatient(ports, database, "statement_timeout = '250ms'") as short,
        trap(database, "PERFORM pg_sleep(30)"),
    ):
        await drain(short, acme, globex)
        assert await states(ports, globex, [theirs]) == ["done"]
        for _ in range(6):
            await drain(short, acme)
    assert await states(ports, acme, [slow, after]) == ["dead", "done"]


async def test_rows_that_a_killed_worker_left_are_each_done_alone(
    ports: Ports, database: Database, acme: Org
) -> None:
    references = await put(ports, *(row(ports, acme, alarm(key)) for key in "abc"))
    async with ports.store.begin(acme.tenant) as own:
        arrival = (await inbox.batch(own, acme.integration_id, 10, 1 << 20))[1].arrival
        await lanes.leave_attempt(own, acme.integration_id, arrival)
    await drain(ports, acme)
    assert await states(ports, acme, references) == ["done", "done", "done"]
    assert [await tries(database, one) for one in references] == [1, 1, 0], "the third was no suspect"
    assert await attempts(database) == 0


async def test_a_database_that_goes_away_is_no_rows_fault(
    ports: Ports, database: Database, acme: Org
) -> None:
    references = await put(ports, row(ports, acme, alarm("a", title="poison")))
    async with trap(database, "PERFORM pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises(Unavailable):
            await work.drain(ports, "inbox", [acme.tenant])
        assert (await attempts(database), await tries(database, references[0])) == (0, 0)
    await drain(ports, acme)
    assert await states(ports, acme, references) == ["done"]


async def test_waiting_for_a_lock_is_no_failed_try(ports: Ports, database: Database, acme: Org) -> None:
    [reference] = await put(ports, row(ports, acme, alarm("a")))
    async with ports.store.begin(acme.tenant) as own:
        await lanes.leave_attempt(own, acme.integration_id, 1 << 40)
    async with impatient(ports, database, "lock_timeout = '20ms'") as short:
        async with connected(database.admin_url) as admin, admin.transaction():
            await admin.execute("SELECT 1 FROM service WHERE tenant_id = $1 FOR UPDATE", acme.tenant)
            assert await work.drain(short, "inbox", [acme.tenant]) == [acme.tenant], "it is still to be done"
        assert await tries(database, reference) == 0
        await drain(short, acme)
    assert await states(ports, acme, [reference]) == ["done"]


async def test_a_format_of_a_newer_version_waits_uncounted(
    ports: Ports, database: Database, acme: Org
) -> None:
    known, unknown = row(ports, acme, alarm("a")), row(ports, acme, b"{}", format="of-tomorrow")
    references = await put(ports, known, unknown, row(ports, acme, alarm("b")))
    for _ in range(7):
        await drain(ports, acme)
    assert await states(ports, acme, references) == ["done", "stored", "stored"], "order is kept"
    assert [await tries(database, one) for one in references] == [0, 0, 0]
    assert await attempts(database) == 0


async def test_a_portion_that_crashes_is_taken_up_where_it_stopped(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SIGNALS_MAX", 2)
    bodies = [alarm(f"k{n}", title="poison" if n == 3 else f"fine {n}") for n in range(6)]
    [large] = await put(ports, row(ports, acme, bodies))
    async with trap(database, "RAISE EXCEPTION 'no'"):
        await drain(ports, acme)
        assert len((await receipt(ports, acme, large)).items) == 2
        await drain(ports, acme)
    assert await tries(database, large) == 1
    await drain(ports, acme)
    assert len((await receipt(ports, acme, large)).items) == 6
    assert [incident.number for incident in await shown(ports, acme)] == [1, 2, 3, 4, 5, 6]
    assert await attempts(database) == 0
