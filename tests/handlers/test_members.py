"""Members by REST: listed, shown, changed, and removed with what they hold."""

from __future__ import annotations

import asyncio

import pytest
from crew import CONTEXT, hire, kinds, version
from line import connected
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.access import system
from hub.services.change import change
from hub.services.joining import join
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
MEMBERS = "/api/v1/orgs/acme/members"
BINDINGS = "/api/v1/orgs/acme/bindings"
SAME = {"X-Request-ID": "the-same"}


async def test_members_are_listed_with_their_roles_and_teams(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.RESPONDER)
    key = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    first = await key("GET", f"{MEMBERS}?limit=1")
    [owner] = read(first)["data"]
    assert (owner["name"], owner["roles"], owner["expires_at"]) == ("Owner", ["owner"], None)
    assert [team["name"] for team in owner["teams"]] == ["On call"]
    second = await key("GET", first.headers["Link"].removeprefix("<").partition(">")[0])
    [shown] = read(second)["data"]
    assert (shown["id"], shown["name"], shown["roles"]) == (bob.member, "Bob", ["responder"])
    assert (shown["teams"], read(second)["next_cursor"]) == ([], None)
    one = await key("GET", f"{MEMBERS}/{bob.member}")
    assert (read(one), one.headers["ETag"]) == (shown, '"1"')


async def test_whoever_asks_again_is_told_of_roles_teams_and_names_that_changed(
    site: Site, ports: Ports, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.RESPONDER), site.with_key(acme.api_key)
    team = read(await key("POST", "/api/v1/orgs/acme/teams", {"name": "Night"}))["id"]
    await key("PUT", f"/api/v1/orgs/acme/teams/{team}/members/{bob.member}")
    given = read(await key("POST", BINDINGS, {"subject": bob.member, "role": "observer"}))["id"]
    paths = [f"{MEMBERS}/{bob.member}", f"/api/v1/orgs/acme/teams/{team}", f"{BINDINGS}/{given}"]
    tags = [(await key("GET", path)).headers["ETag"] for path in paths]
    await key("POST", BINDINGS, {"subject": bob.member, "role": "admin"})
    same = {"If-None-Match": tags[0]}
    assert read(await key("GET", paths[0], None, same))["roles"] == ["admin", "observer", "responder"]
    renamed = {"display_name": "Robert"}
    assert (await key("PATCH", paths[0], renamed, await version(key, paths[0]))).code == 200
    told = [
        await key("GET", path, None, {"If-None-Match": tag}) for path, tag in zip(paths, tags, strict=True)
    ]
    assert [answer.code for answer in told] == [200, 200, 200]
    assert read(told[1])["members"][0]["name"] == read(told[2])["subject"]["name"] == "Robert"


async def test_a_foreign_member_is_answered_like_a_missing_one(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    foreign = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    key = site.with_key(acme.api_key)
    answers = [
        await key("GET", f"{MEMBERS}/{reference}", None, SAME)
        for reference in (foreign.member, text("member", new()), "x")
    ]
    assert [answer.code for answer in answers] == [404] * 3
    assert len({answer.body for answer in answers}) == 1
    assert outcome(await foreign.browser("GET", MEMBERS)) == (404, "not_found")


async def test_a_member_is_changed_by_version(site: Site, ports: Ports, acme: Org) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.RESPONDER), site.with_key(acme.api_key)
    path = f"{MEMBERS}/{bob.member}"
    asked = {"display_name": "Robert", "time_zone": "Europe/Vienna", "expires_at": "2099-01-01T00:00:00Z"}
    changed = await key("PATCH", path, asked, await version(key, path))
    assert (changed.code, changed.headers["ETag"]) == (200, '"2"')
    shown = read(changed)
    assert (shown["name"], shown["time_zone"]) == ("Robert", "Europe/Vienna")
    assert shown["expires_at"] == "2099-01-01T00:00:00Z"
    assert await kinds(key, 1) == ["member.changed"]
    stale = await key("PATCH", path, {"display_name": "Bobby"}, {"If-Match": '"1"'})
    assert (outcome(stale), read(stale)["current"]) == ((412, "stale"), shown)
    for_ever = await key("PATCH", path, {"expires_at": None}, {"If-Match": '"2"'})
    assert (read(for_ever)["expires_at"], read(for_ever)["name"]) == (None, "Robert")
    same = await key("PATCH", path, {"display_name": "Robert"}, {"If-Match": '"3"'})
    assert (same.code, read(same)["version"]) == (200, 3)
    assert outcome(await key("PATCH", path, {})) == (428, "version_missing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("display_name", " "),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "9999-12-31T23:59:59Z"),
        ("expires_at", "0001-01-01T00:00:00+14:00"),
        ("expires_at", "2099-01-01T00:00:00"),
        ("roles", ["owner"]),
    ],
)
async def test_what_a_member_cannot_be_is_named(
    site: Site, ports: Ports, acme: Org, field: str, value: object
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.RESPONDER), site.with_key(acme.api_key)
    answer = await key("PATCH", f"{MEMBERS}/{bob.member}", {field: value}, {"If-Match": '"1"'})
    assert outcome(answer) == (400, "invalid")
    assert [fault["pointer"] for fault in read(answer)["errors"]] == [f"/{field}"]


async def test_who_is_removed_holds_nothing_and_comes_back_as_nobody(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    path = f"{MEMBERS}/{bob.member}"
    [service] = read(await key("GET", "/api/v1/orgs/acme/services"))["data"]
    opened = await bob.browser(
        "POST", "/api/v1/orgs/acme/incidents", {"title": "Smoke", "service": service["id"]}
    )
    incident = read(opened)
    await bob.browser("POST", f"/api/v1/orgs/acme/incidents/{incident['id']}/acknowledge", {})
    held = read(await key("GET", f"{path}/holds"))
    assert (held["roles"], held["teams"]) == (["admin"], [])
    assert held["acknowledged"] == [{"id": incident["id"], "number": 1, "title": "Smoke"}]
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    assert outcome(await key("DELETE", path, None, {"If-Match": '"7"'})) == (412, "stale")
    assert (await key("DELETE", path, None, {"If-Match": '"1"'})).code == 204
    assert await kinds(key, 1) == ["member.removed"]
    assert outcome(await bob.browser("GET", MEMBERS)) == (404, "not_found")
    me = read(await bob.browser("GET", "/api/v1/me"))
    assert (me["person"]["email"], me["organizations"]) == ("bob@acme.example", [])
    assert outcome(await key("GET", path)) == (404, "not_found")
    assert outcome(await key("DELETE", path, None, {"If-Match": '"2"'})) == (404, "not_found")
    assert [role["role"] for role in read(await key("GET", BINDINGS))["data"]] == ["owner", "admin"]
    async with change(ports, system("founder", acme.tenant, "acme"), CONTEXT) as changed:
        assert text("member", await join(changed, bob.tenant, "Bob", Role.OBSERVER)) == bob.member
    again = read(await key("GET", path))
    assert (again["roles"], again["version"]) == (["observer"], 3)


async def test_a_membership_ends_by_itself(site: Site, ports: Ports, database: Database, acme: Org) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE membership SET expires_at = now() WHERE display_name = 'Bob'")
    assert outcome(await bob.browser("GET", MEMBERS)) == (404, "not_found")
    assert [member["name"] for member in read(await key("GET", MEMBERS))["data"]] == ["Owner"]
    async with change(ports, system("founder", acme.tenant, "acme"), CONTEXT) as changed:
        await join(changed, bob.tenant, "Bob", Role.OBSERVER)
    assert read(await key("GET", f"{MEMBERS}/{bob.member}"))["roles"] == ["observer"]


async def test_only_owners_touch_owners_and_the_last_one_stays(site: Site, ports: Ports, acme: Org) -> None:
    ann, bob = await site.signed_in("owner@acme.example"), await hire(ports, site, acme, "Bob", Role.ADMIN)
    [owner] = [m for m in read(await ann("GET", MEMBERS))["data"] if m["roles"] == ["owner"]]
    path, one = f"{MEMBERS}/{owner['id']}", {"If-Match": '"1"'}
    soon = {"expires_at": "2099-01-01T00:00:00Z"}
    assert outcome(await bob.browser("PATCH", path, {"display_name": "X"}, one)) == (403, "forbidden")
    assert outcome(await bob.browser("DELETE", path, None, one)) == (403, "forbidden")
    assert outcome(await ann("DELETE", path, None, one)) == (409, "not_allowed_now")
    assert outcome(await ann("PATCH", path, soon, one)) == (409, "not_allowed_now")
    assert read(await ann("GET", path)) == owner
    made = await ann("POST", BINDINGS, {"subject": bob.member, "role": "owner"})
    assert made.code == 201
    assert (await ann("PATCH", path, soon, one)).code == 200
    assert (await ann("DELETE", path, None, {"If-Match": '"2"'})).code == 204
    assert outcome(await ann("GET", MEMBERS)) == (404, "not_found")


async def test_two_owners_who_remove_each_other_leave_one(site: Site, ports: Ports, acme: Org) -> None:
    ann, bob = await site.signed_in("owner@acme.example"), await hire(ports, site, acme, "Bob", Role.OWNER)
    [other] = [m["id"] for m in read(await ann("GET", MEMBERS))["data"] if m["id"] != bob.member]
    one = {"If-Match": '"1"'}
    answers = await asyncio.gather(
        ann("DELETE", f"{MEMBERS}/{bob.member}", None, one),
        bob.browser("DELETE", f"{MEMBERS}/{other}", None, one),
    )
    assert sorted(answer.code for answer in answers)[0] == 204
    key = site.with_key(acme.api_key)
    owners = [m for m in read(await key("GET", MEMBERS))["data"] if m["roles"] == ["owner"]]
    assert len(owners) == 1


async def test_only_who_manages_members_changes_them(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.RESPONDER)
    eve = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    for method, suffix in (("PATCH", ""), ("DELETE", ""), ("GET", "/holds")):
        for role in (Role.RESPONDER, Role.OBSERVER):
            low = site.with_key(await key_of(ports, acme, role))
            refused = await low(method, f"{MEMBERS}/{bob.member}{suffix}", None, {"If-Match": '"1"'})
            assert outcome(refused) == (403, "forbidden"), (method, role)
        key = site.with_key(acme.api_key)
        answers = [
            await key(method, f"{MEMBERS}/{id}{suffix}", None, SAME | {"If-Match": '"1"'})
            for id in (eve.member, text("member", new()))
        ]
        assert [answer.code for answer in answers] == [404, 404], method
        assert answers[0].body == answers[1].body
    assert (await eve.browser("GET", "/api/v1/orgs/globex/members")).code == 200
