"""Races, stopped in the middle: one side holds still at a known place while the other tries."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest
from line import (
    alarm,
    attempts,
    connected,
    do,
    drain,
    fire,
    granted,
    kinds,
    put,
    receipt,
    row,
    shown,
    trap,
    until,
)
from orgs import Org
from servers import Database

from hub.contract.ids import TenantId
from hub.domain.errors import NotAllowedNow
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=40)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@asynccontextmanager
async def held(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Whoever saves an alert called `poison` stops there, until the block is left."""
    async with (
        trap(database, "PERFORM pg_advisory_xact_lock(7)"),
        connected(database.admin_url) as admin,
    ):
        await admin.execute("SELECT pg_advisory_lock(7)")
        try:
            yield admin
        finally:
            await admin.execute("SELECT pg_advisory_unlock_all()")


async def blocked(admin: asyncpg.Connection, how_many: int) -> None:
    """Wait until so many transactions wait for a lock."""

    async def are() -> bool:
        return bool(await admin.fetchval(WAITING) == how_many)

    await until(are)


async def test_a_reopen_waits_for_what_is_about_to_open_and_loses(
    ports: Ports, database: Database, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk", title="poison"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "resolve")
    await put(ports, row(ports, acme, alarm("disk", title="poison")))
    async with held(database) as admin:
        draining = asyncio.create_task(work.drain(ports, "inbox", [acme.tenant]))
        await blocked(admin, 1)
        reopening = asyncio.create_task(do(ports, grant, "1", "reopen"))
        await blocked(admin, 2)
    assert await draining == []
    with pytest.raises(NotAllowedNow, match="#2 is open for the same problem"):
        await reopening
    assert [incident.status for incident in await shown(ports, acme)] == ["resolved", "triggered"]


async def test_a_second_lane_of_a_service_waits_and_joins(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with connected(database.admin_url) as admin:
        made = await admin.fetchval(
            "WITH made AS (INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
            " SELECT tenant_id, gen_random_uuid(), service_id, 'Twin', now() FROM integration"
            " WHERE tenant_id = $1 RETURNING tenant_id, id)"
            " INSERT INTO lane (tenant_id, integration_id) SELECT * FROM made RETURNING integration_id",
            acme.tenant,
        )
    twin = dataclasses.replace(acme, integration_id=made)
    body = '{"version":"4","groupKey":"g","alerts":[{"status":"firing","labels":{"alertname":"%s"},' \
           '"annotations":{"summary":"%s"}}]}'  # fmt: skip
    await put(ports, row(ports, acme, (body % ("a", "poison")).encode(), format="alertmanager"))
    async with held(database) as admin:
        first = asyncio.create_task(work.drain(ports, "inbox", [acme.tenant]))
        await blocked(admin, 1)
        await put(ports, row(ports, twin, (body % ("b", "fine")).encode(), format="alertmanager"))
        second = asyncio.create_task(work.drain(ports, "inbox", [acme.tenant]))
        await blocked(admin, 2)
    assert await asyncio.gather(first, second) == [[], []]
    await drain(ports, acme)
    assert await attempts(database) == 0, "nobody failed on the way"
    assert [incident.alerts.total for incident in await shown(ports, acme)] == [2]
    assert await kinds(ports, acme, "1") == ["incident.opened", "alert.fired", "alert.fired"]


async def test_a_command_waits_for_the_alerts_of_its_incident_and_sees_them(
    ports: Ports, database: Database, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    same_group = msgspec.structs.replace(row(ports, acme, alarm("disk", "resolve")))
    await put(ports, same_group, row(ports, acme, alarm("disk", title="poison")))
    async with held(database) as admin:
        draining = asyncio.create_task(work.drain(ports, "inbox", [acme.tenant]))
        await blocked(admin, 1)
        resolving = asyncio.create_task(do(ports, grant, "1", "resolve"))
        await blocked(admin, 2)
    assert await draining == []
    done = await resolving
    assert done.performed.incident.alerts.firing == 0, "also the episode that was not there when it asked"
    assert (await kinds(ports, acme, "1"))[-2:] == ["incident.resolved", "alert.cleared"]


async def test_a_split_waits_for_a_resolve_of_its_incident_and_loses(
    ports: Ports, database: Database, acme: Org
) -> None:
    [sent] = await put(ports, row(ports, acme, alarm("disk", title="poison")))
    await drain(ports, acme)
    alert = (await receipt(ports, acme, sent)).items[0].alert
    grant = await granted(ports, acme)
    async with held(database) as admin:
        resolving = asyncio.create_task(do(ports, grant, "1", "resolve"))
        await blocked(admin, 1)
        splitting = asyncio.create_task(do(ports, grant, "1", "split", alerts=[alert]))
        await blocked(admin, 2)
    assert (await resolving).performed.changed
    with pytest.raises(NotAllowedNow):
        await splitting
    [incident] = await shown(ports, acme)
    assert (incident.status, incident.alerts.firing, incident.alerts.total) == ("resolved", 0, 1)


async def test_nobody_waits_behind_another_organizations_commit(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await put(ports, row(ports, acme, alarm("disk", title="poison")))
    await fire(ports, globex, alarm("disk"))
    theirs = await granted(ports, globex)
    async with held(database) as admin:
        draining = asyncio.create_task(work.drain(ports, "inbox", [acme.tenant]))
        await blocked(admin, 1)
        await do(ports, theirs, "1", "acknowledge")
        await put(ports, row(ports, globex, alarm("cpu")))
        await drain(ports, globex)
        await put(ports, row(ports, acme, alarm("more")))  # the inbox takes what its lane cannot yet
        assert not draining.done()
    assert await draining == []
    assert TenantId(acme.tenant) not in await work.due(ports, "inbox", None)
