"""A reset link that an owner makes, for a member who is in no other organization; nobody else makes one."""

from __future__ import annotations

import pytest
from crew import CONTEXT, Person, hire, kinds, version
from orgs import Org
from roles import key_of
from tornado.httpclient import HTTPResponse
from web import PASSWORD, Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.access import system
from hub.services.change import change
from hub.services.joining import join
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
MEMBERS = "/api/v1/orgs/acme/members"
OWNER, NEW = "owner@acme.example", "a staple for every battery"


async def ask(asker: Site, member: str, **headers: str) -> HTTPResponse:
    return await asker("POST", f"{MEMBERS}/{member}/password-reset", {}, headers)


async def use(site: Site, link: str, password: str = NEW) -> HTTPResponse:
    path = f"/api/v1/password-resets/{link.partition('#')[2]}"
    return await site("POST", path, {"password": password}, {"Origin": site.url})


async def sign_in(site: Site, email: str, password: str) -> int:
    said = {"email": email, "password": password}
    return (await site("POST", "/api/v1/session", said, {"Origin": site.url})).code


async def also_in(ports: Ports, org: Org, person: Person, role: Role = Role.OBSERVER) -> None:
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        await join(changed, person.tenant, "Guest", role)


async def test_an_owner_makes_a_link_and_the_member_sets_a_password_with_it_once(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner, bob = await site.signed_in(OWNER), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    eve = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    answer = await ask(owner, bob.member)
    made = read(answer)
    assert (answer.code, made["member"], made["lasts_seconds"]) == (201, bob.member, 3600)
    assert made["link"].startswith(f"{site.url}/reset-password#")
    assert (await bob.browser("GET", "/api/v1/me")).code == 200, "a link that nobody uses does nothing"
    assert (await use(site, made["link"])).code == 204
    assert (await bob.browser("GET", "/api/v1/me")).code == 401
    assert [await sign_in(site, "bob@acme.example", word) for word in (PASSWORD, NEW)] == [401, 201]
    assert outcome(await use(site, made["link"], "yet another long one")) == (404, "not_found")
    assert (await eve.browser("GET", "/api/v1/me")).code == 200
    assert (await owner("GET", "/api/v1/me")).code == 200


async def test_both_logs_tell_who_made_it(site: Site, ports: Ports, acme: Org) -> None:
    owner, bob = await site.signed_in(OWNER), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    assert (await ask(owner, bob.member)).code == 201
    assert await kinds(owner, 1) == ["member.password_reset_offered"]
    [told, *_] = read(await bob.browser("GET", "/api/v1/me/audit"))["data"]
    assert (told["action"], told["data"]["organization"]) == ("password.reset_offered", "acme")
    [entry] = read(await owner("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    assert (told["actor"]["id"], entry["target"]) == (entry["actor"]["id"], bob.member)


async def test_whoever_belongs_elsewhere_is_left_to_the_operator(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner, bob = await site.signed_in(OWNER), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    await also_in(ports, globex, bob)
    answer = await ask(owner, bob.member)
    assert outcome(answer) == (409, "not_allowed_now")
    assert "incidenthub person reset" in read(answer)["detail"]
    assert await sign_in(site, "bob@acme.example", PASSWORD) == 201


async def test_a_link_is_over_when_the_member_joins_another_organization(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner, bob = await site.signed_in(OWNER), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    link = read(await ask(owner, bob.member))["link"]
    await also_in(ports, globex, bob)
    assert outcome(await use(site, link)) == (404, "not_found")
    assert await sign_in(site, "bob@acme.example", PASSWORD) == 201


async def test_a_link_is_over_with_its_makers_ownership_and_with_the_membership(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner = await site.signed_in(OWNER)
    second = await hire(ports, site, acme, "Second", Role.OWNER)
    bob, cid = [await hire(ports, site, acme, name, Role.RESPONDER) for name in ("Bob", "Cid")]
    links = [read(await ask(second.browser, each.member))["link"] for each in (bob, cid)]
    for gone in (cid, second):
        path = f"{MEMBERS}/{gone.member}"
        assert (await owner("DELETE", path, headers=await version(owner, path))).code == 204
    assert [outcome(await use(site, link)) for link in links] == [(404, "not_found")] * 2
    assert await sign_in(site, "bob@acme.example", PASSWORD) == 201


@pytest.mark.parametrize("role", [Role.ADMIN, Role.RESPONDER, Role.OBSERVER])
async def test_nobody_below_an_owner_makes_one(
    site: Site, ports: Ports, acme: Org, globex: Org, role: Role
) -> None:
    low = await hire(ports, site, acme, "Low", role)
    bob = await hire(ports, site, acme, "Bob", Role.OBSERVER)
    key = Site(site.url, site.config, key=await key_of(ports, acme, role))
    for asker in (low.browser, key):
        assert outcome(await ask(asker, bob.member)) == (403, "forbidden")


async def test_an_owner_makes_none_for_oneself_and_none_for_strangers(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner = await site.signed_in(OWNER)
    [me] = [each for each in read(await owner("GET", MEMBERS))["data"] if "owner" in each["roles"]]
    answer = await ask(owner, me["id"])
    assert outcome(answer) == (409, "not_allowed_now")
    assert "your account" in read(answer)["detail"]
    eve = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    same = {"X-Request-ID": "the-same"}
    answers = [await ask(owner, each, **same) for each in (eve.member, text("member", new()), "x")]
    assert {outcome(each) for each in answers} == {(404, "not_found")}
    assert len({each.body for each in answers}) == 1


async def test_a_repeat_shows_no_link_and_a_new_one_ends_the_one_before(
    site: Site, ports: Ports, acme: Org
) -> None:
    owner, bob = await site.signed_in(OWNER), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    once = {"Idempotency-Key": "a reset"}
    first, again = [await ask(owner, bob.member, **once) for _ in range(2)]
    assert (read(again)["link"], again.headers["Idempotent-Replayed"]) == (None, "true")
    second = read(await ask(owner, bob.member))["link"]
    assert outcome(await use(site, read(first)["link"])) == (404, "not_found")
    assert (await use(site, second)).code == 204
