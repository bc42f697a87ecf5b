"""What a request says too much is refused, and nothing of what it says is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import pytest
from orgs import Org
from web import Site, outcome, read

from hub.contract.commands import COMMANDS
from hub.door.route import SAFE, ByCommand
from hub.door.says import said
from hub.routes import ROUTES

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"
SILENT = {
    f"{method} {route.path}"
    for route in ROUTES
    for method, guard in route.guards.items()
    if method not in SAFE and not route.machine and not isinstance(guard, ByCommand)
    if (declared := said(route.handler, method)) is not None and declared.takes is None
}


def test_so_many_routes_take_no_body() -> None:
    assert "POST /api/v1/orgs/{org}/stream-tickets" in SILENT
    assert "DELETE /api/v1/orgs/{org}/keys/{api_key}" in SILENT


async def test_where_nothing_is_to_be_said_a_body_is_refused(site: Site, acme: Org) -> None:
    key, browser = site.with_key(acme.api_key), await site.signed_in("owner@acme.example")
    text, json = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
    for place in sorted(SILENT):
        method, _, path = place.partition(" ")
        for name in ("api_key", "team", "member", "binding", "invitation", "consumer", "integration",
                     "heartbeat", "session"):  # fmt: skip
            path = path.replace(f"{{{name}}}", "x")
        path = path.replace("{org}", "acme")
        asker = browser if path.startswith("/api/v1/me") or path == "/api/v1/session" else key
        asker = browser if "password-reset" in path or path == f"{ORG}/me" else asker
        assert outcome(await asker(method, path, b"{}", text)) == (415, "wrong_type"), place
        answer = await asker(method, path, b'{"force": true}', json)
        assert outcome(answer) == (400, "invalid"), place
        assert [each["pointer"] for each in read(answer)["errors"]] == ["/force"], place
    assert (await key("POST", f"{ORG}/stream-tickets", b"{}", json)).code == 201
    assert (await browser("GET", "/api/v1/me")).code == 200  # no session ended


@pytest.mark.parametrize("path", ["", "/incidents", "/services", "/members", "/snapshot"])
async def test_a_parameter_that_means_nothing_is_named(site: Site, acme: Org, path: str) -> None:
    key = site.with_key(acme.api_key)
    answer = await key("GET", f"{ORG}{path}?statsu=open&a/b=1")
    assert outcome(answer) == (400, "invalid")
    named = [(each["pointer"], each["code"]) for each in read(answer)["errors"]]
    assert named == [("/a~1b", "unknown"), ("/statsu", "unknown")]


async def test_what_is_wrong_with_a_query_is_told_at_once(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("GET", f"{ORG}/incidents?limit=0&status=x&cursor=y&page=2")
    named = {each["pointer"] for each in read(answer)["errors"]}
    assert (answer.code, named) == (400, {"/limit", "/status", "/cursor", "/page"})


async def test_a_change_with_such_a_parameter_is_not_made(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    answer = await key("POST", f"{ORG}/teams?dry_run=true", {"name": "Night"})
    assert outcome(answer) == (400, "invalid")
    assert "Night" not in [team["name"] for team in read(await key("GET", f"{ORG}/teams"))["data"]]


async def test_a_bad_key_of_idempotency_is_told_with_the_fields(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    answer = await key("POST", f"{ORG}/teams", {"name": "", "x": 1}, {"Idempotency-Key": "k" * 256})
    named = [(each["pointer"], each["code"]) for each in read(answer)["errors"]]
    assert named == [("", "idempotency_key"), ("/x", "unknown"), ("/name", "invalid")]


async def test_every_place_of_a_body_that_cannot_be_kept_is_named(site: Site, acme: Org) -> None:
    body = b'{"name": "a\\u0000", "role": "observer", "scopes": ["\\ud800"], "role": "admin"}'
    answer = await site.with_key(acme.api_key)(
        "POST", f"{ORG}/keys", body, {"Content-Type": "application/json"}
    )
    named = [(each["pointer"], each["code"]) for each in read(answer)["errors"]]
    assert named == [("/name", "bad_character"), ("/scopes/0", "bad_character"), ("/role", "duplicate_key")]


async def test_the_next_page_is_of_all_that_was_asked_for(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [service] = read(await key("GET", f"{ORG}/services"))["data"]
    made = [
        read(await key("POST", f"{ORG}/incidents", {"title": f"Down {each}", "service": service["id"]}))["id"]
        for each in range(3)
    ]
    for first, second in product(("triggered", "acknowledged,resolved"), repeat=2):
        if first == second:
            continue
        found, path = [], f"{ORG}/incidents?status={first}&status={second}&limit=1"
        while path:
            answer = await key("GET", path)
            assert answer.code == 200, answer.body
            found += [each["id"] for each in read(answer)["data"]]
            path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
        assert found == made[::-1]


async def test_an_incident_is_found_by_its_number_as_people_write_it(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [service] = read(await key("GET", f"{ORG}/services"))["data"]
    made = read(await key("POST", f"{ORG}/incidents", {"title": "Down", "service": service["id"]}))
    for written in (str(made["number"]), f"%23{made['number']}"):
        assert read(await key("GET", f"{ORG}/incidents/{written}"))["id"] == made["id"]
    assert (await key("GET", f"{ORG}/incidents/%23%23{made['number']}")).code == 404


# A ticket that was lost is another one's minute: a repeat could not tell it again. Acknowledging is moving a
# place that never goes back. Signing in has a secret in its body, and gives one.
NOT_ONCE = {"stream-tickets", "ack", "session"}
# What has no version: one's own sessions, one's own place in an organization.
NOT_VERSIONED = {"/api/v1/session", "/api/v1/me/sessions", "/api/v1/me/sessions/{session}", "{org}/me"}


def test_whatever_is_made_is_made_once_and_whatever_is_changed_is_changed_as_it_was_read() -> None:
    for route in ROUTES:
        for method in set(route.guards) & {"POST", "PATCH", "DELETE"}:
            declared = said(route.handler, method)
            if route.machine or declared is None:
                continue
            if method == "POST":
                assert declared.is_once is (route.path.rpartition("/")[2] not in NOT_ONCE), route.path
            else:
                exempt = any(route.path.endswith(path) for path in NOT_VERSIONED)
                assert declared.is_versioned is not exempt, route.path


def without_words(node: Any) -> Iterator[str]:
    """The patterns in a schema that no sentence goes with."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str) and not node.get("description"):
            yield node["pattern"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from without_words(each)


async def test_a_name_stands_on_one_line_in_one_direction(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    for name in ("a\nb", "tab\t", "Ann\u202enwo", "\u2066x", "a\u2028b", "\x1b[31m", "\x85", "\ufeff"):
        for path in ("/teams", "/services", "/keys", "/integrations"):
            [fault] = [
                each
                for each in read(await key("POST", f"{ORG}{path}", {"name": name}))["errors"]
                if each["pointer"] == "/name"
            ]
            assert fault["code"] == "invalid", (path, name)
    for name in ("Zoë-Ćwik", "\u0645\u06cc\u200c\u062e", "👩\u200d🚒 on call", "שלום", "a  b"):
        assert (await key("POST", f"{ORG}/teams", {"name": name})).code == 201, name


async def test_a_form_that_is_asked_for_is_told_in_words(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    long = await (await site.signed_in("owner@acme.example"))(
        "POST", "/api/v1/orgs", {"slug": "x" * 40, "name": "X"}
    )
    assert read(long)["errors"][0]["detail"] == (
        "Expected 2 to 39 small letters and digits, with single hyphens between them."
    )
    for path, body, words in (
        ("/invitations", {"email": "ann", "role": "observer"},
         "Expected an address such as ann@example.org."),
        ("/teams", {"name": "  "},
         "Expected text that is more than blanks, on one line and in one direction."),
        ("/services", {"name": "a", "runbook_url": "javascript:0"},
         "Expected a web address with http or https, or nothing."),
    ):  # fmt: skip
        [fault] = read(await key("POST", f"{ORG}{path}", body))["errors"]
        assert fault["detail"] == words
    taken = [
        declared.takes
        for route in ROUTES
        for method in route.guards
        if (declared := said(route.handler, method)) is not None and declared.takes is not None
    ]
    schemas = msgspec.json.schema_components([*taken, *COMMANDS.values()], ref_template="{name}")
    assert sorted(without_words([*schemas])) == []
