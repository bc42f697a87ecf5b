"""The stream's handshake: refused before the upgrade, and by whom it comes from."""

from __future__ import annotations

import pytest
from orgs import Org
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect
from web import Site, outcome, read

pytestmark = pytest.mark.gen_test(timeout=30)
STREAM = "/api/v1/orgs/acme/stream"
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:1", "{own}.evil.example", "{own}/"]
)
async def test_with_a_cookie_only_our_own_pages_open_a_stream(site: Site, acme: Org, origin: str) -> None:
    ann = await site.signed_in("owner@acme.example")
    headers = {**UPGRADE, "Origin": origin.replace("{own}", site.url)}
    assert outcome(await ann("GET", STREAM, headers=headers)) == (403, "cross_origin")
    disguised = {**headers, "Sec-Fetch-Site": "same-origin"}
    assert outcome(await ann("GET", STREAM, headers=disguised)) == (403, "cross_origin")


async def test_a_key_may_come_from_nowhere_but_from_no_foreign_page(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    headers = {**UPGRADE, "Origin": "http://evil.example"}
    assert outcome(await key("GET", STREAM, headers=headers)) == (403, "cross_origin")


async def test_a_rebound_host_is_misdirected(site: Site, acme: Org) -> None:
    headers = {**UPGRADE, "Host": "evil.example", "Origin": "http://evil.example"}
    ann = await site.signed_in("owner@acme.example")
    assert outcome(await ann("GET", STREAM, headers=headers)) == (421, "wrong_host")


async def test_who_is_nobody_or_elsewhere_gets_no_socket(site: Site, acme: Org, globex: Org) -> None:
    assert outcome(await site("GET", STREAM, headers=UPGRADE)) == (401, "unauthenticated")
    foreign = await site.with_key(globex.api_key)("GET", STREAM, headers={**UPGRADE, "X-Request-ID": "a"})
    missing = await site.with_key(globex.api_key)(
        "GET", "/api/v1/orgs/nobody/stream", headers={**UPGRADE, "X-Request-ID": "a"}
    )
    assert outcome(foreign) == (404, "not_found")
    assert foreign.body == missing.body


async def test_a_plain_request_is_told_to_upgrade(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("GET", STREAM)
    assert outcome(answer) == (426, "upgrade_required")
    assert answer.headers["Upgrade"] == "websocket"


async def test_a_browser_and_a_key_are_let_in(site: Site, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    url = site.url.replace("http:", "ws:") + STREAM
    cookie = {"Cookie": f"__Host-hub_test={ann.cookie}", "Origin": site.url}
    for headers in (cookie, {"Authorization": f"Bearer {acme.api_key}"}):
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        frame = await socket.read_message()
        assert isinstance(frame, str)
        assert '"frame":"welcome"' in frame
        socket.close()
        while await socket.read_message() is not None:
            pass
    assert read(await site("GET", "/livez")) == {"status": "alive"}
