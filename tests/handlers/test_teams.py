"""Teams by REST: made, renamed, and who is in them has their roles."""

from __future__ import annotations

from typing import Any

import pytest
from crew import hire, kinds
from orgs import Org
from roles import key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services import teams
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
TEAMS = "/api/v1/orgs/acme/teams"
ONE = {"If-Match": '"1"'}
SAME = {"X-Request-ID": "the-same"}


async def made(site: Site, name: str = "Payments") -> tuple[dict[str, Any], str]:
    """A new team, and where it is."""
    answer = await site("POST", TEAMS, {"name": name})
    assert answer.code == 201, answer.body
    return read(answer), answer.headers["Location"]


async def test_a_team_is_made_listed_and_renamed(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    team, path = await made(key)
    shown = await key("GET", path)
    assert (read(shown), shown.headers["ETag"], team["members"]) == (team, '"1"', [])
    first = await key("GET", f"{TEAMS}?limit=1")
    assert [each["name"] for each in read(first)["data"]] == ["On call"]
    second = await key("GET", first.headers["Link"].removeprefix("<").partition(">")[0])
    assert read(second)["data"] == [team]
    renamed = await key("PATCH", path, {"name": "Money"}, ONE)
    assert (read(renamed)["name"], renamed.headers["ETag"]) == ("Money", '"2"')
    assert await kinds(key, 2) == ["team.created", "team.renamed"]
    stale = await key("PATCH", path, {"name": "Cash"}, ONE)
    assert (outcome(stale), read(stale)["current"]) == ((412, "stale"), read(renamed))
    assert outcome(await key("PATCH", path, {"name": "Cash"})) == (428, "version_missing")
    same = await key("PATCH", path, {"name": "Money"}, {"If-Match": '"2"'})
    assert read(same) == read(renamed)


async def test_a_name_is_taken_once_in_an_organization(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    _, path = await made(key)
    for answer in (
        await key("POST", TEAMS, {"name": "On call"}),
        await key("PATCH", path, {"name": "On call"}, ONE),
    ):
        assert (outcome(answer), read(answer)["errors"][0]["code"]) == ((400, "invalid"), "taken")
        assert read(answer)["errors"][0]["pointer"] == "/name"
    other = await site.with_key(globex.api_key)("POST", "/api/v1/orgs/globex/teams", {"name": "Payments"})
    assert other.code == 201


async def test_a_repeat_makes_no_second_team(site: Site, acme: Org) -> None:
    key, once = site.with_key(acme.api_key), {"Idempotency-Key": "once"}
    first = await key("POST", TEAMS, {"name": "Payments"}, once)
    again = await key("POST", TEAMS, {"name": "Payments"}, once)
    assert (read(again), again.headers["Idempotent-Replayed"]) == (read(first), "true")
    other = await key("POST", TEAMS, {"name": "Other"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")


async def test_who_is_in_a_team_has_its_roles(site: Site, ports: Ports, acme: Org) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    team, path = await made(key)
    given = await key("POST", "/api/v1/orgs/acme/bindings", {"subject": team["id"], "role": "responder"})
    assert given.code == 201
    place = f"{path}/members/{bob.member}"
    put = await key("PUT", place)
    assert (put.code, read(put)["members"]) == (200, [{"id": bob.member, "name": "Bob"}])
    assert read(await key("PUT", place)) == read(put)
    assert "incident:open" in read(await bob.browser("GET", "/api/v1/orgs/acme"))["actions"]
    shown = read(await key("GET", f"/api/v1/orgs/acme/members/{bob.member}"))
    assert (shown["roles"], [each["name"] for each in shown["teams"]]) == (["observer"], ["Payments"])
    assert outcome(await key("DELETE", place)) == (428, "version_missing")
    assert outcome(await key("DELETE", place, None, ONE)) == (412, "stale")
    left = await key("DELETE", place, None, {"If-Match": '"2"'})
    assert (left.code, read(left)["members"], left.headers["ETag"]) == (200, [], '"3"')
    assert outcome(await key("DELETE", place, None, {"If-Match": '"3"'})) == (404, "not_found")
    assert "incident:open" not in read(await bob.browser("GET", "/api/v1/orgs/acme"))["actions"]
    told = [kind for kind in await kinds(key, 9) if kind.startswith("team.")]
    assert told == ["team.created", "team.member_added", "team.member_removed"]


async def test_a_team_passes_on_no_role_that_one_does_not_hold(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    team, path = await made(key)
    await key("POST", "/api/v1/orgs/acme/bindings", {"subject": team["id"], "role": "admin"})
    narrow = site.with_key(await key_of(ports, acme, Role.ADMIN, ("team:manage",)))
    place = f"{path}/members/{bob.member}"
    assert outcome(await narrow("PUT", place)) == (403, "forbidden")
    assert (await key("PUT", place)).code == 200


async def test_a_deleted_team_takes_its_roles_along_but_no_service(
    site: Site, ports: Ports, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    [old] = read(await key("GET", TEAMS))["data"]
    assert outcome(await key("DELETE", f"{TEAMS}/{old['id']}", None, ONE)) == (409, "not_allowed_now")
    team, path = await made(key)
    await key("POST", "/api/v1/orgs/acme/bindings", {"subject": team["id"], "role": "responder"})
    await key("PUT", f"{path}/members/{bob.member}")
    archived = await key("POST", "/api/v1/orgs/acme/services", {"name": "Old", "team": team["id"]})
    assert outcome(await key("DELETE", path, None, {"If-Match": '"2"'})) == (409, "not_allowed_now")
    assert (await key("POST", f"{archived.headers['Location']}/archive")).code == 200
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    assert outcome(await key("DELETE", path, None, ONE)) == (412, "stale")
    assert "incident:open" in read(await bob.browser("GET", "/api/v1/orgs/acme"))["actions"]
    assert (await key("DELETE", path, None, {"If-Match": '"2"'})).code == 204
    assert await kinds(key, 1) == ["team.deleted"]
    assert outcome(await key("GET", path)) == (404, "not_found")
    assert "incident:open" not in read(await bob.browser("GET", "/api/v1/orgs/acme"))["actions"]
    bound = read(await key("GET", "/api/v1/orgs/acme/bindings"))["data"]
    assert team["id"] not in {each["subject"]["id"] for each in bound}
    assert read(await key("GET", archived.headers["Location"]))["team"] is None


async def test_a_team_has_an_end(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams, "MEMBERS_MAX", 1)
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    full = read(await key("GET", TEAMS))["data"][0]["id"]
    assert outcome(await key("PUT", f"{TEAMS}/{full}/members/{bob.member}")) == (409, "not_allowed_now")


async def test_only_who_manages_teams_changes_them(site: Site, ports: Ports, acme: Org) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.RESPONDER)
    [team] = read(await bob.browser("GET", TEAMS))["data"]
    path = f"{TEAMS}/{team['id']}"
    for role in (Role.RESPONDER, Role.OBSERVER):
        low = site.with_key(await key_of(ports, acme, role))
        for method, where in (
            ("POST", TEAMS), ("PATCH", path), ("DELETE", path), ("PUT", f"{path}/members/{bob.member}"),
            ("DELETE", f"{path}/members/{bob.member}"),
        ):  # fmt: skip
            assert outcome(await low(method, where, None, ONE)) == (403, "forbidden"), (role, method)
        assert (await low("GET", path)).code == 200


async def test_a_foreign_team_or_member_is_answered_like_a_missing_one(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.RESPONDER)
    eve = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    key, other = site.with_key(acme.api_key), site.with_key(globex.api_key)
    [mine] = read(await key("GET", TEAMS))["data"]
    [foreign] = read(await other("GET", "/api/v1/orgs/globex/teams"))["data"]
    nowhere, nobody = text("team", new()), text("member", new())
    for method, there, missing in (
        ("GET", foreign["id"], nowhere),
        ("PATCH", foreign["id"], nowhere),
        ("PUT", f"{foreign['id']}/members/{bob.member}", f"{nowhere}/members/{bob.member}"),
        ("PUT", f"{mine['id']}/members/{eve.member}", f"{mine['id']}/members/{nobody}"),
        ("DELETE", foreign["id"], nowhere),
        ("DELETE", f"{foreign['id']}/members/{bob.member}", f"{nowhere}/members/{bob.member}"),
        ("DELETE", f"{mine['id']}/members/{eve.member}", f"{mine['id']}/members/{nobody}"),
    ):
        body = {"name": "Stolen"} if method == "PATCH" else None
        answers = [await key(method, f"{TEAMS}/{path}", body, SAME | ONE) for path in (there, missing)]
        assert [answer.code for answer in answers] == [404, 404], (method, there)
        assert answers[0].body == answers[1].body
    assert read(await other("GET", "/api/v1/orgs/globex/teams"))["data"] == [foreign]


async def test_every_bad_field_of_a_team_is_named(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("POST", TEAMS, {"name": "x" * 201, "more": 1})
    assert outcome(answer) == (400, "invalid")
    assert [fault["pointer"] for fault in read(answer)["errors"]] == ["/more", "/name"]
