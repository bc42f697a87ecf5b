"""Methods, headers and redirects of every route: nothing is answered that no table declares."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from caller import Caller
from estate import NOBODY
from probes import PASSWORD, Probe, probes
from setting import Scene
from web import Site, serving

from hub.app import build
from hub.config import assets
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.routes import OPERATOR_ROUTES, ROUTES
from hub.services.receive import Receiver

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=120)
PLAN = probes()
READS = [probe for probe in PLAN if not probe.is_unsafe]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MOVE",
           "BREW", "get", "GETX", "M-SEARCH")  # fmt: skip
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
# Where an attacker would have a redirect lead; what a page makes of them is tested in tests/static.
ELSEWHERE = (
    "//evil.example", "///evil.example", "////evil.example/%2e%2e", "/\\evil.example",
    "\\\\evil.example", "/%5cevil.example", "/%2fevil.example", "%2f%2fevil.example",
    "https://evil.example", "https:evil.example", "https:/evil.example", "http:%2f%2fevil.example",
    "javascript:alert(1)", "data:text/html,x", "/%09/evil.example", "/%0a/evil.example",
    "/%0d%0aLocation:%20https://evil.example", "//evil.example/orgs/acme", "/orgs/..//evil.example",
    "/orgs/%2e%2e/%2f%2fevil.example", "//evil.example%23@127.0.0.1", "//127.0.0.1@evil.example",
    "/.evil.example", "evil.example", "//evil%E3%80%82example", "//%65vil.example", "/;@evil.example",
    "//[::1]@evil.example", "/?next=//evil.example", "/sign-in?next=//evil.example", "/#//evil.example",
    "//google.com/%2f..", "/./../evil",
)  # fmt: skip


async def test_a_method_that_no_table_declares_is_none(scene: Scene) -> None:
    faults, before, asked = [], await scene.heads(), 0
    for route in ROUTES:
        things = scene.acme.things
        path = Probe("GET", route, "note").path(things)
        allowed = set(route.allow.split(", "))
        for method in METHODS:
            if method in allowed:
                continue
            for who in (scene.acme.owner, scene.acme.key):
                answer = await scene.call(method, path, who.headers, {} if method == "POST" else None)
                asked += 1
                is_right = answer.status == 405 and set(answer.one("Allow").split(", ")) == allowed
                if not is_right or (method != "HEAD" and answer.code != "method_not_allowed"):
                    faults.append(
                        f"{method} {path}: {answer.status} {answer.one('Allow')} {answer.body[:80]!r}"
                    )
    assert await scene.heads() == before
    assert asked > 20 * len(ROUTES)
    assert not faults, "\n".join(faults[:20])


async def test_no_header_or_query_makes_one_method_another(scene: Scene) -> None:
    faults, before = [], await scene.heads()
    for probe in READS:
        path, same = probe.path(scene.acme.things), scene.acme.owner.headers | {"X-Request-ID": "the-same"}
        plain = await scene.call("GET", path, same)
        for method in ("DELETE", "POST", "PUT", "PATCH"):
            for header in OVERRIDES:
                answer = await scene.call("GET", path, same | {header: method})
                if (answer.status, answer.body) != (plain.status, plain.body):
                    faults.append(f"GET {path} with {header}: {method}: {answer.status}")
            answer = await scene.call("GET", f"{path}?_method={method}", same)
            if answer.status not in {plain.status, 400}:  # a parameter that it does not know
                faults.append(f"GET {path}?_method={method}: {answer.status}")
        head = await scene.call("HEAD", path, same)
        if (head.status, head.body, head.one("Content-Type")) != (
            plain.status,
            b"",
            plain.one("Content-Type"),
        ):
            faults.append(f"HEAD {path}: {head.status}, not {plain.status}")
    assert await scene.heads() == before
    assert not faults, "\n".join(faults[:20])


async def test_an_answer_is_kept_only_where_it_may_be(scene: Scene) -> None:
    faults, kinds = [], set()
    for probe in READS:
        for who in (scene.acme.owner, scene.acme.key, scene.acme.sender):
            answer = await scene.call("GET", probe.path(scene.acme.things), who.headers)
            kept = answer.one("Cache-Control")
            kinds.add(kept)
            if kept.startswith("public") or (kept != "no-store" and not answer.one("ETag")):
                faults.append(f"{probe}: {answer.status} {kept}")
            if kept != "no-store" and answer.status != 200:
                faults.append(f"{probe}: a refusal may be kept: {answer.status} {kept}")
    assert kinds == {"no-store", "private, no-cache"}
    assert not faults, faults
    page = await scene.call("GET", "/sign-in")
    asset = page.body.partition(b'href="/static/')[2].partition(b'"')[0].decode()
    kept = (await scene.call("GET", f"/static/{asset}")).one("Cache-Control")
    assert kept == "public, max-age=31536000, immutable"


async def test_every_cookie_is_out_of_reach(scene: Scene) -> None:
    """What each needs is checked of every answer in caller.py; here are the answers that have one."""
    call, own = scene.call, {"Origin": scene.call.origin}
    call.cookies.clear()
    given = {"email": scene.acme.org.founded.email, "password": PASSWORD}
    signed = await call("POST", "/api/v1/session", own, given)
    cookie = signed.one("Set-Cookie").partition(";")[0]
    ann = own | {"Cookie": cookie, "X-CSRF-Token": signed.json["csrf"]}
    changed = await call(
        "PUT", "/api/v1/me/password", ann, {"current": PASSWORD, "new": "another " + PASSWORD}
    )
    assert (signed.status, changed.status) == (201, 200)
    dead = await call("GET", "/api/v1/me/sessions", ann)
    ann = own | {"Cookie": changed.one("Set-Cookie").partition(";")[0], "X-CSRF-Token": changed.json["csrf"]}
    out = await call("DELETE", "/api/v1/session", ann)
    assert (dead.status, out.status) == (401, 204)
    assert len(call.cookies) == 4
    assert len({each.partition(";")[0] for each in call.cookies}) == 3  # two sessions, and twice none


async def test_no_address_of_ours_leads_elsewhere(scene: Scene) -> None:
    """Where a redirect leads is checked of every answer in caller.py; here are those who ask for one."""
    asked = 0
    for who in (scene.acme.owner.headers, {}):
        for next in ELSEWHERE:
            for path in (
                f"/sign-in?next={next}",
                f"/?next={next}",
                f"/orgs/{NOBODY}?next={next}",
                "/" + next,
            ):
                at = path.replace("\\", "%5C")
                answer = await scene.call("GET", at, who | {"X-Forwarded-Host": "evil.example"})
                assert answer.status < 500
                assert "evil" not in answer.one("Location") + answer.one("Refresh") + answer.one("Link"), path
                asked += 1
    for next in ELSEWHERE[:8]:
        said = {"email": scene.acme.org.founded.email, "password": "not the one that it is"}
        answer = await scene.call("POST", f"/api/v1/session?next={next}", {"Origin": scene.call.origin}, said)
        assert (answer.status, answer.one("Location")) == (400, "")
    assert asked >= 30 * 8


async def test_where_https_is_meant_every_answer_asks_for_it(
    scene: Scene, gate: Gate, station: Station
) -> None:
    config = msgspec.structs.replace(scene.ports.config, public_url="https://hub.example.org")
    ports = replace(scene.ports, config=config)
    house = build(ports, gate, Receiver(ports), station, pages.load(assets("static")))
    async with serving(house) as site:
        call = Caller(int(site.url.rpartition(":")[2]), is_https=True)
        for probe in READS:
            for host in ("hub.example.org", "evil.example"):
                await call(probe.method, probe.path(scene.acme.things), {"Host": host})
        assert call.asked == 2 * len(READS)
        await call.close()


async def test_the_operators_port_has_the_same_headers_and_no_cookies(operator: Site) -> None:
    call = Caller(int(operator.url.rpartition(":")[2]))
    for route in OPERATOR_ROUTES:
        for method in METHODS:
            answer = await call(method, route.path, {} if method == "POST" else None)
            allowed = set(route.allow.split(", "))
            assert answer.status == (200 if method in allowed else 405), (method, route.path)
    assert call.cookies == []
    await call.close()
