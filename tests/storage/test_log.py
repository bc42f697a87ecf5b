"""The log: dense positions in commit order whoever writes, no holes, and an epoch that follows the server."""

from __future__ import annotations

import asyncio
import hashlib
import random
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from line import connected
from orgs import Org
from servers import Database

from hub.config import Config
from hub.contract.ids import TenantId, new
from hub.domain.errors import Broken
from hub.services.ports import Ports
from hub.storage import directory, log
from hub.storage.directory import Head
from hub.storage.log import Appended, Entry
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=40)
AT = datetime(2026, 3, 1, 12, 0, 0, 123_456, UTC)
WRITERS = 20


def entry(body: bytes = b"{}", incident: UUID | None = None, version: int | None = None) -> Entry:
    return Entry(
        id=new(), kind="incident.noted", at=AT, actor="system:test", subject="inc_x", incident_id=incident,
        version=version, request_id="req", digest=hashlib.sha256(body).digest(), salt=bytes(16), body=body,
        address="192.0.2.7",
    )  # fmt: skip


async def append(store: Store, tenant: TenantId, *entries: Entry) -> Appended:
    async with store.begin(tenant) as tx:
        return await log.append(tx, entries or (entry(),))


async def head(ports: Ports, tenant: TenantId) -> Head:
    return (await directory.heads(ports.store, [tenant]))[tenant]


async def positions(store: Store, tenant: TenantId) -> list[int]:
    async with store.begin(tenant) as tx:
        return [event.position for event in await log.between(tx, 1, 100_000)]


async def test_events_get_the_next_positions_in_their_order(ports: Ports, acme: Org, globex: Org) -> None:
    before, other = await head(ports, acme.tenant), await head(ports, globex.tenant)
    bodies = [b'{"n":%d}' % number for number in range(5)]
    appended = await append(ports.store, acme.tenant, *map(entry, bodies))
    assert appended == Appended(before.epoch, before.position + 5)
    async with ports.store.begin(acme.tenant) as tx:
        read = await log.between(tx, before.position + 1, appended.head)
    assert [event.body for event in read] == bodies
    assert [event.position for event in read] == list(range(before.position + 1, appended.head + 1))
    assert await head(ports, globex.tenant) == other


async def test_twenty_writers_leave_a_dense_log_and_every_reader_saw_a_prefix(
    config: Config, acme: Org, globex: Org
) -> None:
    """I3: whoever saw position k has seen all below it. Positions are given out by the last statement and
    the row is locked until COMMIT, so a rollback in between takes them back before anybody has the next."""
    store = Store(config.database_url, WRITERS + 2, config.database_pooler)
    await store.open()
    randomly = random.Random(20)
    done = asyncio.Event()
    acknowledged: dict[TenantId, list[tuple[int, int]]] = {acme.tenant: [], globex.tenant: []}

    async def write() -> None:
        for _ in range(10):
            org, many = randomly.choice((acme, globex)), randomly.randint(1, 4)
            try:
                async with store.begin(org.tenant) as tx:
                    appended = await log.append(tx, [entry() for _ in range(many)])
                    if randomly.random() < 0.25:
                        raise LookupError
            except LookupError:
                continue
            acknowledged[org.tenant].append((appended.head - many + 1, appended.head))

    async def watch() -> None:
        while not done.is_set():
            for org in (acme, globex):
                seen = await positions(store, org.tenant)
                assert seen == list(range(1, len(seen) + 1))

    try:
        watching = asyncio.create_task(watch())
        await asyncio.gather(*(write() for _ in range(WRITERS)))
        done.set()
        await watching
        for org in (acme, globex):
            there = await positions(store, org.tenant)
            assert there == list(range(1, len(there) + 1))
            ranges = sorted(acknowledged[org.tenant])
            given = [position for first, last in ranges for position in range(first, last + 1)]
            assert given == there[-len(given) :]
            assert len(ranges) > WRITERS
    finally:
        await store.close()


async def test_what_is_taken_back_leaves_no_hole(ports: Ports, acme: Org) -> None:
    before = await head(ports, acme.tenant)
    twice = entry()
    with pytest.raises(asyncpg.UniqueViolationError):
        await append(ports.store, acme.tenant, entry(), twice, twice)
    assert await head(ports, acme.tenant) == before
    assert (await append(ports.store, acme.tenant)).head == before.position + 1


async def test_a_tenant_without_a_log_cannot_append(ports: Ports) -> None:
    with pytest.raises(Broken):
        await append(ports.store, TenantId(new()))


async def test_another_server_is_another_epoch_for_readers_and_for_the_append_alike(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    """After a failover or a restore a position could be given out again with other content."""
    before = {org.slug: await head(ports, org.tenant) for org in (acme, globex)}
    assert (await append(ports.store, acme.tenant)).epoch == before["acme"].epoch
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE head SET server = '7000000000000000000-00000001'")
    moved = await head(ports, acme.tenant)
    assert moved.epoch != before["acme"].epoch
    assert moved.position == before["acme"].position + 1
    assert moved == await head(ports, acme.tenant)
    first = await append(ports.store, acme.tenant)
    assert first == Appended(moved.epoch, moved.position + 1)
    assert await append(ports.store, acme.tenant) == Appended(moved.epoch, moved.position + 2)
    assert (await head(ports, acme.tenant)).epoch == moved.epoch
    assert (await head(ports, globex.tenant)).epoch not in {before["globex"].epoch, moved.epoch}


async def test_the_server_is_the_one_that_postgres_says_it_is(database: Database, acme: Org) -> None:
    async with connected(database.admin_url) as admin:
        system = await admin.fetchval("SELECT system_identifier FROM pg_control_system()")
        timeline = await admin.fetchval("SELECT timeline_id FROM pg_control_checkpoint()")
        named = await admin.fetchval("SELECT DISTINCT server FROM head")
    assert named == f"{system}-{timeline:08X}"


async def test_an_append_asks_for_its_seal(ports: Ports, acme: Org, globex: Org) -> None:
    await append(ports.store, acme.tenant)
    assert acme.tenant in await directory.with_work(ports.store, "log", None, 100)


async def test_the_timeline_of_an_incident_is_paged_by_position(ports: Ports, acme: Org, globex: Org) -> None:
    one, other = new(), new()
    await append(ports.store, acme.tenant, *(
        entry(b'{"n":%d}' % number, one if number % 2 else other, number) for number in range(1, 9)
    ))  # fmt: skip
    async with ports.store.begin(acme.tenant) as tx:
        first = await log.timeline(tx, one, 0, 3)
        assert [body for _, body in first] == [b'{"n":1}', b'{"n":3}', b'{"n":5}']
        assert [body for _, body in await log.timeline(tx, one, first[-1][0], 3)] == [b'{"n":7}']
        assert await log.first_after_version(tx, one, 3) == b'{"n":5}'
        assert await log.first_after_version(tx, one, 7) is None
    async with ports.store.begin(globex.tenant) as tx:
        assert await log.timeline(tx, one, 0, 10) == []


async def test_the_audit_log_is_paged_backwards(ports: Ports, acme: Org) -> None:
    await append(ports.store, acme.tenant, *(entry(b'{"n":%d}' % number) for number in range(5)))
    async with ports.store.begin(acme.tenant) as tx:
        newest = await log.audit(tx, log.HIGHEST, 2)
        older = await log.audit(tx, newest[-1].position, 2)
    assert [one.body for one in newest + older] == [b'{"n":4}', b'{"n":3}', b'{"n":2}', b'{"n":1}']
    assert newest[0].at == AT
    assert newest[0].address == "192.0.2.7"
    assert newest[0].hash is None
