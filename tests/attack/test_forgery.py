"""Forged in a responder's browser: whatever a page of elsewhere can send with the cookie changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from caller import Answer, Headers
from estate import NOBODY, enrol
from probes import REFERENCES, Probe, probes
from setting import Scene
from tornado.websocket import WebSocketHandler

from hub.contract.words import Role

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=120)
PLAN = probes()
UNSAFE = [probe for probe in PLAN if probe.is_unsafe and not probe.route.machine]
SENDERS = [probe for probe in PLAN if probe.is_unsafe and probe.route.machine]
SOCKETS = [probe for probe in PLAN if issubclass(probe.route.handler, WebSocketHandler)]
# {own} is where our pages come from, {host} and {port} what that consists of.
ORIGINS = [
    "", "null", "http://evil.example", "https://evil.example", "{own}.evil.example", "{own}@evil.example",
    "{own}/", "{own}.", "{own} http://evil.example", "{own}, http://evil.example", "http://127.0.0.1",
    "http://127.0.0.1:1", "http://127.0.0.1:{port}0", "https://127.0.0.1:{port}", "http://127.0.0.1.:{port}",
    "http://127.1:{port}", "http://evil.example:{port}", "http://[::ffff:127.0.0.1]:{port}", "file://",
    "HTTP://127.0.0.1:{port}", "127.0.0.1:{port}", "chrome-extension://abcdefghijklmnop",
]  # fmt: skip
HOSTS = [
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}0",
    "127.0.0.1:{port}.", "127.0.0.1.:{port}", "localhost.:{port}", "127.0.0.1:0{port}", "127.1:{port}",
    "2130706433:{port}", "[::1]", "[::ffff:127.0.0.1]:{port}", "[0:0:0:0:0:0:0:1]:{port}",
    "[::1%25lo]:{port}",
    "127.0.0.1:{port}.evil.example", "127.0.0.1:{port}@evil.example", "evil.example#127.0.0.1:{port}",
    "127.0.0.1:{port},evil.example",
]  # fmt: skip
FETCHED = [{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode} for site in ("cross-site", "same-site")
           for mode in ("cors", "no-cors", "navigate")]  # fmt: skip
TYPES = [
    "", "text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=utf-7",
    "application/json, text/plain", "text/json", "text/plain; application/json", "application/jsonp",
    "application/json;charset=utf-8;charset=utf-16", "application/problem+json", "*/*",
]  # fmt: skip
REFUSALS = {"cross_origin", "csrf", "wrong_type", "wrong_host"}
SOCKET = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def places(scene: Scene, patterns: list[str]) -> list[str]:
    """The patterns, filled in."""
    return [each.format(own=scene.call.origin, port=scene.call.port) for each in patterns]


def forgeries(scene: Scene, number: int, probe: Probe) -> Iterator[tuple[Headers, set[int], str]]:
    """What is wrong with a request, and how it is refused: its statuses, and its word (none for any). Every
    route gets some of each kind, and all of them together get all."""
    turn, other = slice(number % 4, None, 4), scene.acme.observer
    for origin in places(scene, ORIGINS[:3] + ORIGINS[turn]):
        yield {"Origin": origin}, {403}, "cross_origin"
    for fetched in FETCHED[turn]:
        yield fetched | {"Origin": ""}, {403}, "cross_origin"
        yield fetched, {403}, "cross_origin"
    yield {"Origin": "", "Sec-Fetch-Site": "none"}, {403}, "cross_origin"
    for host in places(scene, HOSTS[:1] + HOSTS[turn]):
        yield {"Host": host}, {400, 421}, ""
    for host in places(scene, HOSTS[:2]):  # a name that was made to lead here
        yield {"Host": host, "Origin": f"http://{host}"}, {403, 421}, ""
    if probe.action is not None:
        token = other.headers["X-CSRF-Token"]
        tokens = [token.upper(), "0" * 64, other.session, other.token, "undefined"]
        for given in ["", token, *tokens[turn]]:
            yield {"X-CSRF-Token": given}, {403}, "csrf"
    if probe.body({place: place for places in REFERENCES.values() for place in places}) is not None:
        for media in TYPES[:2] + TYPES[turn]:
            yield {"Content-Type": media}, {415}, "wrong_type"
        yield {"Content-Encoding": ("gzip", "br", "identity, gzip")[number % 3]}, {415}, "wrong_type"


async def test_no_unsafe_request_of_another_page_has_an_effect(scene: Scene) -> None:
    faults, asked, before = [], 0, await scene.heads()
    for number, probe in enumerate(UNSAFE):
        # Somebody new each time: some of these end the session, or the membership.
        _, ann = await enrol(scene.ports, scene.acme.org, "ann", Role.OWNER)
        await scene.call("GET", "/api/v1/orgs/acme", ann.headers)
        before, things = await scene.heads(), scene.acme.things
        for wrong, statuses, code in forgeries(scene, number, probe):
            answer = await ask(scene, probe, ann.headers | {"If-Match": '"1"'} | wrong)
            asked += 1
            if answer.status not in statuses or (code and answer.code != code):
                faults.append(f"{probe} with {wrong}: {answer.status} {answer.body[:200]!r}")
        if await scene.heads() != before:
            faults.append(f"{probe}: something happened")
        own = await scene.call(probe.method, probe.path(things), ann.headers, probe.body(things))
        if own.code in REFUSALS:
            faults.append(f"{probe}: our own page is refused: {own}")
    assert asked >= len(UNSAFE) * 22
    assert not faults, "\n".join(faults[:20])


async def ask(scene: Scene, probe: Probe, headers: Headers) -> Answer:
    """One request for a thing of acme's."""
    return await scene.call(
        probe.method, probe.path(scene.acme.things), headers, probe.body(scene.acme.things)
    )


async def test_a_cookie_opens_nothing_that_senders_use(scene: Scene) -> None:
    before, faults = await scene.heads(), []
    for probe in SENDERS:
        things = scene.acme.things | {"key": "a" * 32}
        answer = await scene.call(
            probe.method, probe.path(things), scene.acme.owner.headers, probe.body(things)
        )
        if not 400 <= answer.status < 500:
            faults.append(f"{probe}: {answer}")
        own = scene.acme.things | {"integration": scene.acme.org.founded.integration_id}
        with_key = await scene.call(probe.method, probe.path(own), scene.acme.sender.headers, probe.body(own))
        if with_key.status not in ({404, 422} if probe.is_setting else {200, 202}):
            faults.append(f"{probe}: even with a key {with_key}")
    assert len(SENDERS) >= 4
    assert await scene.heads() == before
    assert not faults, faults


async def test_a_socket_opens_for_our_own_pages_and_for_keys(scene: Scene) -> None:
    faults = []
    acme = scene.acme
    key = acme.key.headers
    nothing: Headers = {}
    for probe in SOCKETS:
        path = probe.path(acme.things)

        async def check(
            headers: Headers, statuses: set[int], why: str, path: str = path, probe: Probe = probe
        ) -> None:
            answer = await scene.call("GET", path, headers)
            if answer.status not in statuses:
                faults.append(f"{probe}, {why}: {answer.status} {answer.body[:200]!r} to {headers}")

        cookie = acme.owner.headers | SOCKET
        for origin in places(scene, ORIGINS):
            await check(cookie | {"Origin": origin}, {403}, "a cookie from elsewhere")
            disguised = {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Sec-WebSocket-Protocol": "x"}
            await check(cookie | disguised, {403}, "a cookie from elsewhere, disguised")
            expected = {403} if origin else {101}
            await check(key | SOCKET | {"Origin": origin}, expected, "a key from elsewhere")
        for host in places(scene, HOSTS):
            for who in (acme.owner.headers, key):
                await check(who | SOCKET | {"Host": host}, {400, 421}, "a name that is not ours")
                rebound = {"Host": host, "Origin": f"http://{host}"}
                await check(who | SOCKET | rebound, {400, 403, 421}, "a rebound name")
        for without in ("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"):
            await check(cookie | {without: ""}, {400, 426}, f"without {without}")
        for unknown in (nothing, acme.sender.headers, {"Authorization": "Bearer x"}):
            await check(unknown | SOCKET | {"Origin": scene.call.origin}, {401}, "nobody")
        for other in (NOBODY, scene.globex.org.slug):
            elsewhere = probe.path(acme.things | {"org": other})
            await check(cookie, {404}, "another organization", elsewhere)
        await check(cookie, {101}, "our own page")
        await check(key | SOCKET, {101}, "a program")
    assert SOCKETS
    assert not faults, "\n".join(faults[:20])
