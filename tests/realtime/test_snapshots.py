"""Snapshots: the state and what follows it meet without a gap or a repeat, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import pytest
from following import Following, dial, follow, make_key
from line import alarm, do, fire, granted
from orgs import Org
from records import address, listen
from servers import Database
from web import Site

from hub.contract.words import Action, Role
from hub.services import snapshots
from hub.services.ports import Ports


class State:
    """Headers by id, as a client keeps them: events at or below a header's version are in it already."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.is_whole = False

    def snapshot(self, frame: dict[str, Any]) -> None:
        if frame["phase"] == "begin":
            self.versions.clear()
        self.versions |= {item["id"]: item["version"] for item in frame.get("items", [])}
        self.is_whole = frame["phase"] == "end"

    def event(self, event: dict[str, Any]) -> None:
        """Each event continues what the state has, neither more nor less."""
        id, version = event.get("incident"), event.get("incidentversion")
        if id:
            assert version == self.versions.get(id, 0) + 1, event
            self.versions[id] = version


async def lives(ports: Ports, org: Org, rounds: int, first: int = 1) -> None:
    """Incidents that come, are worked on and resolved; the first of them has the number `first`."""
    grant = await granted(ports, org, Action.INCIDENT_EDIT)
    for number in range(first, first + rounds):
        await fire(ports, org, alarm(f"thing {number}"))
        await do(ports, grant, str(number), "acknowledge")
        await do(ports, grant, str(number), "note", text=f"note {number}")
        if number % 3 == 0:
            await do(ports, grant, str(number), "resolve")


async def versions(site: Site, org: Org) -> dict[str, int]:
    answer = await site("GET", f"/api/v1/orgs/{org.slug}/incidents?limit=200")
    return {item["id"]: item["version"] for item in msgspec.json.decode(answer.body)["data"]}


async def watch(site: Site, org: Org, until: str) -> dict[str, int]:
    """Open with the state, follow to a note; what a client then believes."""
    state = State()
    async with Following(await dial(site, org, "&snapshot=always")) as following:
        while True:
            frame = await following.next()
            if frame["frame"] == "snapshot":
                state.snapshot(frame)
            for event in frame.get("events", []):
                assert state.is_whole
                state.event(event)
                if event["data"].get("text") == until:
                    return state.versions


@pytest.mark.gen_test(timeout=90)
async def test_state_and_tail_meet_exactly_while_others_work(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    watching = []
    for first in range(1, 16, 3):
        watching.append(asyncio.create_task(watch(site, acme, "the end")))
        await lives(ports, acme, 3, first)
    late = asyncio.create_task(watch(site, acme, "the end"))
    async with await follow(site, acme) as following:
        grant = await granted(ports, acme, Action.INCIDENT_NOTE)
        await do(ports, grant, "1", "note", text="the end")
        await following.until("the end")
    truth = await versions(site, acme)
    for believed in await asyncio.gather(late, *watching):
        assert believed == truth


@pytest.mark.gen_test(timeout=30)
async def test_the_state_comes_in_chunks_of_exactly_one_place(
    live: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "CHUNK", 2)
    await lives(ports, acme, 6)
    async with Following(await dial(live.with_key(acme.api_key), acme, "&snapshot=auto")) as following:
        welcome = await following.next()
        assert welcome["mode"] == "snapshot"
        told = [await following.next("snapshot") for _ in range(5)]
        assert [frame["phase"] for frame in told] == ["begin", "chunk", "chunk", "chunk", "end"]
        assert {frame["cursor"] for frame in told} == {welcome["from"]}
        numbers = [item["number"] for frame in told for item in frame.get("items", [])]
        assert numbers == [5, 4, 2, 1, 6, 3], "those that are open first, then those resolved last"
        assert told[-1]["is_complete"] is True


@pytest.mark.gen_test(timeout=30)
async def test_too_much_is_cut_and_said(
    live: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MOST", 3)
    await lives(ports, acme, 6)
    answer = await live.with_key(acme.api_key)("GET", f"/api/v1/orgs/{acme.slug}/snapshot")
    told = msgspec.json.decode(answer.body)
    assert [item["number"] for item in told["data"]] == [5, 4, 2]
    assert told["is_complete"] is False


@pytest.mark.gen_test(timeout=30)
async def test_with_a_good_cursor_auto_needs_no_state(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    await lives(ports, acme, 2)
    async with await follow(site, acme) as first:
        cursor = first.cursor
    async with Following(await dial(site, acme, f"{cursor}&snapshot=auto")) as following:
        assert (await following.next())["mode"] == "live"
    async with Following(await dial(site, acme, f"{cursor}&snapshot=always")) as following:
        assert (await following.next())["mode"] == "snapshot"


@pytest.mark.gen_test(timeout=30)
async def test_a_reset_in_the_middle_is_followed_by_the_state(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    await lives(ports, acme, 3)
    async with Following(await dial(live.with_key(acme.api_key), acme, "&snapshot=auto")) as following:
        while (await following.next("snapshot"))["phase"] != "end":
            pass
        admin = await asyncpg.connect(database.admin_url)
        await admin.execute("UPDATE head SET epoch = gen_random_uuid() WHERE tenant_id = $1", acme.tenant)
        await admin.close()
        reset = await following.next("reset")
        told = [await following.next("snapshot") for _ in range(4)]
        assert reset["reason"] == "epoch"
        assert {frame["cursor"] for frame in told} == {reset["cursor"]}
        assert [item["number"] for frame in told for item in frame.get("items", [])] == [2, 1, 3]
        grant = await granted(ports, acme, Action.INCIDENT_NOTE)
        await do(ports, grant, "1", "note", text="and on")
        assert await following.until("and on") == ["and on"]


@pytest.mark.gen_test(timeout=30)
async def test_a_snapshot_over_http_is_where_any_stream_goes_on(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    await lives(ports, acme, 3)
    for filter in ("", quote("severity:<=2"), quote("kind:incident.noted")):
        answer = await site("GET", f"/api/v1/orgs/{acme.slug}/snapshot?filter={filter}")
        told = msgspec.json.decode(answer.body)
        async with listen(site, address(acme, filter=filter, after=told["cursor"])) as (listening, _):
            assert (await listening.next("welcome")).json["from"] == told["cursor"]
    async with listen(site, address(acme, snapshot="always")) as (listening, _):
        await listening.next("welcome")
        phases = [(await listening.next("snapshot")).json["phase"] for _ in range(4)]
        assert phases == ["begin", "chunk", "chunk", "end"]


@pytest.mark.gen_test(timeout=30)
async def test_the_state_holds_what_was_asked_for_and_may_be_seen(
    live: Site, ports: Ports, acme: Org, globex: Org, database: Database
) -> None:
    await lives(ports, acme, 6)
    grant = await granted(ports, acme, Action.INCIDENT_EDIT)
    await do(ports, grant, "1", "severity", severity="SEV1")
    admin = await asyncpg.connect(database.admin_url)
    await admin.execute("UPDATE incident SET private = true WHERE tenant_id = $1 AND number = 2", acme.tenant)
    await admin.close()
    observer = live.with_key(await make_key(ports, acme, Role.OBSERVER))

    async def numbers(site: Site, org: Org, filter: str) -> list[int]:
        answer = await site("GET", f"/api/v1/orgs/{org.slug}/snapshot?filter={quote(filter)}")
        return [item["number"] for item in msgspec.json.decode(answer.body)["data"]]

    assert await numbers(observer, acme, "") == [5, 4, 1, 6, 3]
    assert await numbers(observer, acme, "severity:1") == [1]
    answer = await observer("GET", f"/api/v1/orgs/{acme.slug}/incidents/6")
    third = msgspec.json.decode(answer.body)
    assert await numbers(observer, acme, f"incident:{third['id']}") == [6]
    assert await numbers(observer, acme, f"service:{third['service']['id']}") == [5, 4, 1, 6, 3]
    assert await numbers(live.with_key(globex.api_key), globex, f"service:{third['service']['id']}") == []
    assert (await live.with_key(globex.api_key)("GET", f"/api/v1/orgs/{acme.slug}/snapshot")).code == 404
