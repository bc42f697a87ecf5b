"""Signing in and out: the cookie, who learns what, and what ends when."""

from __future__ import annotations

from http.cookies import SimpleCookie

import msgspec
import pytest
from orgs import Org
from web import PASSWORD, Site, outcome, read

from hub.services import sessions

pytestmark = pytest.mark.gen_test(timeout=30)
OWNER = "owner@acme.example"
BOARD = "/api/v1/orgs/acme/incidents"
NAME = "__Host-hub_test"


async def sign_in(site: Site, email: str, password: str, **headers: str) -> tuple[int, bytes]:
    """One try, from our own page."""
    said = {"Origin": site.url, "X-Request-ID": "the-same", **headers}
    answer = await site("POST", "/api/v1/session", {"email": email, "password": password}, said)
    return answer.code, answer.body


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts(site: Site, acme: Org) -> None:
    said = {"email": OWNER, "password": PASSWORD}
    answer = await site("POST", "/api/v1/session", said, {"Origin": site.url})
    assert answer.code == 201
    assert read(answer)["person"]["email"] == OWNER
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[NAME]
    assert (morsel["path"], morsel["domain"], morsel["samesite"]) == ("/", "", "Lax")
    assert morsel["secure"]
    assert morsel["httponly"]
    assert morsel["expires"]


async def test_who_is_signed_in_may_read_and_knows_who_he_is(site: Site, acme: Org, globex: Org) -> None:
    ann = await site.signed_in(OWNER)
    assert (await ann("GET", BOARD)).code == 200
    me = read(await ann("GET", "/api/v1/me"))
    assert (me["person"]["email"], me["csrf"], me["key"]) == (OWNER, ann.csrf, None)
    assert [(each["slug"], each["roles"]) for each in me["organizations"]] == [("acme", ["owner"])]


async def test_a_key_knows_whose_it_is(site: Site, acme: Org) -> None:
    me = read(await site.with_key(acme.api_key)("GET", "/api/v1/me"))
    assert me["key"].startswith("key_")
    assert me["person"] is None
    assert outcome(await site("GET", "/api/v1/me")) == (401, "unauthenticated")


async def test_a_wrong_password_and_an_unknown_name_look_the_same(site: Site, acme: Org) -> None:
    wrong = await sign_in(site, OWNER, "wrong")
    unknown = await sign_in(site, "nobody@acme.example", "wrong")
    assert wrong == unknown
    assert (wrong[0], msgspec.json.decode(wrong[1])["code"]) == (401, "sign_in_failed")


async def test_signing_in_needs_our_own_page(site: Site, acme: Org) -> None:
    for origin in ("", "null", "http://evil.example"):
        status, body = await sign_in(site, OWNER, PASSWORD, Origin=origin)
        assert (status, msgspec.json.decode(body)["code"]) == (403, "cross_origin")
    assert (await sign_in(site, OWNER, PASSWORD, Origin="", **{"Sec-Fetch-Site": "same-origin"}))[0] == 201


async def test_many_wrong_passwords_are_told_to_wait(site: Site, acme: Org, globex: Org) -> None:
    tries = [(await sign_in(site, OWNER, "wrong"))[0] for _ in range(12)]
    assert tries == [401] * 10 + [429] * 2
    assert (await sign_in(site, OWNER, PASSWORD))[0] == 429
    assert (await sign_in(site, "owner@globex.example", PASSWORD))[0] == 201


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(site: Site, acme: Org) -> None:
    ann, elsewhere = await site.signed_in(OWNER), await site.signed_in(OWNER)
    answer = await ann("DELETE", "/api/v1/session")
    assert (answer.code, answer.body) == (204, b"")
    morsel = SimpleCookie(answer.headers["Set-Cookie"])[NAME]
    assert (morsel.value, morsel["path"], morsel["secure"]) == ("", "/", True)
    gone = await ann("GET", BOARD)
    assert outcome(gone) == (401, "unauthenticated")
    assert SimpleCookie(gone.headers["Set-Cookie"])[NAME].value == ""
    assert (await elsewhere("GET", BOARD)).code == 200


async def test_signing_out_needs_the_token(site: Site, acme: Org) -> None:
    ann = await site.signed_in(OWNER)
    assert outcome(await ann("DELETE", "/api/v1/session", headers={"X-CSRF-Token": ""})) == (403, "csrf")
    assert (await ann("GET", BOARD)).code == 200


async def test_signing_in_again_ends_the_session_that_the_browser_came_with(site: Site, acme: Org) -> None:
    before = await site.signed_in(OWNER)
    said = {"email": OWNER, "password": PASSWORD}
    answer = await before("POST", "/api/v1/session", said)
    value = SimpleCookie(answer.headers["Set-Cookie"])[NAME].value
    assert answer.code == 201
    assert value != before.cookie
    assert (await before("GET", BOARD)).code == 401


async def test_a_cookie_that_we_did_not_sign_is_no_session(site: Site, acme: Org) -> None:
    ann = await site.signed_in(OWNER)
    token = sessions.open_cookie(site.config, ann.cookie)
    assert token
    other = msgspec.structs.replace(site.config, secret_keys=("a key that nobody has, 32 letters",))
    for value in (token, ann.cookie[:-1], "x" + ann.cookie, sessions.seal_cookie(other, token)):
        assert (await Site(site.url, site.config, cookie=value)("GET", BOARD)).code == 401
    older = msgspec.structs.replace(site.config, secret_keys=(site.config.secret_keys[1],))
    rotated = Site(site.url, site.config, cookie=sessions.seal_cookie(older, token))
    assert (await rotated("GET", BOARD)).code == 200


async def test_the_token_in_the_cookie_is_no_api_key(site: Site, acme: Org) -> None:
    token = sessions.open_cookie(site.config, (await site.signed_in(OWNER)).cookie)
    assert token
    assert outcome(await site.with_key(token)("GET", BOARD)) == (401, "unauthenticated")


async def test_the_own_log_tells_of_signing_in_and_failing(site: Site, acme: Org) -> None:
    await sign_in(site, OWNER, "wrong")
    ann = await site.signed_in(OWNER)
    entries = read(await ann("GET", "/api/v1/me/audit"))["data"]
    assert [entry["action"] for entry in entries][:2] == ["session.started", "sign_in.failed"]
    refused = await site.with_key(acme.api_key)("GET", "/api/v1/me/audit")
    assert outcome(refused) == (403, "forbidden")
