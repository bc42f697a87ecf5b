"""Links with an Idempotency-Key: a repeat gets the first answer; who is late leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from crew import kinds, person
from line import connected
from orgs import Org
from servers import Database
from test_invitations import INVITATIONS, NEW, ONE, invited, stranger
from web import PASSWORD, Site, outcome, read

from hub.services import accepting, password_resets
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=40)
ONCE, TWICE = {"Idempotency-Key": "once"}, {"Idempotency-Key": "twice"}
OWNER = "owner@acme.example"
REUSED = (422, "idempotency_key_reused")
OTHER = "a staple for every battery"


async def test_a_repeat_of_an_acceptance_gets_the_first_answer(site: Site, acme: Org, globex: Org) -> None:
    key, bob = site.with_key(acme.api_key), stranger(site)
    made, link = await invited(key)
    first = await bob("POST", f"{link}/accept", NEW, ONCE)
    again = await bob("POST", f"{link}/accept", NEW, ONCE)
    assert (first.code, first.headers.get("Idempotent-Replayed")) == (201, None)
    assert (again.code, again.headers["Idempotent-Replayed"], again.body) == (201, "true", first.body)
    assert "Set-Cookie" not in again.headers
    assert outcome(await bob("POST", f"{link}/accept", NEW | {"name": "Bert"}, ONCE)) == REUSED
    assert outcome(await bob("POST", f"{link}/accept", NEW | {"password": OTHER}, ONCE)) == REUSED
    for headers in ({}, TWICE):
        assert outcome(await bob("POST", f"{link}/accept", NEW, headers)) == (404, "not_found")
    assert outcome(await bob("GET", link)) == (404, "not_found")
    assert read(await key("GET", INVITATIONS))["data"] == []
    path = f"{INVITATIONS}/{made['id']}"
    assert outcome(await key("DELETE", path, None, ONE)) == (404, "not_found")
    assert (await kinds(key, 20)).count("member.added") == 2  # the founder and Bob


async def test_a_repeat_by_whose_session_was_renewed_signs_nobody_in(
    site: Site, ports: Ports, acme: Org
) -> None:
    await person(ports, "bob@acme.example")
    _, link = await invited(site.with_key(acme.api_key))
    bob = await site.signed_in("bob@acme.example")
    old = Site(bob.url, bob.config, cookie=bob.cookie, csrf=bob.csrf)
    first = await bob("POST", f"{link}/accept", {}, ONCE)
    assert (first.code, "Set-Cookie" in first.headers) == (201, True)
    for browser in (old, bob, stranger(site)):
        again = await browser("POST", f"{link}/accept", {}, ONCE)
        assert (again.code, again.headers["Idempotent-Replayed"], again.body) == (201, "true", first.body)
        assert "Set-Cookie" not in again.headers
    assert (await old("GET", "/api/v1/me")).code == 401
    assert (await bob("GET", "/api/v1/me")).code == 200


async def test_the_same_acceptance_twice_at_once_is_one(site: Site, acme: Org) -> None:
    _, link = await invited(site.with_key(acme.api_key))
    bob = stranger(site)
    answers = await asyncio.gather(*(bob("POST", f"{link}/accept", NEW, ONCE) for _ in range(3)))
    assert [answer.code for answer in answers] == [201] * 3
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 2


async def test_a_refused_acceptance_keeps_nothing(site: Site, acme: Org) -> None:
    _, link = await invited(site.with_key(acme.api_key))
    bob = stranger(site)
    assert (await bob("POST", f"{link}/accept", {"name": "Bob"}, ONCE)).code == 400
    assert (await bob("POST", f"{link}/accept", NEW, ONCE)).code == 201


async def test_a_repeat_of_a_reset_gets_the_first_answer(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    path = f"/api/v1/password-resets/{await password_resets.offer(ports, OWNER)}"
    ann = stranger(site)
    assert (await ann("POST", path, {"password": "password123"}, ONCE)).code == 400
    answers = await asyncio.gather(*(ann("POST", path, {"password": OTHER}, ONCE) for _ in range(3)))
    assert [(answer.code, answer.body) for answer in answers] == [(204, b"")] * 3
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 2
    assert outcome(await ann("POST", path, {"password": PASSWORD}, ONCE)) == REUSED
    for headers in ({}, TWICE):
        assert outcome(await ann("POST", path, {"password": OTHER}, headers)) == (404, "not_found")
    said = {"email": OWNER, "password": OTHER}
    assert (await ann("POST", "/api/v1/session", said)).code == 201
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE credential SET expires_at = now() WHERE kind = 'password_reset'")
    assert outcome(await ann("POST", path, {"password": OTHER}, ONCE)) == (404, "not_found")


async def test_whoever_comes_too_late_with_a_link_leaves_no_account(
    site: Site, ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, bob = site.with_key(acme.api_key), stranger(site)
    made, link = await invited(key)
    hash_password = accepting.hash_password

    async def meanwhile(password: str) -> str:
        gone: Any = await key("DELETE", f"{INVITATIONS}/{made['id']}", None, ONE)
        assert gone.code == 204
        return await hash_password(password)

    monkeypatch.setattr(accepting, "hash_password", meanwhile)
    assert outcome(await bob("POST", f"{link}/accept", NEW, ONCE)) == (404, "not_found")
    async with connected(database.admin_url) as admin:
        assert await admin.fetch("SELECT 1 FROM person WHERE email = 'bob@acme.example'") == []
        assert await admin.fetch("SELECT 1 FROM identity WHERE subject = 'bob@acme.example'") == []
    monkeypatch.undo()
    _, another = await invited(key)
    assert (await bob("POST", f"{another}/accept", NEW, ONCE)).code == 201


async def test_an_account_that_somebody_made_meanwhile_takes_the_acceptance_back(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, hash_password = site.with_key(acme.api_key), accepting.hash_password
    _, link = await invited(key)

    async def meanwhile(password: str) -> str:
        await person(ports, "bob@acme.example")
        return await hash_password(password)

    monkeypatch.setattr(accepting, "hash_password", meanwhile)
    assert outcome(await stranger(site)("POST", f"{link}/accept", NEW)) == (409, "not_allowed_now")
    members = read(await key("GET", "/api/v1/orgs/acme/members"))["data"]
    assert [each["name"] for each in members] == ["Owner"]
    bob = await site.signed_in("bob@acme.example")
    assert (await bob("POST", f"{link}/accept", {})).code == 201


async def test_a_taken_slug_is_corrected_under_the_same_key(site: Site, acme: Org, globex: Org) -> None:
    ann, asked = await site.signed_in(OWNER), {"slug": "globex", "name": "Initech"}
    assert outcome(await ann("POST", "/api/v1/orgs", asked, ONCE)) == (409, "not_allowed_now")
    corrected = asked | {"slug": "initech"}
    made = await ann("POST", "/api/v1/orgs", corrected, ONCE)
    assert (made.code, made.headers.get("Idempotent-Replayed")) == (201, None)
    again = await ann("POST", "/api/v1/orgs", corrected, ONCE)
    assert (again.code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert outcome(await ann("POST", "/api/v1/orgs", asked, ONCE)) == REUSED


async def test_a_repeat_after_a_crash_between_organization_and_key_finds_the_organization(
    site: Site, database: Database, acme: Org
) -> None:
    ann, asked = await site.signed_in(OWNER), {"slug": "initech", "name": "Initech"}
    first = await ann("POST", "/api/v1/orgs", asked, ONCE)
    async with connected(database.admin_url) as admin:
        await admin.execute("DELETE FROM request_key WHERE command = 'organization'")
    assert outcome(await ann("POST", "/api/v1/orgs", asked | {"slug": "other"}, ONCE)) == REUSED
    again = await ann("POST", "/api/v1/orgs", asked, ONCE)
    assert (again.code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert read(again)["id"] == read(first)["id"]
