"""Long-poll on a real socket: pages after a cursor, waits that end, and refusals that say what to do."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from following import administrative, happen, note
from orgs import Org
from served import eventually
from servers import Database
from web import Site

from hub.realtime.station import Station
from hub.services.ports import Ports


async def poll(site: Site, org: Org, after: str = "", **query: int) -> Any:
    """One page."""
    asked = {name: str(value) for name, value in query.items()} | ({"after": after} if after else {})
    answer = await site(
        "GET", f"/api/v1/orgs/{org.slug}/events?" + "&".join(f"{k}={v}" for k, v in asked.items())
    )
    assert answer.code == 200, answer.body
    return msgspec.json.decode(answer.body)


def texts(page: Any) -> list[str]:
    return [event["data"].get("text", event["type"]) for event in page["events"]]


@pytest.mark.gen_test(timeout=30)
async def test_pages_follow_each_other_without_a_hole(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    cursor = (await poll(site, acme))["cursor"]
    await note(ports, acme, *(str(number) for number in range(600)))
    seen: list[str] = []
    more = True
    while more:
        page = await poll(site, acme, cursor, limit=100)
        assert page["after"] == cursor
        assert len(page["events"]) <= 100
        seen += texts(page)
        cursor, more = page["cursor"], page["more"]
    assert seen == [str(number) for number in range(600)]
    assert (await poll(site, acme, cursor))["events"] == []


@pytest.mark.gen_test(timeout=30)
async def test_nothing_of_a_page_is_kept_once_it_is_answered(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    site = live.with_key(acme.api_key)
    cursor = (await poll(site, acme))["cursor"]
    await note(ports, acme, "one", "two")
    assert texts(await poll(site, acme, cursor)) == ["one", "two"]
    await eventually(lambda: not station.pump._slow._since)


@pytest.mark.gen_test(timeout=30)
async def test_a_wait_ends_with_the_first_event(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    site = live.with_key(acme.api_key)
    cursor = (await poll(site, acme))["cursor"]
    waiting = asyncio.create_task(poll(site, acme, cursor, wait=20))
    await eventually(lambda: len(station._followers) == 1)
    await note(ports, acme, "at last")
    assert texts(await waiting) == ["at last"]
    assert not station._followers


@pytest.mark.gen_test(timeout=30)
async def test_a_wait_that_sees_nothing_moves_the_cursor_all_the_same(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    cursor = (await poll(site, acme))["cursor"]
    await happen(ports, acme.tenant, administrative())
    page = await poll(site, acme, cursor, wait=1)
    assert page["events"] == []
    assert page["after"] == cursor != page["cursor"]
    await note(ports, acme, "seen")
    page = await poll(site, acme, page["cursor"], wait=10)
    assert texts(page) == ["seen"]


@pytest.mark.gen_test(timeout=30)
async def test_events_behind_what_is_not_seen_come_after_the_cursor_that_was_asked_for(
    live: Site, ports: Ports, acme: Org, observer_key: str, station: Station
) -> None:
    site = live.with_key(observer_key)
    cursor = (await poll(site, acme))["cursor"]
    await happen(ports, acme.tenant, administrative())
    waiting = asyncio.create_task(poll(site, acme, cursor, wait=20))
    await eventually(lambda: len(station._followers) == 1)
    await note(ports, acme, "seen")
    page = await waiting
    assert page["after"] == cursor
    assert texts(page) == ["seen"]


@pytest.mark.gen_test(timeout=30)
async def test_a_page_that_a_cache_has_is_not_sent_again(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    cursor = (await poll(site, acme))["cursor"]
    await note(ports, acme, "kept")
    path = f"/api/v1/orgs/{acme.slug}/events?after={cursor}"
    first = await site("GET", path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = await site("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.code, again.body) == (304, b"")


@pytest.mark.gen_test(timeout=30)
async def test_another_epoch_is_gone_and_says_where_to_go_on(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    site = live.with_key(acme.api_key)
    cursor = (await poll(site, acme))["cursor"]
    admin = await asyncpg.connect(database.admin_url)
    await admin.execute("UPDATE head SET epoch = gen_random_uuid() WHERE tenant_id = $1", acme.tenant)
    await admin.close()
    answer = await site("GET", f"/api/v1/orgs/{acme.slug}/events?after={cursor}")
    problem = msgspec.json.decode(answer.body)
    assert (answer.code, problem["code"], problem["reason"]) == (410, "reset", "epoch")
    await note(ports, acme, "after it")
    assert texts(await poll(site, acme, problem["cursor"])) == ["after it"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=rubbish", "/after"),
        ("wait=61", "/wait"),
        ("wait=-1", "/wait"),
        ("wait=1.5", "/wait"),
        ("limit=0", "/limit"),
        ("limit=257", "/limit"),
        ("limit=%C2%B2", "/limit"),
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_what_cannot_be_asked_is_named(live: Site, acme: Org, query: str, pointer: str) -> None:
    answer = await live.with_key(acme.api_key)("GET", f"/api/v1/orgs/{acme.slug}/events?{query}")
    assert answer.code == 400
    assert [fault["pointer"] for fault in msgspec.json.decode(answer.body)["errors"]] == [pointer]
