"""The inbox and its lanes: what is kept once, in which order it is read, and who hears of work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from line import alarm, connected, impatient, put, row
from orgs import Org
from servers import Database

from hub.contract.ids import INSTALLATION, TenantId, new
from hub.contract.words import InboxState
from hub.domain.sight import View
from hub.services.ports import Ports
from hub.storage import directory, inbox, lanes, receipts
from hub.storage.inbox import Done, InboxRow
from hub.storage.tx import Tx

pytestmark = pytest.mark.gen_test(timeout=30)


async def waiting(ports: Ports, org: Org, limit: int = 500, size: int = 1 << 30) -> list[inbox.Waiting]:
    async with ports.store.begin(org.tenant) as tx:
        return await inbox.batch(tx, org.integration_id, limit, size)


async def test_one_insert_keeps_the_rows_of_several_organizations(
    ports: Ports, acme: Org, globex: Org
) -> None:
    rows = [row(ports, org, alarm(key)) for key in ("a", "b") for org in (acme, globex)]
    await inbox.put_many(ports.store, rows)
    for org in (acme, globex):
        assert {one.id for one in await waiting(ports, org)} == {
            one.id for one in rows if one.tenant_id == org.tenant
        }
        assert {one.tenant_id for one in await waiting(ports, org)} == {org.tenant}


async def test_a_delivery_that_is_repeated_is_kept_once_and_as_it_was_first(ports: Ports, acme: Org) -> None:
    first = row(ports, acme, alarm("a"), delivery="d-1")
    again = msgspec.structs.replace(first, request_id="another request")
    await inbox.put_many(ports.store, [first, again, first])
    await inbox.put_many(ports.store, [again])
    [kept] = await waiting(ports, acme)
    assert (kept.id, kept.body) == (first.id, first.body)
    assert kept.request_id in {first.request_id, again.request_id}


async def test_a_delivery_id_that_is_used_for_another_body_loses_nothing(
    ports: Ports, acme: Org, globex: Org
) -> None:
    ids = [
        row(ports, acme, alarm("a"), delivery="d-1").id,
        row(ports, acme, alarm("b"), delivery="d-1").id,
        row(ports, acme, alarm("a"), delivery="d-2").id,
        row(ports, acme, alarm("a"), delivery="d-1", format="pagerduty").id,
        row(ports, globex, alarm("a"), delivery="d-1").id,
    ]
    assert len(set(ids)) == len(ids)
    assert row(ports, acme, alarm("a"), delivery="d-1").id == ids[0]


async def test_an_integration_of_another_organization_is_refused_for_all_of_the_insert(
    ports: Ports, acme: Org, globex: Org
) -> None:
    foreign = msgspec.structs.replace(row(ports, acme, alarm("a")), integration_id=globex.integration_id)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await inbox.put_many(ports.store, [row(ports, acme, alarm("b")), foreign])
    assert await waiting(ports, acme) == await waiting(ports, globex) == []


async def test_a_batch_is_in_arrival_order_and_bounded_in_rows_and_bytes(ports: Ports, acme: Org) -> None:
    rows = [row(ports, acme, b'"' + b"x" * 98 + b'"') for _ in range(6)]
    await put(ports, *rows)
    ids = [one.id for one in rows]
    assert [one.id for one in await waiting(ports, acme)] == ids
    assert [one.id for one in await waiting(ports, acme, limit=4)] == ids[:4]
    assert [one.id for one in await waiting(ports, acme, size=250)] == ids[:2]
    assert [one.id for one in await waiting(ports, acme, size=1)] == ids[:1], "one row is always taken"
    arrivals = [one.arrival for one in await waiting(ports, acme)]
    assert arrivals == sorted(arrivals)


async def test_the_order_is_that_of_arrival_whatever_the_plan(
    ports: Ports, database: Database, acme: Org
) -> None:
    rows = [row(ports, acme, alarm(str(n))) for n in range(6)]
    await put(ports, *rows)
    async with connected(database.admin_url) as admin:  # the first ones move to the end of the table
        for state in ("done", "stored"):
            await admin.execute("UPDATE inbox SET state = $1 WHERE arrival <= 3", state)
    async with impatient(ports, database, "enable_indexscan = off") as scanning:
        assert [one.id for one in await waiting(scanning, acme, limit=4)] == [one.id for one in rows[:4]]


async def test_what_is_done_is_not_read_again(ports: Ports, acme: Org, globex: Org) -> None:
    rows = [row(ports, acme, alarm(key)) for key in ("a", "b", "c")]
    await put(ports, *rows)
    async with ports.store.begin(globex.tenant) as tx:  # another tenant marks nothing of ours
        await inbox.mark_done(tx, [Done(id=rows[2].id, state=InboxState.DONE, outcome=b"[]")])
    async with ports.store.begin(acme.tenant) as tx:
        await inbox.mark_done(tx, [
            Done(id=rows[0].id, state=InboxState.DONE, outcome=b"[]"),
            Done(id=rows[1].id, state=InboxState.DEAD, outcome=b"[]", reason="because"),
        ])  # fmt: skip
    assert [one.id for one in await waiting(ports, acme)] == [rows[2].id]
    async with ports.store.begin(acme.tenant) as tx:
        dead = await receipts.receipt(tx, rows[1].id)
    assert dead
    assert (dead.state, dead.reason, dead.body) == (InboxState.DEAD, "because", rows[1].body)


async def test_dead_letters_are_paged_newest_first_also_within_one_instant(ports: Ports, acme: Org) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 5, UTC)
    rows = [
        msgspec.structs.replace(
            row(ports, acme, alarm(str(n))), received_at=at + timedelta(microseconds=n // 3)
        )
        for n in range(7)
    ]
    await put(ports, *rows)
    async with ports.store.begin(acme.tenant) as tx:
        await inbox.mark_done(tx, [Done(id=one.id, state=InboxState.DEAD, outcome=b"[]") for one in rows])
        found = await receipts.receipt(tx, rows[0].id)
        assert found
        whole = await dead_letters(tx, View(whole=True), at)
        narrow = await dead_letters(tx, View(services=frozenset({found.service_id, new()})), at)
        nothing = await dead_letters(tx, View(services=frozenset({new()})), at)
    expected = sorted(rows, key=lambda one: (one.received_at, one.id), reverse=True)
    assert [one.id for one in whole] == [one.id for one in narrow] == [one.id for one in expected]
    assert {one.body for one in (*whole, *narrow)} == {b""}
    assert nothing == []


async def dead_letters(tx: Tx, view: View, at: datetime) -> list[InboxRow]:
    """All dead letters of a view, two by two."""
    seen: list[InboxRow] = []
    before, id = at + timedelta(days=1), new()
    while page := await receipts.page_dead(tx, view, before, id, 2):
        seen += page
        before, id = page[-1].received_at, page[-1].id
    return seen


async def test_work_is_found_round_the_tenants(ports: Ports, acme: Org, globex: Org) -> None:
    first, second = sorted([acme.tenant, globex.tenant])
    assert await directory.with_work(ports.store, "inbox", None, 10) == []
    await put(
        ports, row(ports, acme, alarm("a")), row(ports, acme, alarm("b")), row(ports, globex, alarm("a"))
    )
    assert await directory.with_work(ports.store, "inbox", None, 10) == [first, second]
    assert await directory.with_work(ports.store, "inbox", first, 10) == [second, first]
    assert await directory.with_work(ports.store, "inbox", second, 10) == [first, second]
    assert await directory.with_work(ports.store, "inbox", first, 1) == [second]
    assert await directory.with_work(ports.store, "timers", None, 10) == []
    assert await directory.with_work(ports.store, "nonsense", None, 10) == []


async def test_a_timer_is_work_when_it_is_due(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    async with connected(database.admin_url) as admin:
        for org, due in ((acme, "now()"), (globex, "now() + interval '1 hour'")):
            await admin.execute(
                f"INSERT INTO timer (tenant_id, kind, subject, due) VALUES ($1, 'stale', $2, {due})",
                org.tenant, new(),
            )  # fmt: skip
    assert await directory.with_work(ports.store, "timers", None, 10) == [acme.tenant]


async def test_a_lane_is_one_workers_until_its_transaction_ends(ports: Ports, acme: Org, globex: Org) -> None:
    async with ports.store.begin(acme.tenant) as one:
        held = await lanes.lock(one, acme.integration_id)
        assert held
        assert (held.name, held.upto) == ("First integration", None)
        async with ports.store.begin(acme.tenant) as other:
            assert await lanes.lock(other, acme.integration_id) is None
        async with ports.store.begin(globex.tenant) as other:
            assert await lanes.lock(other, acme.integration_id) is None
            assert await lanes.lock(other, globex.integration_id)
    async with ports.store.begin(acme.tenant) as next:
        assert await lanes.lock(next, acme.integration_id)


async def test_an_attempt_is_seen_by_the_next_holder_and_only_grows(ports: Ports, acme: Org) -> None:
    for upto in (7, 3):
        async with ports.store.begin(acme.tenant) as own:
            await lanes.leave_attempt(own, acme.integration_id, upto)
    async with ports.store.begin(acme.tenant) as tx:
        lane = await lanes.lock(tx, acme.integration_id)
        assert lane
        assert lane.upto == 7
        await lanes.forget_attempt(tx, acme.integration_id)
        lane = await lanes.lock(tx, acme.integration_id)
        assert lane
        assert lane.upto is None


async def test_lanes_take_turns(ports: Ports, database: Database, acme: Org) -> None:
    async with connected(database.admin_url) as admin:
        other = new()
        await admin.execute(
            "INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
            " SELECT tenant_id, $2, service_id, 'Other', now() FROM integration WHERE tenant_id = $1",
            acme.tenant, other,
        )  # fmt: skip
        await admin.execute(
            "INSERT INTO lane (tenant_id, integration_id) VALUES ($1, $2)", acme.tenant, other
        )
    for integration in (acme.integration_id, other, acme.integration_id):
        await put(ports, msgspec.structs.replace(row(ports, acme, alarm("a")), integration_id=integration))
    for integration in (other, acme.integration_id, other):
        async with ports.store.begin(acme.tenant) as tx:
            await lanes.mark_drained(tx, integration)
        async with ports.store.begin(acme.tenant) as tx:
            assert (await lanes.waiting(tx))[-1] == integration


async def test_gauges_count_what_waits_and_what_died(ports: Ports, acme: Org, globex: Org) -> None:
    rows = [row(ports, acme, alarm(key)) for key in ("a", "b", "c")]
    await put(ports, *rows)
    async with ports.store.begin(acme.tenant) as tx:
        await inbox.mark_done(tx, [Done(id=rows[0].id, state=InboxState.DEAD, outcome=b"[]")])
        await lanes.leave_attempt(tx, acme.integration_id, 1)
    gauges = {gauge.slug: gauge for gauge in await directory.gauges(ports.store)}
    assert (gauges["acme"].waiting, gauges["acme"].running, gauges["acme"].dead) == (2, 1, 1)
    assert gauges["acme"].oldest == rows[1].received_at
    assert (gauges["globex"].waiting, gauges["globex"].running, gauges["globex"].oldest) == (0, 0, None)


async def test_all_tenants_are_listed_in_pages(ports: Ports, acme: Org, globex: Org) -> None:
    found: list[TenantId] = []
    after = None
    while page := await directory.tenants(ports.store, after, 2):
        found += page
        after = page[-1]
    assert found == sorted(found)
    assert {acme.tenant, globex.tenant, INSTALLATION} < set(found)
    assert len(found) == 5, "two organizations, their owners, the installation"
