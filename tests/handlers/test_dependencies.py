"""What services need: set as a whole, by version, never in a circle, never another organization's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from orgs import Org
from roles import key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
SERVICES = "/api/v1/orgs/acme/services"
SAME = {"X-Request-ID": "the-same"}


async def made(key: Site, *names: str) -> list[str]:
    """The ids of new services."""
    return [read(await key("POST", SERVICES, {"name": name}))["id"] for name in names]


async def depend(key: Site, service: str, *needs: str, version: int = 1, **headers: str) -> Any:
    """Set what a service needs."""
    path, tag = f"{SERVICES}/{service}/dependencies", {"If-Match": f'"{version}"'}
    return await key("PUT", path, {"services": list(needs)}, tag | headers)


async def test_what_a_service_needs_is_set_as_a_whole(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    till, bank, mail = await made(key, "Till", "Bank", "Mail")
    first = await depend(key, till, mail, bank, bank)
    assert (first.code, first.headers["ETag"]) == (200, '"2"')
    assert [each["name"] for each in read(first)["dependencies"]] == ["Bank", "Mail"]
    assert read(await key("GET", f"{SERVICES}/{till}")) == read(first)
    again = await depend(key, till, bank, mail, version=2)
    assert read(again)["version"] == 2
    fewer = await depend(key, till, bank, version=2)
    assert read(fewer)["dependencies"] == [{"id": bank, "name": "Bank"}]
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    assert (entry["action"], entry["target"]) == ("service.dependencies_set", till)
    assert entry["data"] == {"was": sorted([bank, mail]), "now": [bank]}


async def test_a_circle_is_refused_by_its_names(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    till, bank, mail = await made(key, "Till", "Bank", "Mail")
    assert (await depend(key, till, bank)).code == 200
    assert (await depend(key, bank, mail)).code == 200
    circle = await depend(key, mail, till)
    assert outcome(circle) == (409, "not_allowed_now")
    assert "Mail needs Till needs Bank needs Mail" in read(circle)["detail"]
    itself = await depend(key, mail, mail)
    assert "Mail needs Mail" in read(itself)["detail"]
    assert read(await key("GET", f"{SERVICES}/{mail}"))["dependencies"] == []


async def test_two_at_once_cannot_close_a_circle(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    for number in range(5):
        one, other = await made(key, f"one {number}", f"other {number}")
        answers = await asyncio.gather(depend(key, one, other), depend(key, other, one))
        assert sorted(answer.code for answer in answers) == [200, 409]


async def test_every_bad_dependency_is_named(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    [till] = await made(key, "Till")
    [foreign] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    answers = [
        await depend(key, till, till, id, **SAME)
        for id in (foreign["id"], text("service", new()), "nonsense")
    ]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert [fault["pointer"] for fault in read(answers[0])["errors"]] == ["/services/1"]
    for body in ({}, {"services": ["x"] * 51}, {"services": [1]}, {"services": [], "more": 1}):
        answer = await key("PUT", f"{SERVICES}/{till}/dependencies", body, {"If-Match": '"1"'})
        assert outcome(answer) == (400, "invalid"), body


async def test_dependencies_are_guarded_like_the_service(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key = site.with_key(acme.api_key)
    till, bank = await made(key, "Till", "Bank")
    responder = site.with_key(await key_of(ports, acme, Role.RESPONDER))
    assert outcome(await depend(responder, till, bank)) == (403, "forbidden")
    stale = await depend(key, till, bank, version=7)
    assert (outcome(stale), read(stale)["current"]["version"]) == ((412, "stale"), 1)
    missing = await key("PUT", f"{SERVICES}/{till}/dependencies", {"services": []})
    assert outcome(missing) == (428, "version_missing")
    [foreign] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    answers = [await depend(key, id, bank, **SAME) for id in (foreign["id"], text("service", new()), "x")]
    assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
