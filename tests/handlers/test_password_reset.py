"""A link that resets a password: once, in time, for one person, and from our own page."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from line import connected
from orgs import Org
from servers import Database
from tornado.httpclient import HTTPResponse
from web import PASSWORD, Site, outcome, read

from hub.domain.errors import NotFound, SignInFailed
from hub.services import password_resets, sessions
from hub.services.links import open_link, seal_link
from hub.services.password_resets import KIND, LASTS
from hub.services.ports import Ports, RequestContext

pytestmark = pytest.mark.gen_test(timeout=30)
OWNER, FOREIGNER = "owner@acme.example", "owner@globex.example"
NEW = "a staple for every battery"


async def use(site: Site, link: str, password: str = NEW, **headers: str) -> HTTPResponse:
    said = {"Origin": site.url, "X-Request-ID": "the-same", **headers}
    return await site("POST", f"/api/v1/password-resets/{link}", {"password": password}, said)


async def sign_in(site: Site, email: str, password: str) -> int:
    said = {"email": email, "password": password}
    return (await site("POST", "/api/v1/session", said, {"Origin": site.url})).code


async def test_a_link_sets_a_password_once_and_ends_every_session(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    browsers = [await site.signed_in(OWNER) for _ in range(2)]
    foreigner = await site.signed_in(FOREIGNER)
    link = await password_resets.offer(ports, "  Owner@ACME.example ")
    assert (await browsers[0]("GET", "/api/v1/me/sessions")).code == 200, (
        "a link that is not used does nothing"
    )
    answer = await use(site, link)
    assert (answer.code, answer.body) == (204, b"")
    assert "Set-Cookie" not in answer.headers
    assert [(await old("GET", "/api/v1/me")).code for old in browsers] == [401, 401]
    assert (await sign_in(site, OWNER, PASSWORD), await sign_in(site, OWNER, NEW)) == (401, 201)
    assert outcome(await use(site, link, "yet another long one")) == (404, "not_found")
    assert (await foreigner("GET", "/api/v1/me")).code == 200
    assert await sign_in(site, FOREIGNER, PASSWORD) == 201


async def test_both_are_on_the_persons_log(site: Site, ports: Ports, acme: Org) -> None:
    await site.signed_in(OWNER)
    assert (await use(site, await password_resets.offer(ports, OWNER))).code == 204
    said = {"email": OWNER, "password": NEW}
    answer = await site("POST", "/api/v1/session", said, {"Origin": site.url})
    cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    log = read(await Site(site.url, site.config, cookie=cookie)("GET", "/api/v1/me/audit"))["data"]
    assert [(entry["action"], entry["actor"]["id"][:4]) for entry in log][1:4] == [
        ("session.ended", "usr_"),
        ("password.reset", "usr_"),
        ("password.reset_offered", "syst"),
    ]


async def test_what_is_no_link_of_ours_is_refused_in_the_same_words(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    used = await password_resets.offer(ports, OWNER)
    assert (await use(site, used)).code == 204
    earlier = await password_resets.offer(ports, OWNER)
    await password_resets.offer(ports, OWNER)
    browser = await site.signed_in(FOREIGNER)
    session = sessions.open_cookie(site.config, browser.cookie)
    assert session
    dead = [
        used, earlier, used[:-1], "x", "A" * 5000,
        seal_link(ports.config, "invitation", "a token"), seal_link(ports.config, KIND, "a token"),
        seal_link(ports.config, KIND, session), seal_link(ports.config, KIND, acme.api_key), browser.cookie,
    ]  # fmt: skip
    answers = [await use(site, link) for link in dead]
    assert {outcome(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.body for answer in answers}) == 1
    assert (await browser("GET", "/api/v1/me")).code == 200


async def test_a_link_is_over_after_an_hour(ports: Ports, site: Site, acme: Org, globex: Org) -> None:
    for age, expected in ((LASTS - timedelta(minutes=1), 204), (LASTS + timedelta(minutes=1), 404)):
        then = replace(ports, clock=lambda age=age: ports.clock() - age)
        assert (await use(site, await password_resets.offer(then, OWNER))).code == expected
    assert open_link(ports.config, KIND, seal_link(ports.config, KIND, "t"), timedelta(0)) == "t"
    assert open_link(ports.config, KIND, seal_link(ports.config, KIND, "t"), timedelta(seconds=-1)) is None


async def test_of_several_at_once_one_wins(site: Site, ports: Ports, acme: Org) -> None:
    link = await password_resets.offer(ports, OWNER)
    words = [f"the long word of number {n}" for n in range(4)]
    codes = [answer.code for answer in await asyncio.gather(*(use(site, link, word) for word in words))]
    assert sorted(codes) == [204, 404, 404, 404]
    assert await sign_in(site, OWNER, words[codes.index(204)]) == 201


@pytest.mark.parametrize(
    ("password", "code"), [("short", "invalid"), ("x" * 1025, "invalid"), ("Password2024!", "too_common"),
                           (OWNER, "too_common")],
)  # fmt: skip
async def test_a_password_that_is_refused_leaves_the_link_as_it_is(
    site: Site, ports: Ports, acme: Org, password: str, code: str
) -> None:
    link = await password_resets.offer(ports, OWNER)
    answer = await use(site, link, password)
    assert outcome(answer) == (400, "invalid")
    assert [(fault["pointer"], fault["code"]) for fault in read(answer)["errors"]] == [("/password", code)]
    assert (await use(site, link)).code == 204


async def test_pages_of_others_set_no_password(site: Site, ports: Ports, acme: Org) -> None:
    link = await password_resets.offer(ports, OWNER)
    for origin in ("", "null", "http://evil.example"):
        assert outcome(await use(site, link, Origin=origin)) == (403, "cross_origin")
    assert await sign_in(site, OWNER, PASSWORD) == 201


async def test_a_reset_lets_in_who_was_locked_out(
    site: Site, ports: Ports, acme: Org, context: RequestContext
) -> None:
    for _ in range(20):
        with pytest.raises(SignInFailed):
            await sessions.sign_in(ports, OWNER, "wrong", context)
    assert await sign_in(site, OWNER, PASSWORD) == 429
    assert (await use(site, await password_resets.offer(ports, OWNER))).code == 204
    assert await sign_in(site, OWNER, NEW) == 201


async def test_a_change_of_password_ends_a_link(site: Site, ports: Ports, acme: Org) -> None:
    link = await password_resets.offer(ports, OWNER)
    browser = await site.signed_in(OWNER)
    changed = {"current": PASSWORD, "new": "chosen by its owner"}
    assert (await browser("PUT", "/api/v1/me/password", changed)).code == 200
    assert outcome(await use(site, link)) == (404, "not_found")
    assert await sign_in(site, OWNER, "chosen by its owner") == 201


async def test_the_database_has_no_link_that_works(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    link = await password_resets.offer(ports, OWNER)
    token = open_link(ports.config, KIND, link, LASTS)
    assert token
    async with connected(database.admin_url) as admin:
        rows = [row[0] for row in await admin.fetch("SELECT c::text FROM credential c")]
        bodies = b"".join([row[0] for row in await admin.fetch("SELECT body FROM event_body")]).decode()
    kept = "".join(rows)
    assert hashlib.sha256(token.encode()).hexdigest() in kept
    for secret in (link, token, token.encode().hex()):
        assert secret not in kept
        assert secret not in bodies


async def test_nobody_gets_no_link(ports: Ports, acme: Org) -> None:
    with pytest.raises(NotFound, match="nobody@acme"):
        await password_resets.offer(ports, "nobody@acme.example")
