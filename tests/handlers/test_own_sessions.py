"""Where one is signed in: two browsers of one person, and a person of another organization."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from orgs import Org
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.realtime.station import Station

pytestmark = pytest.mark.gen_test(timeout=30)
OWNER, FOREIGNER = "owner@acme.example", "owner@globex.example"
SESSIONS = "/api/v1/me/sessions"
BOARD = "/api/v1/orgs/acme/incidents"


async def listed(browser: Site, query: str = "") -> list[dict[str, object]]:
    answer = await browser("GET", SESSIONS + query)
    assert answer.code == 200, answer.body
    found: list[dict[str, object]] = read(answer)["data"]
    return found


async def current(browser: Site) -> str:
    [mine] = [str(each["id"]) for each in await listed(browser) if each["current"]]
    return mine


async def stream(browser: Site) -> WebSocketClientConnection:
    url = browser.url.replace("http:", "ws:") + "/api/v1/orgs/acme/stream"
    cookie = {"Cookie": f"__Host-hub_test={browser.cookie}", "Origin": browser.url}
    socket = await websocket_connect(HTTPRequest(url, headers=cookie))
    assert '"frame":"welcome"' in str(await socket.read_message())
    return socket


async def closed(socket: WebSocketClientConnection) -> int | None:
    while await socket.read_message() is not None:
        pass
    socket.close()
    return socket.close_code


async def test_the_list_names_each_browser_and_marks_this_one(site: Site, acme: Org, globex: Org) -> None:
    site.headers["User-Agent"] = "the first browser"
    first = await site.signed_in(OWNER)
    site.headers["User-Agent"] = "the second browser"
    second = await site.signed_in(OWNER)
    await site.signed_in(FOREIGNER)
    shown = await listed(first)
    assert [(each["device"], each["address"], each["current"]) for each in shown] == [
        ("the second browser", "127.0.0.1", False),
        ("the first browser", "127.0.0.1", True),
    ]
    assert all(
        str(each["started_at"]) <= str(each["last_used_at"]) < str(each["expires_at"]) for each in shown
    )
    assert [each["current"] for each in await listed(second)] == [True, False]


async def test_the_list_comes_in_pages(site: Site, acme: Org, globex: Org) -> None:
    browsers = [await site.signed_in(OWNER) for _ in range(3)]
    answer = await browsers[0]("GET", SESSIONS + "?limit=2")
    assert answer.headers["Link"].startswith(f"<{SESSIONS}?limit=2&cursor=")
    rest = await listed(browsers[0], f"?limit=2&cursor={read(answer)['next_cursor']}")
    assert [each["current"] for each in read(answer)["data"] + rest] == [False, False, True]
    foreign = await (await site.signed_in(FOREIGNER))(
        "GET", f"{SESSIONS}?cursor={read(answer)['next_cursor']}"
    )
    assert outcome(foreign) == (400, "invalid")


async def test_one_session_is_ended_and_the_others_go_on(site: Site, acme: Org, globex: Org) -> None:
    here, there = await site.signed_in(OWNER), await site.signed_in(OWNER)
    target = f"{SESSIONS}/{await current(there)}"
    assert (await here("DELETE", target)).code == 204
    assert outcome(await there("GET", BOARD)) == (401, "unauthenticated")
    assert (await here("GET", BOARD)).code == 200
    assert outcome(await here("DELETE", target)) == (404, "not_found")
    log = read(await here("GET", "/api/v1/me/audit"))["data"]
    ended = [entry for entry in log if entry["action"] == "session.ended"]
    assert [(entry["target"], entry["data"]) for entry in ended] == [
        (target.rpartition("/")[2], {"reason": "ended_by_person"})
    ]


async def test_ending_this_session_is_signing_out(site: Site, acme: Org) -> None:
    here = await site.signed_in(OWNER)
    answer = await here("DELETE", f"{SESSIONS}/{await current(here)}")
    assert answer.code == 204
    assert SimpleCookie(answer.headers["Set-Cookie"])["__Host-hub_test"].value == ""
    assert (await here("GET", BOARD)).code == 401


async def test_a_session_of_somebody_else_is_like_one_that_never_was(
    site: Site, acme: Org, globex: Org
) -> None:
    here, foreigner = await site.signed_in(OWNER), await site.signed_in(FOREIGNER)
    answers = [
        await here("DELETE", f"{SESSIONS}/{reference}", headers={"X-Request-ID": "the-same"})
        for reference in (await current(foreigner), text("session", new()), text("key", new()), "x", "%00")
    ]
    assert {outcome(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.body for answer in answers}) == 1
    assert len(await listed(foreigner)) == 1


async def test_all_others_are_ended_at_once(site: Site, acme: Org, globex: Org) -> None:
    here, foreigner = await site.signed_in(OWNER), await site.signed_in(FOREIGNER)
    others = [await site.signed_in(OWNER) for _ in range(3)]
    assert (await here("DELETE", SESSIONS)).code == 204
    assert [(await other("GET", BOARD)).code for other in others] == [401] * 3
    assert [each["current"] for each in await listed(here)] == [True]
    assert len(await listed(foreigner)) == 1
    log = read(await here("GET", "/api/v1/me/audit"))["data"]
    assert [entry["action"] for entry in log][:3] == ["session.ended"] * 3
    assert (await here("DELETE", SESSIONS)).code == 204
    assert read(await here("GET", "/api/v1/me/audit"))["data"] == log, "nothing ended, so nothing happened"


async def test_keys_have_no_sessions_and_pages_of_others_end_none(site: Site, acme: Org) -> None:
    here = await site.signed_in(OWNER)
    mine = f"{SESSIONS}/{await current(here)}"
    for method, path in (("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", mine)):
        assert outcome(await site.with_key(acme.api_key)(method, path)) == (403, "forbidden")
        assert outcome(await site(method, path)) == (401, "unauthenticated")
        if method == "DELETE":
            said = {"Origin": "http://127.0.0.1:1"}
            assert outcome(await here(method, path, headers=said)) == (403, "cross_origin")
            assert outcome(await here(method, path, headers={"X-CSRF-Token": "x"})) == (403, "csrf")
    assert len(await listed(here)) == 1


async def test_a_session_that_is_ended_elsewhere_loses_its_stream(
    site: Site, station: Station, acme: Org, globex: Org
) -> None:
    """Nobody rings here, as if Redis were away: the poll of the heads carries it."""
    await station.start()
    try:
        here, there = await site.signed_in(OWNER), await site.signed_in(OWNER)
        mine, theirs = await stream(here), await stream(there)
        assert (await here("DELETE", SESSIONS)).code == 204
        assert await closed(theirs) == 4301
        assert mine.close_code is None
        assert (await here("DELETE", f"{SESSIONS}/{await current(here)}")).code == 204
        assert await closed(mine) == 4301
    finally:
        await station.stop()
