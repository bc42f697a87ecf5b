"""Services by REST: made, changed by version, archived, and how they do."""

from __future__ import annotations

from typing import Any

import pytest
from line import connected
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
SERVICES = "/api/v1/orgs/acme/services"
SAME = {"X-Request-ID": "the-same"}


async def made(key: Site, **asked: Any) -> tuple[dict[str, Any], str]:
    """A new service, and where it is."""
    answer = await key("POST", SERVICES, {"name": "Checkout"} | asked)
    assert answer.code == 201, answer.body
    assert answer.headers["Location"] == f"{SERVICES}/{read(answer)['id']}"
    return read(answer), answer.headers["Location"]


async def actions(key: Site) -> list[str]:
    """The newest entries of the audit log, oldest first."""
    entries = read(await key("GET", "/api/v1/orgs/acme/audit?limit=3"))["data"]
    return [entry["action"] for entry in reversed(entries)]


async def test_a_service_is_made_and_found(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [first] = read(await key("GET", SERVICES))["data"]
    service, path = await made(key, team=first["team"]["id"], tier=1, runbook_url="https://runbook.example")
    assert (service["team"], service["tier"], service["version"]) == (first["team"], 1, 1)
    assert (service["auto_resolve"], service["reopen_within_seconds"]) == ("unless_worked", 300)
    assert (service["status"], service["open_incidents"], service["archived_at"]) == ("ok", 0, None)
    shown = await key("GET", path)
    assert (read(shown), shown.headers["ETag"]) == (service, '"1"')
    assert read(await key("GET", SERVICES))["data"] == [first, service]
    assert (await actions(key))[-1] == "service.created"


async def test_a_service_does_as_its_worst_open_incident(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key)
    board = "/api/v1/orgs/acme/incidents"
    seen = []
    for severity in ("SEV4", "SEV2"):
        await key("POST", board, {"title": severity, "service": service["id"], "severity": severity})
        shown = read(await key("GET", path))
        seen.append((shown["status"], shown["open_incidents"]))
    await key("POST", f"{board}/2/resolve", {})
    assert seen == [("degraded", 1), ("down", 2)]
    listed = read(await key("GET", SERVICES))["data"][1]
    assert (listed["status"], listed["open_incidents"]) == ("degraded", 1)


async def test_a_private_incident_shows_in_no_service(site: Site, database: Database, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key)
    await key("POST", "/api/v1/orgs/acme/incidents", {"title": "x", "service": service["id"]})
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE incident SET private = true WHERE tenant_id = $1", acme.tenant)
    assert read(await key("GET", path)) == service


async def test_every_bad_field_of_a_service_is_named(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    bad = {
        "name": "", "team": 1, "tier": 9, "runbook_url": "javascript:alert(1)", "auto_resolve": "no",
        "reopen_within_seconds": -1, "colour": "red",
    }  # fmt: skip
    _, path = await made(key)
    for answer in (await key("POST", SERVICES, bad), await key("PATCH", path, bad, {"If-Match": '"1"'})):
        assert outcome(answer) == (400, "invalid")
        assert sorted(fault["pointer"] for fault in read(answer)["errors"]) == sorted(
            "/" + name for name in bad
        )
    assert [fault["code"] for fault in read(await key("POST", SERVICES, {}))["errors"]] == ["required"]


@pytest.mark.parametrize(
    ("field", "value"), [("name", " "), ("name", "\n"), ("runbook_url", "https://a\n"), ("runbook_url", "\n")]
)
async def test_a_name_can_be_read_and_a_link_ends_where_it_ends(
    site: Site, acme: Org, field: str, value: str
) -> None:
    answer = await site.with_key(acme.api_key)("POST", SERVICES, {"name": "Till", field: value})
    assert [fault["pointer"] for fault in read(answer)["errors"]] == [f"/{field}"]


async def test_a_patch_changes_what_it_names_and_says_what_was(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key, tier=2)
    patch = {"name": "Till", "tier": 2, "reopen_within_seconds": 60, "auto_resolve": "never"}
    changed = await key("PATCH", path, patch, {"If-Match": '"1"'})
    assert (changed.code, changed.headers["ETag"]) == (200, '"2"')
    assert read(changed) == service | patch | {"version": 2}
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    assert (entry["action"], entry["target"]) == ("service.changed", service["id"])
    assert entry["data"]["changes"] == {
        "name": {"was": "Checkout", "now": "Till"},
        "auto_resolve": {"was": "unless_worked", "now": "never"},
        "reopen_within_seconds": {"was": 300, "now": 60},
    }


async def test_a_patch_that_changes_nothing_is_no_event(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key)
    for patch in ({}, {"name": "Checkout", "tier": 3}):
        same = await key("PATCH", path, patch, {"If-Match": '"1"'})
        assert (same.code, read(same)) == (200, service)
    assert (await actions(key))[-1] == "service.created"


async def test_who_is_stale_is_told_the_service_as_it_is(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    _, path = await made(key)
    await key("PATCH", path, {"name": "Till"}, {"If-Match": '"1"'})
    lost = await key("PATCH", path, {"name": "Cashier"}, {"If-Match": '"1"'})
    assert outcome(lost) == (412, "stale")
    assert (read(lost)["current"]["name"], read(lost)["current"]["version"]) == ("Till", 2)
    assert outcome(await key("PATCH", path, {"name": "Cashier"})) == (428, "version_missing")
    assert read(await key("GET", path))["name"] == "Till"


async def test_a_name_is_taken_in_its_own_organization_only(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    _, path = await made(key)
    other = site.with_key(globex.api_key)
    assert (await other("POST", "/api/v1/orgs/globex/services", {"name": "Checkout"})).code == 201
    answers = [
        await key("POST", SERVICES, {"name": "Checkout"}),
        await key("PATCH", path, {"name": "First service"}, {"If-Match": '"1"'}),
    ]
    for answer in answers:
        assert outcome(answer) == (400, "invalid")
        assert [(f["pointer"], f["code"]) for f in read(answer)["errors"]] == [("/name", "taken")]


async def test_a_foreign_team_is_refused_like_a_missing_one(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    [foreign] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    answers = [
        await key("POST", SERVICES, {"name": "Checkout", "team": team}, SAME)
        for team in (foreign["team"]["id"], text("team", new()), "nonsense")
    ]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert read(answers[0])["errors"][0]["pointer"] == "/team"


async def test_a_foreign_service_is_answered_like_a_missing_one(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    [foreign] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    for method, end, body in (("GET", "", None), ("PATCH", "", {"tier": 1}), ("POST", "/archive", {})):
        answers = [
            await key(method, f"{SERVICES}/{id}{end}", body, SAME | {"If-Match": '"1"'})
            for id in (foreign["id"], text("service", new()), "nonsense")
        ]
        assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    [untouched] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    assert untouched == foreign


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.OBSERVER])
async def test_who_does_not_administer_may_only_look(site: Site, ports: Ports, acme: Org, role: Role) -> None:
    _, path = await made(site.with_key(acme.api_key))
    key = site.with_key(await key_of(ports, acme, role))
    assert (await key("GET", path)).code == 200
    for method, at, body in (
        ("POST", SERVICES, {"name": "Mine"}),
        ("PATCH", path, {"name": "Mine"}),
        ("POST", path + "/archive", {}),
    ):
        assert outcome(await key(method, at, body, {"If-Match": '"1"'})) == (403, "forbidden")
    assert read(await key("GET", path))["version"] == 1


async def test_a_repeated_request_makes_one_service(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    once = {"Idempotency-Key": "k1"}
    first = await key("POST", SERVICES, {"name": "Checkout"}, once)
    again = await key("POST", SERVICES, {"name": "Checkout"}, once)
    assert (again.code, read(again)) == (201, read(first))
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    other = await key("POST", SERVICES, {"name": "Till"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")
    assert len(read(await key("GET", SERVICES))["data"]) == 2


async def test_an_archived_service_is_in_a_list_of_its_own_and_opens_nothing(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key)
    archived = await key("POST", path + "/archive", {}, {"Idempotency-Key": "k1"})
    assert (archived.code, read(archived)["archived_at"] is not None) == (200, True)
    again = await key("POST", path + "/archive", {}, {"Idempotency-Key": "k1"})
    assert (again.headers["Idempotent-Replayed"], read(again)) == ("true", read(archived))
    assert read(await key("POST", path + "/archive")) == read(archived)
    assert service["id"] not in [each["id"] for each in read(await key("GET", SERVICES))["data"]]
    assert read(await key("GET", path)) == read(archived)
    assert read(await key("GET", SERVICES + "?archived=true"))["data"] == [read(archived)]
    assert outcome(await key("GET", SERVICES + "?archived=maybe")) == (400, "invalid")
    opened = await key("POST", "/api/v1/orgs/acme/incidents", {"title": "x", "service": service["id"]})
    assert outcome(opened) == (400, "invalid")
    assert (await actions(key)).count("service.archived") == 1


async def test_a_service_that_gets_alerts_is_not_archived(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [first] = read(await key("GET", SERVICES))["data"]
    assert outcome(await key("POST", f"{SERVICES}/{first['id']}/archive", {})) == (409, "not_allowed_now")
    assert read(await key("GET", SERVICES))["data"] == [first]


async def test_an_unarchived_service_is_back_and_its_integrations_wait_to_be_enabled(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key, sender = site.with_key(acme.api_key), site.with_key(acme.integration_key)
    [service] = read(await key("GET", SERVICES))["data"]
    path = f"{SERVICES}/{service['id']}"
    sources = f"/api/v1/orgs/acme/integrations/{text('integration', acme.integration_id)}"
    assert (await sender("POST", "/api/v1/ingest/events", {"title": "kept before"})).code == 202
    assert outcome(await key("POST", path + "/archive", {})) == (409, "not_allowed_now")
    await key("POST", sources + "/disable", {})
    assert (await key("POST", path + "/archive", {})).code == 200
    assert (await sender("POST", "/api/v1/ingest/events", {"title": "too late"})).code == 401
    await work.drain(ports, "inbox", [acme.tenant])
    [incident] = read(await key("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert (incident["title"], incident["service"]["id"]) == ("kept before", service["id"])
    back = await key("POST", path + "/unarchive", {}, {"Idempotency-Key": "k1"})
    assert (back.code, read(back)["archived_at"]) == (200, None)
    again = await key("POST", path + "/unarchive", {}, {"Idempotency-Key": "k1"})
    assert (again.headers["Idempotent-Replayed"], read(again)) == ("true", read(back))
    assert read(await key("POST", path + "/unarchive", {}))["version"] == read(back)["version"]
    assert [each["id"] for each in read(await key("GET", SERVICES))["data"]] == [service["id"]]
    assert (await sender("POST", "/api/v1/ingest/events", {"title": "not yet"})).code == 401
    assert (await key("POST", sources + "/enable", {})).code == 200
    assert (await sender("POST", "/api/v1/ingest/events", {"title": "heard"})).code == 202
    assert (await actions(key)).count("service.unarchived") == 1
    stranger = site.with_key(globex.api_key)
    assert outcome(await stranger("POST", path + "/unarchive", {})) == (404, "not_found")
    responder = site.with_key(await key_of(ports, acme, Role.RESPONDER))
    assert outcome(await responder("POST", path + "/unarchive", {})) == (403, "forbidden")
