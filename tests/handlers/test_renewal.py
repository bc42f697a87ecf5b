"""A new session where a person's own rights grow: the id of before is worth nothing after."""

from __future__ import annotations

from dataclasses import replace

import pytest
from crew import hire, person
from orgs import Org
from web import Site, outcome, read

from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
FOUND = {"slug": "own", "name": "Own"}


async def told(browser: Site) -> list[str]:
    """What the person's log says of sessions, newest first."""
    entries = read(await browser("GET", "/api/v1/me/audit?limit=200"))["data"]
    return [
        f"{entry['action']} {entry['data'].get('reason', '')}".strip()
        for entry in entries
        if entry["action"].startswith("session.")
    ]


async def test_who_founds_an_organization_has_a_new_session_and_the_old_one_is_dead(
    site: Site, ports: Ports, acme: Org
) -> None:
    bob = (await hire(ports, site, acme, "Bob", Role.RESPONDER)).browser
    before, other = replace(bob), await site.signed_in("bob@acme.example")
    [session] = [s for s in read(await bob("GET", "/api/v1/me/sessions"))["data"] if s["current"]]
    made = await bob("POST", "/api/v1/orgs", FOUND, {"Idempotency-Key": "k1"})
    assert made.code == 201
    assert bob.cookie != before.cookie
    assert bob.csrf != before.csrf
    cookie = made.headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert outcome(await before("GET", "/api/v1/me")) == (401, "unauthenticated")
    assert outcome(await before("POST", "/api/v1/orgs", FOUND)) == (401, "unauthenticated")
    again = await bob("POST", "/api/v1/orgs", FOUND, {"Idempotency-Key": "k1"})
    assert (again.code, "Set-Cookie" in again.headers) == (201, False), "a repeat gains nothing"
    [fresh] = [s for s in read(await bob("GET", "/api/v1/me/sessions"))["data"] if s["current"]]
    assert fresh["id"] != session["id"]
    assert fresh["expires_at"] == session["expires_at"], "it lives no longer than the one before"
    assert (await other("GET", "/api/v1/me")).code == 200, "other browsers of theirs stay"
    assert (await told(bob))[:2] == ["session.started", "session.ended renewed"]


async def test_who_accepts_an_invitation_has_a_new_session(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    await person(ports, "ann@elsewhere.example")
    ann = await site.signed_in("ann@elsewhere.example")
    owner = await site.signed_in("owner@acme.example")
    asked = {"email": "ann@elsewhere.example", "role": "admin"}
    link = read(await owner("POST", "/api/v1/orgs/acme/invitations", asked))["link"].partition("#")[2]
    before = replace(ann)
    assert (await ann("POST", f"/api/v1/invitations/{link}/accept", {})).code == 201
    assert outcome(await before("GET", "/api/v1/me")) == (401, "unauthenticated")
    assert (await ann("GET", "/api/v1/orgs/acme/members")).code == 200
    assert outcome(await ann("GET", "/api/v1/orgs/globex/members")) == (404, "not_found")
    assert (await owner("GET", "/api/v1/me")).code == 200


async def test_nothing_that_is_refused_renews_a_session(site: Site, ports: Ports, acme: Org) -> None:
    bob = (await hire(ports, site, acme, "Bob", Role.RESPONDER)).browser
    before = replace(bob)
    assert outcome(await bob("POST", "/api/v1/orgs", {"slug": "acme", "name": "Mine"})) == (
        409,
        "not_allowed_now",
    )
    assert (await bob("POST", "/api/v1/invitations/x/accept", {})).code == 404
    assert bob.cookie == before.cookie
    assert (await before("GET", "/api/v1/me")).code == 200


async def test_a_role_that_others_give_counts_at_once_in_the_session_that_is_there(
    site: Site, ports: Ports, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    before = replace(bob.browser)
    assert outcome(await before("GET", "/api/v1/orgs/acme/keys")) == (403, "forbidden")
    given = await key("POST", "/api/v1/orgs/acme/bindings", {"subject": bob.member, "role": "admin"})
    assert given.code == 201
    assert (await before("GET", "/api/v1/orgs/acme/keys")).code == 200
    at = given.headers["Location"]
    assert (await key("DELETE", at, None, {"If-Match": '"1"'})).code == 204
    assert outcome(await before("GET", "/api/v1/orgs/acme/keys")) == (403, "forbidden")
