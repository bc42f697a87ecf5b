"""The door, from outside: hosts, origins, tokens, sizes, types, headers, problems."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest
from orgs import Org
from tornado.httpclient import HTTPResponse
from web import Site, outcome, read, serving

from hub.contract.ids import new, text
from hub.door.application import House
from hub.door.gate import Gate
from hub.door.request import Request
from hub.door.route import Public, Route
from hub.door.says import said, says
from hub.routes import ROUTES
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
BOARD = "/api/v1/orgs/acme/incidents"
MISSING = text("incident", new())


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil:80", "[::1]"])
async def test_a_host_that_is_not_ours_is_misdirected(site: Site, acme: Org, host: str) -> None:
    answer = await site.with_key(acme.api_key)("GET", BOARD, headers={"Host": host})
    assert outcome(answer) == (421, "wrong_host")


async def test_each_name_of_loopback_at_our_port_is_ours(site: Site, acme: Org) -> None:
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        host = f"{name}:{site.config.port}"
        assert (await site.with_key(acme.api_key)("GET", BOARD, headers={"Host": host})).code == 200


async def test_machines_may_call_us_by_any_name(site: Site, acme: Org) -> None:
    host = {"Host": "10.1.2.3:9999"}
    assert (await site("GET", "/livez", headers=host)).code == 200
    assert (await site("GET", "/readyz", headers=host)).code == 200
    sent = await site.with_key(acme.integration_key)("POST", "/api/v1/ingest/events", {"title": "x"}, host)
    assert sent.code == 202


async def test_a_browser_changes_only_from_our_origin_and_with_the_token(site: Site, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    command = f"{BOARD}/{MISSING}/acknowledge"
    stranger = site.url.replace("127.0.0.1", "evil.example")
    refused = {
        "another origin": {"Origin": stranger},
        "another port": {"Origin": "http://127.0.0.1:1"},
        "a prefix of ours": {"Origin": site.url + ".evil.example"},
        "a sandbox": {"Origin": "null"},
        "no origin": {"Origin": ""},
        "same site, no origin": {"Origin": "", "Sec-Fetch-Site": "same-site"},
        "cross site, no origin": {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        "typed address": {"Origin": "", "Sec-Fetch-Site": "none"},
        "another origin that says same-origin": {"Origin": stranger, "Sec-Fetch-Site": "same-origin"},
    }
    for why, headers in refused.items():
        assert outcome(await ann("POST", command, {}, headers)) == (403, "cross_origin"), why
    for token in ("", "0" * 64, ann.csrf[:-1], ann.csrf.upper()):
        assert outcome(await ann("POST", command, {}, {"X-CSRF-Token": token})) == (403, "csrf"), token
    passed = (
        await ann("POST", command, {}),
        await ann("POST", command, {}, {"Origin": "", "Sec-Fetch-Site": "same-origin"}),
    )
    assert [outcome(answer) for answer in passed] == [(404, "not_found")] * 2


async def test_the_token_of_another_session_is_none(site: Site, acme: Org) -> None:
    ann, again = await site.signed_in("owner@acme.example"), await site.signed_in("owner@acme.example")
    answer = await ann("POST", f"{BOARD}/{MISSING}/acknowledge", {}, {"X-CSRF-Token": again.csrf})
    assert outcome(answer) == (403, "csrf")


async def test_a_key_needs_neither_origin_nor_token(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("POST", f"{BOARD}/{MISSING}/acknowledge", {})
    assert outcome(answer) == (404, "not_found")


async def test_with_a_bad_key_no_cookie_counts(site: Site, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    answer = await ann("GET", BOARD, headers={"Authorization": "Bearer wrong"})
    assert outcome(answer) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YTpi"},
        {"X-Api-Key": "ihk_abcdefgh_" + "a" * 38},
        {"Cookie": "__Host-hub_test=forged"},
        {"Authorization": "Bearer \xff"},
    ],
)
async def test_who_shows_nothing_good_is_asked_to(site: Site, acme: Org, headers: dict[str, str]) -> None:
    answer = await site("GET", BOARD, headers=headers)
    assert outcome(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_integration_key_opens_no_api(site: Site, acme: Org) -> None:
    assert outcome(await site.with_key(acme.integration_key)("GET", BOARD)) == (401, "unauthenticated")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_told_so(site: Site, acme: Org, chunked: bool) -> None:
    path = f"{BOARD}/{MISSING}/note"
    large = b'{"text":"' + b"x" * (3 * 1024 * 1024) + b'"}'
    key = site.with_key(acme.api_key)
    answer = await key.stream("POST", path, large) if chunked else await key("POST", path, large)
    assert outcome(answer) == (413, "too_large")


async def test_a_body_just_within_the_limit_is_read(site: Site, acme: Org) -> None:
    body = b'{"text":"x"}'
    body += b" " * (64 * 1024 - len(body))
    key, headers = site.with_key(acme.api_key), {"Content-Type": "application/json"}
    assert (await key("POST", f"{BOARD}/{MISSING}/note", body, headers)).code == 404
    assert (await key("POST", f"{BOARD}/{MISSING}/note", body + b" ", headers)).code == 413


async def test_an_unknown_address_has_the_small_limit_too(site: Site) -> None:
    assert outcome(await site("POST", "/nowhere", b"x" * 100_000)) == (413, "too_large")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_only_json_is_json(site: Site, acme: Org, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = await site.with_key(acme.api_key)("POST", f"{BOARD}/{MISSING}/acknowledge", b"{}", headers)
    assert outcome(answer) == (415, "wrong_type")


async def test_every_bad_field_is_named(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("POST", BOARD, {"title": "", "severity": "SEV9", "colour": 1})
    assert outcome(answer) == (400, "invalid")
    told = [(fault["pointer"], fault["code"]) for fault in read(answer)["errors"]]
    assert told == [
        ("/colour", "unknown"),
        ("/title", "invalid"),
        ("/service", "required"),
        ("/severity", "invalid"),
    ]


async def test_an_unknown_address_is_a_problem(site: Site) -> None:
    for method in ("GET", "POST", "DELETE", "PUT"):
        answer = await site(method, "/nowhere", headers={"X-Request-ID": "asked-1"})
        assert outcome(answer) == (404, "not_found")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert read(answer)["request_id"] == "asked-1"


async def test_a_method_that_is_not_there_names_those_that_are(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "BREW"):
        answer = await key(method, BOARD)
        assert outcome(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, POST, HEAD"


async def test_head_is_get_without_the_body(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("HEAD", BOARD)
    assert (answer.code, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0
    assert (await site("HEAD", BOARD)).code == 401
    assert (await site.with_key(acme.api_key)("HEAD", f"{BOARD}/1/note")).code == 405


async def test_a_path_that_is_no_text_is_a_problem(site: Site) -> None:
    assert outcome(await site("GET", "/api/v1/orgs/%ff/incidents")) == (400, "bad_request")


async def test_a_nul_in_a_path_names_nothing(site: Site, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    for path in ("/api/v1/orgs/%00/incidents", f"{BOARD}/%00", "/api/v1/orgs/acme%00/stream"):
        assert outcome(await ann("GET", path)) == (404, "not_found"), path
        assert outcome(await site.with_key(acme.api_key)("GET", path)) == (404, "not_found"), path


async def test_a_request_id_is_kept_and_a_bad_one_replaced(site: Site) -> None:
    assert (await site("GET", "/livez", headers={"X-Request-ID": "a.b-1"})).headers["X-Request-ID"] == "a.b-1"
    made = (await site("GET", "/livez", headers={"X-Request-ID": "a b"})).headers["X-Request-ID"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", made)


POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
    "font-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", "trusted-types 'none'",
}  # fmt: skip
SECURE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def secured(answer: HTTPResponse) -> bool:
    """Whether every security header is there, word for word; Cache-Control has words of its own."""
    policy = set(answer.headers.get("Content-Security-Policy", "").split("; "))
    right = policy == POLICY and SECURE.items() <= dict(answer.headers).items()
    return right and "Server" not in answer.headers and "Strict-Transport-Security" not in answer.headers


async def test_every_route_answers_with_the_security_headers(site: Site, acme: Org) -> None:
    visitors = (site, site.with_key(acme.api_key), await site.signed_in("owner@acme.example"))
    seen = set()
    for route in ROUTES:
        path = re.sub(r"\{\w+(:path)?\}", "x", route.path.replace("{org}", "acme"))
        is_endless = getattr(route.handler, "is_endless", False)
        for method in ["HEAD" if is_endless else guarded for guarded in route.guards] + ["TRACE"]:
            for visitor in visitors:
                answer = await visitor(method, path, {} if method == "POST" else None)
                seen.add(answer.code)
                assert secured(answer), f"{method} {path}: {answer.headers}"
                declared = said(route.handler, "GET")  # what has a version for If-Match alone is not kept
                is_kept = "ETag" in answer.headers and (declared is None or declared.is_kept)
                kept = "private, no-cache" if is_kept else "no-store"
                assert answer.headers["Cache-Control"] == kept, f"{method} {path}"
                assert answer.code < 500, f"{method} {path}: {answer.body!r}"
    assert seen >= {200, 302, 400, 401, 403, 404, 405}


async def test_only_an_https_address_asks_browsers_to_stay_with_it(house: House, web_ports: Ports) -> None:
    config = msgspec.structs.replace(web_ports.config, public_url="https://hub.example.org")
    desk = replace(house.desk, ports=replace(web_ports, config=config))
    safe = House([], desk, {}).settings["constant"].headers
    assert safe["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in house.settings["constant"].headers


class Buggy(Request):
    """A handler with a bug."""

    @says()
    def get(self) -> None:
        raise KeyError("the secret of a customer")


async def test_a_bug_leaks_nothing(house: House) -> None:
    route = Route("/buggy", Buggy, {"GET": Public("It is a test's own.")}, machine=True)
    async with serving(House([route], house.desk, {})) as site:
        answer = await site("GET", "/buggy?token=secret", headers={"X-Request-ID": "asked-1"})
        assert outcome(answer) == (500, "internal")
        assert (read(answer)["request_id"], secured(answer)) == ("asked-1", True)
        assert b"secret" not in answer.body


async def test_a_draining_process_is_not_ready_but_answers(site: Site, gate: Gate, acme: Org) -> None:
    assert (await site("GET", "/readyz")).code == 200
    gate.is_draining = True
    assert (await site("GET", "/readyz")).code == 503
    answer = await site.with_key(acme.api_key)("GET", BOARD)
    assert (answer.code, answer.headers["Connection"]) == (200, "close")


async def test_nothing_but_health_answers_before_the_database_was_met(
    site: Site, gate: Gate, acme: Org
) -> None:
    gate.is_open = False
    key = site.with_key(acme.api_key)
    assert outcome(await key("GET", BOARD)) == (503, "unavailable")
    assert outcome(await site.with_key(acme.integration_key)("POST", "/api/v1/ingest/events", {})) == (
        503,
        "unavailable",
    )
    assert (await site("GET", "/livez")).code == 200
    assert (await site("GET", "/readyz")).code == 503
