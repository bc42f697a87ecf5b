"""Integrations by REST: made with a key that is shown once, rotated, disabled, and used as they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from orgs import Org
from roles import CONTEXT, key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.integrations import Rotate
from hub.contract.words import Action, Role
from hub.services import access, credentials, integrations, work
from hub.services.ports import Ports
from hub.services.receive import Receiver

pytestmark = pytest.mark.gen_test(timeout=30)
INTEGRATIONS = "/api/v1/orgs/acme/integrations"
SAME = {"X-Request-ID": "the-same"}


async def service_of(site: Site, org: Org) -> str:
    [service] = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/services"))["data"]
    return str(service["id"])


async def made(site: Site, org: Org, name: str = "Prometheus", **headers: str) -> tuple[dict[str, Any], str]:
    """A new integration, and where it is."""
    asked = {"name": name, "service": await service_of(site, org)}
    answer = await site.with_key(org.api_key)("POST", INTEGRATIONS.replace("acme", org.slug), asked, headers)
    assert answer.code == 201, answer.body
    return read(answer), answer.headers["Location"]


async def send(site: Site, key: str) -> int:
    """The status of an alert that is sent with a key."""
    return (await site.with_key(key)("POST", "/api/v1/ingest/events", {"title": "Disk full"})).code


async def latest(key: Site) -> dict[str, Any]:
    """The newest entry of the audit log."""
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    return dict(entry)


async def test_an_integration_is_made_with_a_key_that_no_other_answer_has(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    integration, path = await made(site, acme)
    secret = integration.pop("key")
    assert len(secret) == 32
    assert integration["keys"][0]["last4"] == secret[-4:]
    assert integration["last_used_at"] is None
    shown = await key("GET", path)
    assert (shown.code, shown.headers["ETag"]) == (200, '"1"')
    listed = await key("GET", INTEGRATIONS)
    assert [each["name"] for each in read(listed)["data"]] == ["First integration", "Prometheus"]
    assert (
        secret.encode() not in shown.body + listed.body + (await key("GET", "/api/v1/orgs/acme/audit")).body
    )
    assert (await latest(key))["action"] == "integration.created"


async def test_every_address_that_is_shown_takes_what_its_snippet_says(
    site: Site, ports: Ports, acme: Org
) -> None:
    integration, _ = await made(site, acme)
    secret, urls, snippets = integration["key"], integration["urls"], integration["snippets"]
    assert all(secret in snippet for snippet in snippets.values())
    event = {"title": "x"}
    enqueued = {
        "routing_key": secret, "event_action": "trigger",
        "payload": {"summary": "x", "source": "y", "severity": "error"},
    }  # fmt: skip
    alerts = {
        "version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "externalURL": "http://am",
        "alerts": [{"status": "firing", "labels": {"alertname": "x"}, "startsAt": "2026-01-01T00:00:00Z"}],
    }  # fmt: skip
    for url, body, key in (
        (urls["events"], event, secret),
        (urls["hooks"], event, ""),
        (urls["pagerduty"], enqueued, ""),
        (urls["cloudevents"], {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}, secret),
        (urls["changes"], enqueued, ""),
        (urls["alertmanager"], alerts, secret),
        (urls["prometheus"], alerts["alerts"], secret),
        (urls["opsgenie"], {"message": "x"}, secret),
        (urls["grafana"], alerts | {"version": "1"}, secret),
    ):
        assert url.startswith(site.url)
        answer = await site.with_key(key)("POST", url.removeprefix(site.url), body)
        assert answer.code == (200 if url == urls["prometheus"] else 202), (url, answer.body)
    assert urls["pagerduty"] in snippets["pagerduty"]
    assert urls["alertmanager"] in snippets["alertmanager"]
    assert urls["events"] in snippets["curl"]
    await work.drain(ports, "inbox", [acme.tenant])
    board = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert len(board) == 8  # a change opens none


async def test_every_bad_field_of_an_integration_is_named(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    _, path = await made(site, acme)
    bad = {"name": "", "service": 1, "colour": "red"}
    for answer in (await key("POST", INTEGRATIONS, bad), await key("PATCH", path, bad, {"If-Match": '"1"'})):
        assert outcome(answer) == (400, "invalid")
        assert {fault["pointer"] for fault in read(answer)["errors"]} == {"/name", "/service", "/colour"}
    answers = [
        await key("POST", INTEGRATIONS, {"name": "Other", "service": service}, SAME)
        for service in (await service_of(site, globex), text("service", new()), "nonsense")
    ]
    assert {answer.body for answer in answers} == {answers[0].body}
    assert read(answers[0])["errors"][0]["pointer"] == "/service"
    taken = await key("POST", INTEGRATIONS, {"name": "Prometheus", "service": await service_of(site, acme)})
    assert [(fault["pointer"], fault["code"]) for fault in read(taken)["errors"]] == [("/name", "taken")]
    overlap = await key("POST", path + "/rotate", {"overlap_seconds": 604_801})
    assert read(overlap)["errors"][0]["pointer"] == "/overlap_seconds"


async def test_a_foreign_integration_is_answered_like_a_missing_one(
    site: Site, acme: Org, globex: Org
) -> None:
    key = site.with_key(acme.api_key)
    foreign = text("integration", globex.integration_id)
    for method, end, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("POST", "/rotate", {}),
        ("POST", "/disable", {}),
        ("POST", "/enable", {}),
    ):
        answers = [
            await key(method, f"{INTEGRATIONS}/{id}{end}", body, SAME | {"If-Match": '"1"'})
            for id in (foreign, text("integration", new()), "nonsense")
        ]
        assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    assert await send(site, globex.integration_key) == 202


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.OBSERVER])
async def test_who_does_not_administer_integrations_may_only_look(
    site: Site, ports: Ports, acme: Org, role: Role
) -> None:
    integration, path = await made(site, acme)
    key = site.with_key(await key_of(ports, acme, role))
    assert (await key("GET", path)).code == 200
    asked = {"name": "Mine", "service": integration["service"]["id"]}
    for method, at, body in (
        ("POST", INTEGRATIONS, asked),
        ("PATCH", path, {"name": "Mine"}),
        ("POST", path + "/rotate", {}),
        ("POST", path + "/disable", {}),
        ("POST", path + "/enable", {}),
    ):
        assert outcome(await key(method, at, body, {"If-Match": '"1"'})) == (403, "forbidden")
    assert await send(site, integration["key"]) == 202


async def test_a_repeated_request_never_shows_a_key_again(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    first, path = await made(site, acme, **{"Idempotency-Key": "k1"})
    again, _ = await made(site, acme, **{"Idempotency-Key": "k1"})
    assert (again["id"], again["key"]) == (first["id"], None)
    assert first["key"] not in msgspec.json.encode(again).decode()
    once = {"Idempotency-Key": "k2"}
    rotated = read(await key("POST", path + "/rotate", {"overlap_seconds": 60}, once))
    replay = await key("POST", path + "/rotate", {"overlap_seconds": 60}, once)
    assert (replay.headers["Idempotent-Replayed"], read(replay)["key"]) == ("true", None)
    assert read(replay)["keys"][0]["last4"] == rotated["key"][-4:]
    other = await key("POST", path + "/rotate", {"overlap_seconds": 61}, once)
    assert outcome(other) == (422, "idempotency_key_reused")


async def test_a_rotated_key_ends_at_once_or_after_the_overlap(site: Site, ports: Ports, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    integration, path = await made(site, acme)
    second = read(await key("POST", path + "/rotate", {"overlap_seconds": 60}))
    assert [await send(site, secret) for secret in (integration["key"], second["key"])] == [202, 202]
    assert [each["expires_at"] is None for each in second["keys"]] == [True, False]
    entry = await latest(key)
    assert (entry["action"], entry["data"]["old_key_until"]) == (
        "integration.rotated",
        second["keys"][1]["expires_at"],
    )
    third = read(await key("POST", path + "/rotate", {}))
    sent = [await send(site, each) for each in (integration["key"], second["key"], third["key"])]
    assert sent == [401, 401, 202]
    assert len(read(await key("GET", path))["keys"]) == 1


async def test_an_overlap_that_is_over_is_over(site: Site, ports: Ports, acme: Org) -> None:
    integration, _ = await made(site, acme)
    now = ports.clock()
    earlier = replace(ports, clock=lambda: now - timedelta(minutes=2))
    presented = await credentials.find(ports, acme.api_key)
    assert presented
    grant = await access.authorize(earlier, presented, "acme", Action.INTEGRATION_MANAGE, CONTEXT)
    await integrations.rotate(earlier, grant, integration["id"], Rotate(overlap_seconds=60), None, CONTEXT)
    assert await send(site, integration["key"]) == 401


async def test_a_disabled_integration_is_refused_like_an_unknown_key(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    integration, path = await made(site, acme)
    assert await send(site, integration["key"]) == 202
    disabled = await key("POST", path + "/disable", {})
    assert (disabled.code, read(disabled)["disabled_at"] is not None, read(disabled)["version"]) == (
        200,
        True,
        2,
    )
    refused = await site.with_key(integration["key"])("POST", "/api/v1/ingest/events", {"title": "x"}, SAME)
    unknown = await site.with_key("0" * 32)("POST", "/api/v1/ingest/events", {"title": "x"}, SAME)
    assert (refused.code, refused.body) == (401, unknown.body)
    rotated = read(await key("POST", path + "/rotate", {"overlap_seconds": 60}))
    assert await send(site, rotated["key"]) == 401
    assert read(await key("POST", path + "/disable", {}))["version"] == 2
    enabled = await key("POST", path + "/enable", {})
    assert read(enabled)["disabled_at"] is None
    assert [await send(site, secret) for secret in (integration["key"], rotated["key"])] == [202, 202]
    entries = read(await key("GET", "/api/v1/orgs/acme/audit?limit=3"))["data"]
    assert [entry["action"] for entry in entries] == [
        "integration.enabled",
        "integration.rotated",
        "integration.disabled",
    ]


async def test_what_came_before_it_was_disabled_is_still_processed(
    site: Site, ports: Ports, acme: Org
) -> None:
    key = site.with_key(acme.api_key)
    integration, path = await made(site, acme)
    assert await send(site, integration["key"]) == 202
    await key("POST", path + "/disable", {})
    await work.drain(ports, "inbox", [acme.tenant])
    [incident] = read(await key("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert incident["title"] == "Disk full"


async def test_an_integration_moves_to_another_service(site: Site, ports: Ports, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    integration, path = await made(site, acme)
    till = read(await key("POST", "/api/v1/orgs/acme/services", {"name": "Till"}))["id"]
    moved = await key("PATCH", path, {"service": till, "name": "Alerts"}, {"If-Match": '"1"'})
    assert (read(moved)["service"], moved.headers["ETag"]) == ({"id": till, "name": "Till"}, '"2"')
    assert (await latest(key))["data"]["changes"]["service"]["now"] == till
    assert await send(site, integration["key"]) == 202
    await work.drain(ports, "inbox", [acme.tenant])
    [incident] = read(await key("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert incident["service"]["id"] == till
    lost = await key("PATCH", path, {"name": "Late"}, {"If-Match": '"1"'})
    assert (outcome(lost), read(lost)["current"]["name"]) == ((412, "stale"), "Alerts")
    assert outcome(await key("PATCH", path, {"name": "Late"})) == (428, "version_missing")
    archived = await key("POST", f"/api/v1/orgs/acme/services/{till}/archive", {})
    assert outcome(archived) == (409, "not_allowed_now")


async def test_a_disabled_integration_lets_its_service_be_archived_and_then_stays_so(
    site: Site, acme: Org
) -> None:
    key = site.with_key(acme.api_key)
    first = text("integration", acme.integration_id)
    service = await service_of(site, acme)
    await key("POST", f"{INTEGRATIONS}/{first}/disable", {})
    assert (await key("POST", f"/api/v1/orgs/acme/services/{service}/archive", {})).code == 200
    assert outcome(await key("POST", f"{INTEGRATIONS}/{first}/enable", {})) == (409, "not_allowed_now")
    refused = await key("POST", INTEGRATIONS, {"name": "New", "service": service})
    assert read(refused)["errors"][0]["pointer"] == "/service"


async def test_the_last_use_of_keys_moves_once_a_minute(site: Site, ports: Ports, acme: Org) -> None:
    now = ports.clock()
    minutes = [timedelta(), timedelta(seconds=59), timedelta(seconds=61)]
    seen = []
    for later in minutes:
        at = replace(ports, clock=lambda moment=now + later: moment)
        at.grants.integrations.doubt(acme.tenant)  # a key is believed for a second without being looked up
        assert await Receiver(at).integration(acme.integration_key)
        found = await credentials.find(ports, acme.integration_key)
        assert found
        seen.append(found.last_used_at)
    assert seen == [now, now, now + timedelta(seconds=61)]
    shown = read(await site.with_key(acme.api_key)("GET", INTEGRATIONS))["data"][0]
    assert shown["last_used_at"] == shown["keys"][0]["last_used_at"]
    used = await credentials.find(ports, acme.api_key)
    assert used
    assert used.last_used_at
