"""Invitations by REST: a link that makes a member, once, of the invited address and of nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from crew import hire, kinds, person
from line import connected
from orgs import Org
from roles import key_of
from servers import Database
from web import PASSWORD, Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=40)
INVITATIONS = "/api/v1/orgs/acme/invitations"
ONE = {"If-Match": '"1"'}
SAME = {"X-Request-ID": "the-same"}
NEW = {"name": "Bob Builder", "password": PASSWORD}


async def invited(site: Site, email: str = "bob@acme.example", role: str = "responder") -> tuple[Any, str]:
    """A new invitation, and the address of its link in the API."""
    answer = await site("POST", INVITATIONS, {"email": email, "role": role})
    assert answer.code == 201, answer.body
    made = read(answer)
    home, _, link = made["link"].partition("/invitations#")
    assert home == site.url
    return made, f"/api/v1/invitations/{link}"


def stranger(site: Site) -> Site:
    """A browser in which nobody is signed in."""
    return Site(site.url, site.config, headers={"Origin": site.url})


async def test_somebody_new_joins_by_the_link(site: Site, acme: Org, globex: Org) -> None:
    key, bob = site.with_key(acme.api_key), stranger(site)
    made, link = await invited(key, "Bob@Acme.example")
    shown = read(await bob("GET", link))
    assert shown == {
        "organization": "Acme", "slug": "acme", "email": "bob@acme.example", "role": "responder",
        "expires_at": made["expires_at"],
    }  # fmt: skip
    joined = await bob("POST", f"{link}/accept", NEW)
    assert (joined.code, read(joined)["slug"]) == (201, "acme")
    signed = await site.signed_in("bob@acme.example")
    [mine] = read(await signed("GET", "/api/v1/me"))["organizations"]
    assert (mine["member"], mine["roles"]) == (read(joined)["member"], ["responder"])
    told = ["invitation.created", "member.added", "role.granted", "invitation.accepted"]
    assert await kinds(key, 4) == told
    assert read(await key("GET", INVITATIONS))["data"] == []


async def test_a_link_works_once(site: Site, acme: Org) -> None:
    _, link = await invited(site.with_key(acme.api_key))
    bob = stranger(site)
    answers = await asyncio.gather(*(bob("POST", f"{link}/accept", NEW) for _ in range(3)))
    codes = sorted(answer.code for answer in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {401, 404, 409}
    assert outcome(await bob("POST", f"{link}/accept", NEW)) == (404, "not_found")
    assert outcome(await bob("GET", link)) == (404, "not_found")
    members = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/members"))["data"]
    assert [member["name"] for member in members] == ["Owner", "Bob Builder"]


async def test_an_account_joins_by_its_session_and_no_other(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    _, link = await invited(site.with_key(acme.api_key), "owner@globex.example", "admin")
    refused = await stranger(site)("POST", f"{link}/accept", NEW)
    assert outcome(refused) == (401, "unauthenticated")
    eve = await hire(ports, site, globex, "Eve", Role.ADMIN)
    assert outcome(await eve.browser("POST", f"{link}/accept", {})) == (403, "forbidden")
    owner = await site.signed_in("owner@globex.example")
    unproven = Site(owner.url, owner.config, cookie=owner.cookie)
    assert outcome(await unproven("POST", f"{link}/accept", {})) == (403, "csrf")
    elsewhere = await owner("POST", f"{link}/accept", {}, {"Origin": "https://evil.example"})
    assert outcome(elsewhere) == (403, "cross_origin")
    assert (await owner("POST", f"{link}/accept", {})).code == 201
    mine = {org["slug"]: org["roles"] for org in read(await owner("GET", "/api/v1/me"))["organizations"]}
    assert mine == {"acme": ["admin"], "globex": ["owner"]}
    taken = await site.with_key(acme.api_key)(
        "POST", INVITATIONS, {"email": "owner@globex.example", "role": "observer"}
    )
    assert read(taken)["errors"][0] == {
        "pointer": "/email", "code": "taken", "detail": "This is a member already.",
    }  # fmt: skip


async def test_inviting_does_not_tell_who_has_an_account(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    told = []
    for email in ("owner@globex.example", "nobody@globex.example"):
        made, link = await invited(key, email)
        shown = read(await stranger(site)("GET", link))
        told.append(({*made}, {*shown}, shown["organization"], shown["role"]))
    assert told[0] == told[1]


async def test_somebody_new_needs_a_name_and_a_password_that_is_hard_to_guess(site: Site, acme: Org) -> None:
    _, link = await invited(site.with_key(acme.api_key))
    bob = stranger(site)
    for body, pointers in (
        ({}, ["/name", "/password"]),
        ({"name": "Bob", "password": "short"}, ["/password"]),
        ({"name": "Bob", "password": "password123"}, ["/password"]),
        ({"name": " ", "password": "x" * 1025, "role": "owner"}, ["/role", "/name", "/password"]),
    ):
        answer = await bob("POST", f"{link}/accept", body)
        assert outcome(answer) == (400, "invalid")
        assert [fault["pointer"] for fault in read(answer)["errors"]] == pointers
    assert (await bob("POST", f"{link}/accept", NEW)).code == 201


async def test_an_invitation_is_listed_without_its_link_and_withdrawn(
    site: Site, acme: Org, globex: Org
) -> None:
    key = site.with_key(acme.api_key)
    made, link = await invited(key)
    shown = await key("GET", f"{INVITATIONS}/{made['id']}")
    assert (read(shown), shown.headers["ETag"]) == (made | {"link": None}, '"1"')
    assert read(await key("GET", INVITATIONS))["data"] == [read(shown)]
    path = f"{INVITATIONS}/{made['id']}"
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    assert outcome(await key("DELETE", path, None, {"If-Match": '"2"'})) == (412, "stale")
    assert (await key("DELETE", path, None, ONE)).code == 204
    assert await kinds(key, 1) == ["invitation.withdrawn"]
    gone = await stranger(site)("GET", link, None, SAME)
    made_up = await stranger(site)("GET", "/api/v1/invitations/x.y.z", None, SAME)
    assert (gone.code, gone.body) == (404, made_up.body)
    assert outcome(await stranger(site)("POST", f"{link}/accept", NEW)) == (404, "not_found")


async def test_a_repeat_invites_once_and_tells_no_link_again(site: Site, acme: Org) -> None:
    key, once = site.with_key(acme.api_key), {"Idempotency-Key": "once"}
    asked = {"email": "bob@acme.example", "role": "observer"}
    first = await key("POST", INVITATIONS, asked, once)
    again = await key("POST", INVITATIONS, asked, once)
    assert (again.code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert read(again) == read(first) | {"link": None}
    other = await key("POST", INVITATIONS, asked | {"role": "admin"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")


async def test_an_invitation_ends_by_itself(site: Site, database: Database, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    made, link = await invited(key)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE credential SET expires_at = now() WHERE kind = 'invitation'")
    assert outcome(await stranger(site)("POST", f"{link}/accept", NEW)) == (404, "not_found")
    assert outcome(await key("GET", f"{INVITATIONS}/{made['id']}")) == (404, "not_found")
    assert read(await key("GET", INVITATIONS))["data"] == []


async def test_nobody_invites_as_what_they_are_not_or_after_they_were_lowered(
    site: Site, ports: Ports, acme: Org
) -> None:
    bob, ann = await hire(ports, site, acme, "Bob", Role.ADMIN), await site.signed_in("owner@acme.example")
    asked = {"email": "eve@acme.example", "role": "owner"}
    assert outcome(await bob.browser("POST", INVITATIONS, asked)) == (403, "forbidden")
    for role in (Role.RESPONDER, Role.OBSERVER):
        low = site.with_key(await key_of(ports, acme, role))
        for method in ("GET", "POST"):
            assert outcome(await low(method, INVITATIONS)) == (403, "forbidden")
    _, link = await invited(bob.browser, "eve@acme.example", "admin")
    assert (await stranger(site)("GET", link)).code == 200
    assert (await ann("DELETE", f"/api/v1/orgs/acme/members/{bob.member}", None, ONE)).code == 204
    assert outcome(await stranger(site)("GET", link)) == (404, "not_found")
    assert outcome(await stranger(site)("POST", f"{link}/accept", NEW)) == (404, "not_found")
    assert (await ann("POST", INVITATIONS, asked)).code == 201


async def test_who_manages_members_no_more_leaves_no_way_in_behind(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    bob, ann = await hire(ports, site, acme, "Bob", Role.ADMIN), await site.signed_in("owner@acme.example")
    key = await ann("POST", "/api/v1/orgs/acme/keys", {"name": "Inviter", "role": "admin"})
    links = [
        (await invited(by, email))[1]
        for by, email in (
            (bob.browser, "eve@acme.example"),
            (site.with_key(read(key)["secret"]), "mal@acme.example"),
        )
    ]
    for link in links:
        assert (await stranger(site)("GET", link)).code == 200
    roles = read(await ann("GET", "/api/v1/orgs/acme/bindings"))["data"]
    [admin] = [each["id"] for each in roles if each["subject"]["id"] == bob.member]
    assert (await ann("DELETE", f"/api/v1/orgs/acme/bindings/{admin}", None, ONE)).code == 204
    lower = {"subject": bob.member, "role": "responder"}  # who may do all that the invited role may
    assert (await ann("POST", "/api/v1/orgs/acme/bindings", lower)).code == 201
    async with connected(database.admin_url) as admin_of_database:
        await admin_of_database.execute(
            "UPDATE credential SET expires_at = now() WHERE about ->> 'name' = 'Inviter'"
        )
    for link in links:
        assert outcome(await stranger(site)("GET", link)) == (404, "not_found")
        assert outcome(await stranger(site)("POST", f"{link}/accept", NEW)) == (404, "not_found")


async def test_a_foreign_invitation_is_answered_like_a_missing_one(
    site: Site, acme: Org, globex: Org
) -> None:
    made, link = await invited(site.with_key(acme.api_key))
    key = site.with_key(globex.api_key)
    for method in ("GET", "DELETE"):
        answers = [
            await key(method, f"/api/v1/orgs/globex/invitations/{id}", None, SAME | ONE)
            for id in (made["id"], text("invitation", new()), "x")
        ]
        assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    assert (await stranger(site)("GET", link)).code == 200


async def test_a_link_of_another_purpose_is_none(site: Site, ports: Ports, acme: Org) -> None:
    await person(ports, "bob@acme.example")
    bob = await site.signed_in("bob@acme.example")
    for link in (bob.cookie, acme.api_key, acme.integration_key, "x" * 2000):
        assert outcome(await stranger(site)("GET", f"/api/v1/invitations/{link}")) == (404, "not_found")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a b@c.example"),
        ("email", "a@c.example\n"),
        ("email", "x" * 320 + "@c.example"),
        ("role", "king"),
        ("expires_in_seconds", 59),
        ("expires_in_seconds", 604_801),
        ("link", "mine"),
    ],
)
async def test_every_bad_field_of_an_invitation_is_named(
    site: Site, acme: Org, field: str, value: object
) -> None:
    asked = {"email": "bob@acme.example", "role": "observer", field: value}
    answer = await site.with_key(acme.api_key)("POST", INVITATIONS, asked)
    assert (outcome(answer), read(answer)["errors"][0]["pointer"]) == ((400, "invalid"), f"/{field}")
