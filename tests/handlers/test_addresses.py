"""The limit of an address: who has not said who they are is counted by where they come from."""

from __future__ import annotations

import pytest
from orgs import Org
from web import Site, outcome

from hub.door.application import House
from hub.door.limits import Quotas
from hub.door.origins import networks
from hub.door.route import Public
from hub.routes import ROUTES

pytestmark = pytest.mark.gen_test(timeout=30)
ME, BOARD, OFFER = "/api/v1/me", "/api/v1/orgs/acme/incidents", "/api/v1/invitations/none"
OWNER = "owner@acme.example"


@pytest.fixture
def house(house: House) -> House:
    """An application that gives an address four requests a minute, and believes a proxy on this machine."""
    object.__setattr__(house.desk, "quotas", Quotas(1000, 1000, 4, 1))
    object.__setattr__(house.desk, "proxies", networks(["127.0.0.1"]))
    return house


async def spend(site: Site, address: str = "") -> None:
    """Use up what an address has."""
    for _ in range(4):
        assert (await site("GET", ME, headers={"X-Forwarded-For": address})).code == 401


async def test_every_public_answer_says_what_its_address_has_left(site: Site, acme: Org) -> None:
    body = {"email": OWNER, "password": "wrong"}
    for left, (method, path, said) in enumerate([
        ("POST", "/api/v1/session", body), ("POST", "/api/v1/password-resets/none", {}),
        ("GET", OFFER, None), ("GET", "/api/v1/openapi.json", None),
    ]):  # fmt: skip
        answer = await site(method, path, said, {"Origin": site.url})
        assert answer.code != 429
        assert answer.headers["RateLimit-Policy"] == '"address";q=4;w=60'
        assert answer.headers["RateLimit"] == f'"address";r={3 - left};t={15 * (left + 1)}'
    for method, path in (("GET", OFFER), ("POST", OFFER + "/accept"), ("POST", "/api/v1/session")):
        refused = await site(method, path, {} if method == "POST" else None, {"Origin": site.url})
        assert outcome(refused) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 15
        assert refused.headers["RateLimit"].startswith('"address";r=0;')


async def test_whoever_turns_out_to_be_nobody_is_counted(site: Site, acme: Org, globex: Org) -> None:
    strangers = [
        {"Authorization": "Bearer " + acme.api_key[::-1]},
        {"X-Api-Key": acme.integration_key},
        {"Cookie": "__Host-hub_test=made.up"},
        {},
    ]
    for left, headers in enumerate(strangers):
        answer = await site("GET", BOARD, headers=headers)
        assert answer.code == 401
        assert answer.headers["RateLimit"].startswith(f'"address";r={3 - left};')
    for path in (BOARD, ME, BOARD.replace("incidents", "events?ticket=none"), "/"):
        assert outcome(await site("GET", path)) == (429, "rate_limited")


async def test_no_key_is_looked_up_for_an_address_that_tried_too_many(site: Site, acme: Org) -> None:
    browser, key = await site.signed_in(OWNER), site.with_key(acme.api_key)
    assert (await key("GET", BOARD)).code == 200
    await spend(site, "203.0.113.7")
    there = {"X-Forwarded-For": "203.0.113.7"}
    assert (await key("GET", BOARD, headers=there)).code == 429  # a right key, which was not read
    colleague = await browser("GET", BOARD, headers=there)
    assert colleague.code == 200
    assert "address" not in colleague.headers["RateLimit"]


async def test_who_is_known_is_never_counted_for_the_address(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    assert {(await key("GET", path)).code for path in (ME, BOARD) for _ in range(4)} == {200}
    assert (await site("GET", OFFER)).headers["RateLimit"].startswith('"address";r=3;')


async def test_an_address_is_the_believed_one_and_a_64_of_ipv6(site: Site) -> None:
    await spend(site, "2001:db8:0:1::7")
    for address, code in (
        ("2001:db8:0:1:ffff::9", 429), ("2001:db8:0:2::7", 401), ("203.0.113.7", 401), ("", 401),
        ("2001:db8:0:2::7, 2001:db8:0:1::8", 429),  # what our proxy wrote is the last one
    ):  # fmt: skip
        assert (await site("GET", ME, headers={"X-Forwarded-For": address})).code == code, address


async def test_pages_health_and_senders_go_on(site: Site, acme: Org) -> None:
    await spend(site)
    event, wrong = {"title": "Down"}, site.with_key(acme.api_key)
    answers = [
        (await site.with_key(acme.integration_key)("POST", "/api/v1/ingest/events", event), 202),
        (await wrong("POST", "/api/v1/ingest/events", event), 401),
        (await wrong("GET", "/api/v1/ingest/receipts/none"), 401),
        (await site("GET", "/sign-in"), 200),
        (await site("GET", "/readyz"), 200),
        (await site("GET", "/nothing"), 404),
    ]
    assert [answer.code for answer, _ in answers] == [code for _, code in answers]
    assert not any("RateLimit" in answer.headers for answer, _ in answers)


async def test_a_page_of_another_origin_uses_up_nothing_of_its_visitors(site: Site) -> None:
    for _ in range(6):
        assert (await site("POST", "/api/v1/session", {}, {"Origin": "http://evil.example"})).code == 403
    assert (await site("GET", OFFER)).headers["RateLimit"].startswith('"address";r=3;')


async def test_a_sign_in_that_is_one_too_many_says_so_in_headers(site: Site, house: House) -> None:
    object.__setattr__(house.desk, "quotas", Quotas(1000, 1000, 1000, 1))
    body = {"email": OWNER, "password": "wrong"}
    answers = [await site("POST", "/api/v1/session", body, {"Origin": site.url}) for _ in range(11)]
    assert [answer.code for answer in answers] == [401] * 10 + [429]
    assert answers[-1].headers["RateLimit-Policy"] == '"address";q=1000;w=60'
    assert answers[-1].headers["RateLimit"].startswith('"address";r=9')
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_what_is_public_and_not_counted_is_this() -> None:
    free = {
        route.path
        for route in ROUTES
        for guard in route.guards.values()
        if isinstance(guard, Public) and not (guard.is_counted or route.machine)
    }
    assert {path for path in free if path.startswith("/api/")} == {ME}
    vendors = ("/api/v1/ingest/", "/v2/", "/generic/", "/integrations/", "/jsm/")
    others = {route.path for route in ROUTES if route.machine and not f"{route.path}/".startswith(vendors)}
    assert others == {"/livez", "/readyz"}
