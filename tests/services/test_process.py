"""Processing lanes: one effect each, whoever drains, whatever crashes, and nothing is dropped unseen."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from line import alarm, attempts, connected, do, drain, granted, kinds, post, put, receipt, row, shown
from orgs import Org, Rung
from servers import Database

from hub.config import Config
from hub.contract.words import Action
from hub.services import process, work
from hub.services.follow import heads
from hub.services.ports import Ports
from hub.storage import inbox
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=60)


@pytest.fixture
def second(config: Config, ports: Ports, io_loop: Any) -> Any:
    """Another worker: the same ports over a pool of its own."""
    store = Store(config.database_url, size=6)
    io_loop.run_sync(store.open)
    yield dataclasses.replace(ports, store=store)
    io_loop.run_sync(store.close)


@pytest.fixture
def calm(io_loop: Any, database: Database, acme: Org) -> None:
    """However many incidents open, it is no storm."""

    async def set_after() -> None:
        async with connected(database.admin_url) as admin:
            await admin.execute("UPDATE service SET storm_after = 100000")

    io_loop.run_sync(set_after)


async def test_draining_twice_changes_nothing(ports: Ports, acme: Org, globex: Org) -> None:
    await post(ports, acme, [alarm("disk"), alarm("cpu")])
    await drain(ports, acme, globex)
    before = await heads(ports, [acme.tenant, globex.tenant])
    await drain(ports, acme, globex)
    await drain(ports, globex, acme)
    assert await heads(ports, [acme.tenant, globex.tenant]) == before
    assert [incident.title for incident in await shown(ports, acme)] == ["disk is broken", "cpu is broken"]
    assert await shown(ports, globex) == []


async def test_a_long_lane_is_done_in_batches_and_in_order(
    ports: Ports, database: Database, acme: Org, rung: Rung, calm: None
) -> None:
    await inbox.put_many(ports.store, [row(ports, acme, alarm(f"k{n:03}")) for n in range(300)])
    rung.announced.clear()
    await drain(ports, acme)
    titles = [incident.title for incident in await shown(ports, acme)]
    assert len(titles) == 200, "one page"
    assert [len(events) for _, _, _, events in rung.announced] == [400, 200]
    async with connected(database.admin_url) as admin:
        numbers = await admin.fetch(
            "SELECT i.number FROM incident i JOIN alert a ON a.incident_id = i.id"
            " WHERE i.tenant_id = $1 ORDER BY a.dedup_key",
            acme.tenant,
        )
        assert await admin.fetchval("SELECT count(*) FROM inbox WHERE state <> 'done'") == 0
    assert [number for (number,) in numbers] == list(range(1, 301))
    assert await attempts(database) == 0


async def test_a_large_request_is_done_in_portions(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch, calm: None
) -> None:
    """One transaction judges a bounded number of signals, so a storm cannot hold the loop or the database."""
    monkeypatch.setattr(process, "SIGNALS_MAX", 10)
    [large, small] = await put(
        ports, row(ports, acme, [alarm(f"k{n}") for n in range(25)]), row(ports, acme, alarm("after"))
    )
    assert await work._inbox_step(ports, acme.tenant) == 1
    first = await receipt(ports, acme, large)
    assert (first.state, len(first.items), first.processed_at) == ("stored", 10, None)
    await drain(ports, acme)
    done = await receipt(ports, acme, large)
    assert (done.state, [item.index for item in done.items]) == ("done", list(range(25)))
    assert [item.dedup_key for item in done.items] == [f"k{n}" for n in range(25)]
    assert {item.decision for item in done.items} == {"opened"}
    assert (await receipt(ports, acme, small)).state == "done"
    incidents = await shown(ports, acme)
    assert [incident.title for incident in incidents] == [f"k{n} is broken" for n in range(25)] + [
        "after is broken"
    ]
    assert await attempts(database) == 0


async def test_a_body_of_too_many_signals_is_a_dead_letter(
    ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BODY_SIGNALS_MAX", 3)
    [reference] = await put(ports, row(ports, acme, [alarm(str(n)) for n in range(4)]))
    await drain(ports, acme)
    dead = await receipt(ports, acme, reference)
    assert (dead.state, [item.decision for item in dead.items]) == ("dead", ["unreadable"])
    assert "4 signals" in dead.reason


async def test_two_workers_on_one_lane_have_one_effect_each(
    ports: Ports, second: Ports, database: Database, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await put(
            ports,
            *(
                row(ports, org, alarm(f"k{n % 10}", "resolve" if n % 3 == 2 else "trigger"))
                for n in range(60)
            ),
        )
    both = [acme.tenant, globex.tenant]
    while True:
        await asyncio.gather(*(work.drain(which, "inbox", both) for which in (ports, second, ports, second)))
        async with connected(database.admin_url) as admin:
            if await admin.fetchval("SELECT count(*) FROM inbox WHERE state = 'stored'") == 0:
                break
    assert [i.title for i in await shown(ports, acme)] == [i.title for i in await shown(ports, globex)]
    timelines = [[await kinds(ports, org, str(n)) for n in range(1, 11)] for org in (acme, globex)]
    assert timelines[0] == timelines[1]
    assert await attempts(database) == 0


async def test_two_lanes_of_one_service_open_one_incident_for_one_group(
    ports: Ports, second: Ports, database: Database, acme: Org
) -> None:
    """The service is held from looking to saving, so two lanes cannot both find that nothing is open."""
    async with connected(database.admin_url) as admin:
        twin = (await admin.fetchrow(
            "WITH made AS (INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
            " SELECT tenant_id, gen_random_uuid(), service_id, 'Twin', now() FROM integration"
            " WHERE tenant_id = $1 RETURNING tenant_id, id)"
            " INSERT INTO lane (tenant_id, integration_id) SELECT * FROM made RETURNING integration_id",
            acme.tenant,
        ))[0]  # fmt: skip
    other = dataclasses.replace(acme, integration_id=twin)
    body = '{"version":"4","groupKey":"{}:{g=\\"%d\\"}","alerts":[{"status":"firing","labels":{"a":"%s"}}]}'
    for n in range(10):
        for org, name in ((acme, "x"), (other, "y")):
            await put(ports, row(ports, org, (body % (n, f"{name}{n}")).encode(), format="alertmanager"))
    await asyncio.gather(*(work.drain(which, "inbox", [acme.tenant]) for which in (ports, second)))
    await drain(ports, acme)
    assert [incident.alerts.total for incident in await shown(ports, acme)] == [2] * 10


async def test_many_lanes_are_no_longer_turn(
    ports: Ports, database: Database, acme: Org, globex: Org, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SIGNALS_MAX", 2)
    lanes = [acme.integration_id]
    async with connected(database.admin_url) as admin:
        for number in range(5):
            lanes.append(await admin.fetchval(
                "WITH made AS (INSERT INTO integration (tenant_id, id, service_id, name, created_at)"
                " SELECT tenant_id, gen_random_uuid(), service_id, $2, now() FROM integration"
                " WHERE tenant_id = $1 LIMIT 1 RETURNING tenant_id, id)"
                " INSERT INTO lane (tenant_id, integration_id) SELECT * FROM made RETURNING integration_id",
                acme.tenant, f"Lane {number}",
            ))  # fmt: skip
    for integration in lanes:
        await put(ports, row(ports, dataclasses.replace(acme, integration_id=integration), alarm("a")))
    await put(ports, row(ports, globex, alarm("a")))
    rung.announced.clear()
    await drain(ports, acme, globex)
    turns = [tenant for tenant, *_ in rung.announced]
    assert turns == [acme.tenant, acme.tenant, globex.tenant] + [acme.tenant] * 4
    assert len(await shown(ports, acme)) == 6


async def test_a_keep_alive_under_another_grouping_opens_nothing_beside_its_groups_open_incident(
    ports: Ports, acme: Org
) -> None:
    async def say(group: str, name: str, now: datetime) -> list[str]:
        later = dataclasses.replace(ports, clock=lambda: now)
        labels = {"status": "firing", "labels": {"alertname": name}, "fingerprint": name}
        body = {"version": "4", "groupKey": group, "status": "firing", "alerts": [labels]}
        [kept] = await put(later, row(later, acme, body, format="alertmanager"))
        await drain(later, acme)
        return [item.decision for item in (await receipt(later, acme, kept)).items]

    now = ports.clock()
    await say("{}:old", "net", now)
    await do(ports, await granted(ports, acme, Action.INCIDENT_RESOLVE), "1", "resolve")
    await say("{}:old", "disk", now + timedelta(minutes=1))
    assert await say("{}:new", "net", now + timedelta(minutes=40)) == ["repeated"]
    assert [(incident.number, incident.status) for incident in await shown(ports, acme)] == [
        (1, "resolved"), (2, "triggered")
    ]  # fmt: skip
