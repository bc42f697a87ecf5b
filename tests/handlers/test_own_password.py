"""Changing one's password: who may, what is refused, and which sessions are left."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from orgs import Org
from tornado.httpclient import HTTPResponse
from web import PASSWORD, Site, outcome, read

pytestmark = pytest.mark.gen_test(timeout=30)
OWNER, FOREIGNER = "owner@acme.example", "owner@globex.example"
PATH = "/api/v1/me/password"
BOARD = "/api/v1/orgs/acme/incidents"
NEW = "a staple for every battery"


def faults(answer: HTTPResponse) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in read(answer)["errors"]]


async def sign_in(site: Site, email: str, password: str) -> int:
    said = {"email": email, "password": password}
    return (await site("POST", "/api/v1/session", said, {"Origin": site.url})).code


async def actions(browser: Site) -> list[str]:
    return [entry["action"] for entry in read(await browser("GET", "/api/v1/me/audit"))["data"]]


async def test_a_change_ends_every_session_and_gives_this_browser_a_new_one(
    site: Site, acme: Org, globex: Org
) -> None:
    here, there = await site.signed_in(OWNER), await site.signed_in(OWNER)
    foreigner = await site.signed_in(FOREIGNER)
    answer = await here("PUT", PATH, {"current": PASSWORD, "new": NEW})
    assert answer.code == 200, answer.body
    assert [(await old("GET", BOARD)).code for old in (here, there)] == [401, 401]
    morsel = SimpleCookie(answer.headers["Set-Cookie"])["__Host-hub_test"]
    assert (morsel["path"], morsel["secure"], morsel["httponly"], morsel["samesite"]) == (
        "/",
        True,
        True,
        "Lax",
    )
    now = Site(site.url, site.config, cookie=morsel.value, csrf=read(answer)["csrf"])
    assert (now.cookie != here.cookie, now.csrf != here.csrf) == (True, True)
    assert read(answer)["person"] == read(await now("GET", "/api/v1/me"))["person"]
    assert read(await now("GET", "/api/v1/me"))["csrf"] == now.csrf
    assert (await actions(now))[:4] == [
        "session.started", "session.ended", "session.ended", "password.changed"
    ]  # fmt: skip
    assert await sign_in(site, OWNER, PASSWORD) == 401
    assert await sign_in(site, OWNER, NEW) == 201
    assert (await foreigner("GET", "/api/v1/me/sessions")).code == 200
    assert await sign_in(site, FOREIGNER, PASSWORD) == 201


async def test_a_wrong_current_password_changes_nothing_and_is_on_record(site: Site, acme: Org) -> None:
    here = await site.signed_in(OWNER)
    answer = await here("PUT", PATH, {"current": PASSWORD + " ", "new": NEW})
    assert outcome(answer) == (400, "invalid")
    assert faults(answer) == [("/current", "wrong")]
    assert (await actions(here))[0] == "sign_in.failed"
    assert await sign_in(site, OWNER, PASSWORD) == 201
    assert (await here("GET", BOARD)).code == 200


async def test_a_stolen_session_cannot_guess_for_long(site: Site, acme: Org, globex: Org) -> None:
    here, foreigner = await site.signed_in(OWNER), await site.signed_in(FOREIGNER)
    tries = [(await here("PUT", PATH, {"current": f"guess {n}", "new": NEW})).code for n in range(12)]
    assert tries == [400] * 10 + [429] * 2
    assert outcome(await here("PUT", PATH, {"current": PASSWORD, "new": NEW})) == (429, "rate_limited")
    assert (await foreigner("PUT", PATH, {"current": PASSWORD, "new": NEW})).code == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/current", "required"), ("/new", "required")]),
        ({"current": "", "new": "short", "old": "x"},
         [("/old", "unknown"), ("/current", "invalid"), ("/new", "invalid")]),
        ({"current": PASSWORD, "new": "x" * 1025}, [("/new", "invalid")]),
        ({"current": PASSWORD, "new": "Password2024!"}, [("/new", "too_common")]),
        ({"current": PASSWORD, "new": OWNER}, [("/new", "too_common")]),
    ],
)  # fmt: skip
async def test_every_bad_field_is_named(
    site: Site, acme: Org, body: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    here = await site.signed_in(OWNER)
    answer = await here("PUT", PATH, body)
    assert outcome(answer) == (400, "invalid")
    assert faults(answer) == expected
    assert (await here("GET", BOARD)).code == 200


async def test_a_long_password_is_taken_whole(site: Site, acme: Org) -> None:
    here = await site.signed_in(OWNER)
    long = "ein sehr langes Wort, ✓ " * 40
    assert (await here("PUT", PATH, {"current": PASSWORD, "new": long})).code == 200
    assert await sign_in(site, OWNER, long[:-1]) == 401
    assert await sign_in(site, OWNER, long) == 201


async def test_keys_and_pages_of_others_change_no_password(site: Site, acme: Org) -> None:
    here, body = await site.signed_in(OWNER), {"current": PASSWORD, "new": NEW}
    assert outcome(await site.with_key(acme.api_key)("PUT", PATH, body)) == (403, "forbidden")
    assert outcome(await site("PUT", PATH, body)) == (401, "unauthenticated")
    for said, code in (({"Origin": "null"}, "cross_origin"), ({"X-CSRF-Token": here.csrf[:-1]}, "csrf")):
        assert outcome(await here("PUT", PATH, body, said)) == (403, code)
    assert await sign_in(site, OWNER, PASSWORD) == 201
