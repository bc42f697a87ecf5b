"""Poison in every body of every route, each path, query and header: told of in a problem, never a 5xx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from asker import Client, segment
from msgspec import inspect
from poison import BODIES, ESCAPES, PACKED, VALUES, WORDS, good
from running import eventually
from victim import Victim

from hub.contract.commands import COMMANDS
from hub.door.route import ByCommand, Route
from hub.door.says import said
from hub.routes import ROUTES

BROKEN = {400, 413, 415}


def bodies() -> Iterator[tuple[str, str, type[msgspec.Struct]]]:
    """(method, path, Struct) of every body that is ours, out of the routes."""
    for route in ROUTES:
        for method, guard in route.guards.items():
            if isinstance(guard, ByCommand):
                for name, command in COMMANDS.items():
                    yield method, route.path.replace("{command}", name), command
            elif (says := said(route.handler, method)) and hasattr(says.takes, "__struct_fields__"):
                yield method, route.path, says.takes


TAKEN = [pytest.param(*each, id=f"{each[0]} {each[1]}") for each in bodies()]
GIVEN = [
    pytest.param(route, method, id=f"{method} {route.path}")
    for route in ROUTES
    for method in route.guards
    if route.path.startswith("/api/") and not route.path.endswith("/stream")
]


@pytest.fixture(scope="module")
def client(victim: Victim) -> Iterator[Client]:
    asking = Client(victim)
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def things(client: Client) -> dict[str, str]:
    """What there is in acme, by the name of its place in a path: poison should reach the tables."""
    home = "/api/v1/orgs/acme"
    found = {"org": "acme"}
    for noun in ("service", "integration", "member", "binding"):
        found[noun] = client("GET", f"{home}/{noun}s").json["data"][-1]["id"]
    for noun, path, body in (
        ("team", "teams", {"name": "Team"}),
        ("incident", "incidents", {"title": "Down", "service": found["service"]}),
        ("invitation", "invitations", {"email": "guest@acme.example", "role": "observer"}),
        ("api_key", "keys", {"name": "Key", "role": "observer"}),
    ):
        made = client("POST", f"{home}/{path}", msgspec.json.encode(body))
        assert made.status == 201, made
        found[noun] = made.json["id"]
    return found


@pytest.fixture(scope="module")
def seen_types() -> set[str]:
    return set()


def filled(path: str, things: dict[str, str], **other: str) -> str:
    """The address of a route; what there is none of is a word."""
    return re.sub(r"\{(\w+)(?::path)?\}", lambda name: (things | other).get(name[1], "x"), path)


def test_every_body_of_the_description_is_poisoned_here(client: Client) -> None:
    described = {
        (method.upper(), path)
        for path, methods in client("GET", "/api/v1/openapi.json").json["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    poisoned = {(method, path) for method, path, _ in bodies()}
    poisoned |= {
        (method, route.path)
        for route in ROUTES
        for method in route.guards
        if route.machine  # test_poisoned_senders.py; what is patched is read as what is posted
        if (says := said(route.handler, method)) and says.takes
    }
    assert described == poisoned
    assert len(described) > 25


@pytest.mark.parametrize(("method", "path", "struct"), TAKEN)
def test_a_body_that_is_no_object_is_told_so(
    client: Client, things: dict[str, str], method: str, path: str, struct: type[msgspec.Struct]
) -> None:
    at = filled(path, things)
    for name, body in BODIES.items():
        answer = client(method, at, body, If_Match='"1"')
        assert answer.status in BROKEN, (name, answer)
    for encoding, body in PACKED.items():
        answer = client(method, at, body, If_Match='"1"', Content_Encoding=encoding)
        assert answer.status == 415, (encoding, answer)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
        answer = client(method, at, b'{"a":1}', If_Match='"1"', Content_Type=kind)
        assert answer.status == 415, (kind, answer)


@pytest.mark.parametrize(("method", "path", "struct"), TAKEN)
def test_a_bad_field_is_named(
    client: Client,
    things: dict[str, str],
    seen_types: set[str],
    method: str,
    path: str,
    struct: type[msgspec.Struct],
) -> None:
    at = filled(path, things)
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    base = good(info)
    for field in info.fields:
        # A type that several fields share has all of the corpus at the first of them.
        is_new = repr(field.type) not in seen_types
        seen_types.add(repr(field.type))
        for value in VALUES if is_new else VALUES[::9]:
            name = field.encode_name
            rest = {key: each for key, each in base.items() if key != name}
            body = msgspec.json.encode(rest)[:-1] + (b"," if rest else b"")
            body += msgspec.json.encode(name) + b":" + value + b"}"
            answer = client(method, at, body, If_Match='"1"')
            if not _takes(fields[field.name].type, value) and answer.status != 413:
                assert answer.status == 400, (name, value[:100], answer)
                at_fault = any(each == f"/{name}" or each.startswith(f"/{name}/") for each in answer.pointers)
                assert at_fault or b"too_many" in answer.body, (name, value[:100], answer)
    answer = client(method, at, msgspec.json.encode(base | {"zzz": 1}), If_Match='"1"')
    assert (answer.status, "/zzz" in answer.pointers) == (400, True)
    twice = msgspec.json.encode(base)[:-1] + (b"," if base else b"") + b'"zzz":1,"zzz":1}'
    answer = client(method, at, twice, If_Match='"1"')
    assert (answer.status, answer.pointers) == (400, ["/zzz"])


def _takes(kind: Any, value: bytes) -> bool:
    """Whether a field may hold this value, as far as its type says."""
    try:
        msgspec.convert(msgspec.json.decode(value), kind)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError):
        return False
    return b"\\u0000" not in value


@pytest.mark.parametrize(("route", "method"), GIVEN)
def test_a_poisoned_path_or_query_is_no_fault_of_ours(
    client: Client, things: dict[str, str], route: Route, method: str
) -> None:
    body = None if method in {"GET", "DELETE"} else b"{}"
    takes_key = route.machine and "POST" in route.guards
    key = {"Authorization": f"Bearer {client.victim.acme.integration_key}"} if takes_key else {}
    places = re.findall(r"\{(\w+)", route.path)
    for place in places:  # the guard reads the first ones, in the same way everywhere
        for word in [*ESCAPES, *map(segment, WORDS)] if place == places[-1] else ESCAPES[:3]:
            at = filled(route.path, things | {"command": "note"}, **{place: word})
            client(method, at, body, If_Match='"1"', **key)
    if method == "GET":
        at = filled(route.path, things)
        says = said(route.handler, method)
        for name in [*(says.query if says else ()), *(["limit", "cursor"] if says and says.is_page else [])]:
            for word in [*map(segment, WORDS), *ESCAPES]:
                client("GET", f"{at}?{name}={word}")
        for odd in ("limit", "limit[]=1", "limit=1&limit=2", "&&=x", "x=%00", "x=%FF", "x=%", "?" * 50):
            client("GET", f"{at}?{odd}")


HEADERS = (
    "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-ID", "traceparent", "Authorization", "Cookie",
    "X-Api-Key", "X-CSRF-Token", "Origin", "Sec-Fetch-Site", "Content-Type", "Content-Encoding", "Expect",
    "Upgrade", "Connection", "webhook-id",
)  # fmt: skip
UNREAD = (  # most of them are of no concern to us: poisoned all at once
    "tracestate", "X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Proto", "Forwarded", "User-Agent", "Accept",
    "Accept-Language", "Range", "If-Modified-Since", "Last-Event-ID", "X-HTTP-Method-Override", "RateLimit",
    "TE", "Via", "Referer",
)  # fmt: skip
FORMS = [
    "Bearer ", "Bearer  x", "Basic ", "Basic !!!", "Basic w6k6w6k=", "Basic /////w==", 'W/"1"', '""', '"1',
    '"99999999999"', '"\u0661"', "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "a=b; a=c", "=", ";;;",
    "bytes=0-", "ihk_x_y", "Bearer ihk_" + "a" * 8 + "_" + "b" * 2_000, "\xe9", "caf\u00e9 " * 50,
]  # fmt: skip


@pytest.mark.parametrize("names", [*((name,) for name in HEADERS), UNREAD], ids=lambda names: names[0])
def test_a_poisoned_header_is_no_fault_of_ours(
    client: Client, things: dict[str, str], names: tuple[str, ...]
) -> None:
    asked = (
        ("PATCH", filled("/api/v1/orgs/{org}/teams/{team}", things), b'{"name":"Team"}'),
        ("POST", filled("/api/v1/orgs/{org}/incidents/{incident}/acknowledge", things), b"{}"),
    )
    for value in [*WORDS, *FORMS]:
        if len(value) * len(names) > 8_000:  # the head would be too large as a whole
            continue
        said = value.encode().decode("latin-1")
        for method, path, body in asked:
            client(method, path, body, **{name.replace("-", "_"): said for name in names})


def test_an_id_or_key_that_no_row_should_hold_is_not_kept(client: Client, things: dict[str, str]) -> None:
    path = filled("/api/v1/orgs/{org}/incidents/{incident}/note", things)
    for bad in ("x" * 256, "\xe9", ""):
        answer = client("POST", path, b'{"text":"x"}', Idempotency_Key=bad)
        assert (answer.status, answer.json["code"]) == (400, "invalid")
    for bad in ("a b", "x" * 65, "<script>", "\xe9"):
        assert client("GET", "/api/v1/me", X_Request_ID=bad).headers["x-request-id"] != bad
    assert client("GET", "/api/v1/me", X_Request_ID="fine-1").headers["x-request-id"] == "fine-1"


def test_after_all_of_it_the_process_serves_and_has_logged_no_error(client: Client, victim: Victim) -> None:
    assert client("GET", "/api/v1/orgs/acme/incidents").status == 200
    eventually(lambda: sum(line["event"] == "request" for line in victim.lines()) >= client.asked)
    assert [line for line in victim.lines() if line["level"] in {"error", "critical"}] == []
