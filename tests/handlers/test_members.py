"""Members by REST: listed, shown, changed, and removed with what they hold."""

from __future__ import annotations

import pytest
from crew import hire
from orgs import Org
from roles import key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
MEMBERS = "/api/v1/orgs/acme/members"
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
