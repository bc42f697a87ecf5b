"""Lists of incidents that are searched: one corpus with the board's filter, bounded pages, and sight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from line import connected
from orgs import Org
from scene import Scene, build
from servers import Database
from web import Site, outcome, read

from hub.contract.words import Role, Scope
from hub.services.ports import Ports
from hub.storage import search

pytestmark = pytest.mark.gen_test(timeout=60)
ORG = "/api/v1/orgs/acme"
CORPUS = json.loads((Path(__file__).parent.parent / "static" / "queries.json").read_text())


async def found(site: Site, query: str, more: str = "") -> list[dict[str, Any]]:
    """What all pages of a search hold, newest first."""
    held, path = [], f"{ORG}/incidents?q={quote(query)}{more}"
    while path:
        answer = await site("GET", path)
        assert answer.code == 200, answer.body
        held += read(answer)["data"]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    return held


async def opened(site: Site, service: str, title: str, severity: str = "SEV3") -> str:
    """The id of an incident that was opened by hand."""
    asked = {"title": title, "service": service, "severity": severity}
    answer = await site("POST", f"{ORG}/incidents", asked)
    assert answer.code == 201, answer.body
    return str(read(answer)["id"])


async def test_a_search_finds_what_the_filter_of_the_board_finds(
    site: Site, database: Database, acme: Org, globex: Org
) -> None:
    admin, services = site.with_key(acme.api_key), {}
    for each in CORPUS["incidents"]:
        if each["service"] not in services:
            made = await admin("POST", f"{ORG}/services", {"name": each["service"]})
            services[each["service"]] = read(made)["id"]
        await opened(admin, services[each["service"]], each["title"], each["severity"])
    async with connected(database.admin_url) as sql:
        await sql.execute("UPDATE incident SET number = 12 WHERE number = 5")
    for number, command in CORPUS["commands"].items():
        assert (await admin("POST", f"{ORG}/incidents/{number}/{command}", {})).code == 200
    for query, numbers in CORPUS["queries"].items():
        assert [each["number"] for each in await found(admin, query)][::-1] == numbers, query
    checkout = await found(admin, f"service:{services['Checkout']}")
    assert [each["number"] for each in checkout] == [12, 3, 2]
    assert [each["number"] for each in await found(admin, "checkout", "&status=open")] == [3, 2]
    assert await found(admin, "status:closed", "&status=open") == []


async def test_pages_that_end_after_so_many_looks_find_each_once_also_while_new_ones_come(
    site: Site, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROWS", 15)  # three looks a page: it asks for five statuses
    admin = site.with_key(acme.api_key)
    [service] = read(await admin("GET", f"{ORG}/services"))["data"]
    titles = [f"needle {n}" if n in (1, 2, 9, 13) else f"straw {n}" for n in range(14)]
    for title in titles:
        await opened(admin, service["id"], title)
    for query in ("needle", f"needle service:{service['id']}"):
        pages, path = [], f"{ORG}/incidents?q={quote(query)}&limit=2"
        while path:
            answer = await admin("GET", path)
            pages.append([each["title"] for each in read(answer)["data"]])
            path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
            await opened(admin, service["id"], "needle of later")
        assert [title for page in pages for title in page if "later" not in title] == [
            "needle 13", "needle 9", "needle 2", "needle 1",
        ]  # fmt: skip
        assert [] in pages, "a page without a hit that has a next one"


async def test_a_term_that_many_services_answer_is_looked_for_like_a_word(
    site: Site, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "ROWS", 15)
    admin = site.with_key(acme.api_key)
    for n in range(4):
        service = read(await admin("POST", f"{ORG}/services", {"name": f"part {n}"}))["id"]
        for _ in range(3):
            await opened(admin, service, "straw")

    async def pages(query: str) -> int:
        count, path = 0, f"{ORG}/incidents?q={quote(query)}&limit=1"
        while path:
            answer = await admin("GET", path)
            path, count = answer.headers.get("Link", "").partition(">")[0].removeprefix("<"), count + 1
        return count

    assert await pages("needle service:part") == await pages("needle") == 5
    assert len(await found(admin, "straw service:part", "&limit=2")) == 12


async def test_a_cursor_belongs_to_its_question(site: Site, acme: Org) -> None:
    admin = site.with_key(acme.api_key)
    [service] = read(await admin("GET", f"{ORG}/services"))["data"]
    for title in ("one thing", "another thing", "a third thing"):
        await opened(admin, service["id"], title)
    cursor = read(await admin("GET", f"{ORG}/incidents?q=thing&limit=1"))["next_cursor"]
    assert (await admin("GET", f"{ORG}/incidents?q=THING&limit=1&cursor={cursor}")).code == 200
    for other in ("", "q=thin", "q=thing+status:open", "q=thing&status=open"):
        answer = await admin("GET", f"{ORG}/incidents?{other}&limit=1&cursor={cursor}")
        assert [each["pointer"] for each in read(answer)["errors"]] == ["/cursor"]


@pytest.mark.parametrize("query", ["q=severity:9", "q=status:fired", "q=" + "x" * 1001])
async def test_a_bad_question_is_named(site: Site, acme: Org, query: str) -> None:
    answer = await site.with_key(acme.api_key)("GET", f"{ORG}/incidents?{query}")
    assert outcome(answer) == (400, "invalid")
    assert [fault["pointer"] for fault in read(answer)["errors"]] == ["/q"]


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, site: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, site, acme), timeout=20)
    return made


@pytest.mark.parametrize("scope", [Scope.ORGANIZATION, Scope.TEAM, Scope.SERVICE, Scope.INCIDENT])
async def test_nothing_out_of_sight_is_found_by_any_word(scene: Scene, scope: Scope) -> None:
    site = await scene.actor(Role.RESPONDER, scope)
    listed = {each["id"] for each in read(await site("GET", f"{ORG}/incidents?limit=200"))["data"]}
    assert listed
    for query in ("SEV", "service:o", "severity:>=1", "service:o slow", f"service:{scene.other.service}"):
        wanted = {each["id"] for each in await found(scene.admin, query)} & listed
        assert {each["id"] for each in await found(site, query)} == wanted
    await scene.hide(scene.mine.incident)
    still = {scene.mine.incident} if scope is Scope.INCIDENT else set[str]()
    for query in ("slow", f"service:{scene.mine.service} slow", "is slow severity:3 status:open"):
        held = {each["id"] for each in await found(site, query)}
        assert held & {scene.mine.incident} == still, query


async def test_who_is_named_finds_a_private_one_by_what_people_call_it(scene: Scene) -> None:
    incident = scene.mine.incident
    whole, key = await scene.nobody()
    await scene.bind(key, Role.RESPONDER, Scope.ORGANIZATION, None)
    await scene.bind(key, Role.RESPONDER, Scope.INCIDENT, incident)
    await scene.hide(incident)
    await scene.sql("UPDATE incident SET number = -7 WHERE private")
    for query in ("p-7", "P-7 slow", f"service:{scene.mine.service} p-7"):
        assert [each["id"] for each in await found(whole, query)] == [incident], query
    assert await found(whole, "#-7") == []
