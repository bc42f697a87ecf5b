"""Vendors' own addresses: slashes and charsets forgiven, other methods told, and each format to its end."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from orgs import Org
from web import Site, outcome, read

from hub.routes import ROUTES
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
INTAKES = [route for route in ROUTES if route.machine and "POST" in route.guards]


def at(org: Org, path: str) -> str:
    """The address of a route, as the one integration of an organization has it."""
    path = path.replace("{integration}", org.founded.integration_id).replace("{key}", org.integration_key)
    return path.replace("{verb}", "close")


async def incidents(site: Site, ports: Ports, org: Org) -> list[tuple[str, str]]:
    """(title, status) of the incidents once everything was processed."""
    await work.drain(ports, "inbox", [org.tenant])
    page = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/incidents"))
    return [(incident["title"], incident["status"]) for incident in page["data"]]


async def test_every_intake_forgives_a_slash_and_tells_what_it_takes(site: Site, acme: Org) -> None:
    for route in INTAKES:
        path = at(acme, route.path)
        for ending in ("", "/"):
            for method in ("GET", "HEAD"):
                if "GET" not in route.guards:
                    asked = await site(method, path + ending)
                    assert (asked.code, asked.headers["Allow"]) == (405, route.allow), path
            sent = await site.with_key("x")(
                "POST", path + ending, b"{}", {"Content-Type": "application/json; charset=UTF-8"}
            )
            assert sent.code in {200, 202, 400, 401, 422}, (path, sent.code)
        assert (await site("POST", f"{path}//", b"{}")).code == 404


async def test_a_prometheus_fires_and_clears_by_the_end_it_sends(site: Site, ports: Ports, acme: Org) -> None:
    path = at(acme, "/integrations/alertmanager/{integration}/api/v2/alerts")
    key, now = site.with_key(acme.integration_key), ports.clock()
    alert: dict[str, Any] = {
        "labels": {"alertname": "Down"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
    }
    firing = alert | {"endsAt": (now + timedelta(minutes=4)).isoformat()}
    over = alert | {"endsAt": (now - timedelta(seconds=1)).isoformat()}
    for body, status in (
        (firing, "triggered"),
        (firing, "triggered"),
        (over, "resolved"),
        (over, "resolved"),
    ):
        sent = await key("POST", path, [body])
        assert (sent.code, sent.body, sent.headers.get("Content-Type")) == (200, b"", None)
        assert await incidents(site, ports, acme) == [("Down", status)]


async def test_a_grafana_that_was_told_to_put_fires_and_clears_too(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    path, key = "/integrations/grafana/{integration}/webhook", site.with_key(acme.integration_key)
    for status, becomes in (("firing", "triggered"), ("resolved", "resolved")):
        alert = {"status": status, "labels": {"alertname": "Down"}}
        body = {"version": "1", "groupKey": "g", "alerts": [alert]}
        assert (await key("PUT", at(acme, path), body)).code == 202
        assert await incidents(site, ports, acme) == [("Down", becomes)]
        assert outcome(await key("PUT", at(globex, path), body)) == (401, "unauthenticated")


async def test_an_alertmanagers_status_is_for_who_has_the_key(site: Site, acme: Org, globex: Org) -> None:
    path = "/integrations/alertmanager/{integration}/api/v2/status"
    basic = {"Authorization": "Basic " + b64encode(f"amtool:{acme.integration_key}".encode()).decode()}
    told = await site("GET", at(acme, path), headers=basic)
    assert told.code == 200
    assert read(told).keys() == {"cluster", "versionInfo", "config", "uptime"}
    assert outcome(await site("GET", at(acme, path))) == (401, "unauthenticated")
    foreign = await site("GET", at(globex, path), headers=basic)
    assert outcome(foreign) == (401, "unauthenticated")


async def test_a_change_is_on_record_and_opens_nothing(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    body = {"routing_key": acme.integration_key, "payload": {"summary": "Deployed 1.2", "source": "ci"}}
    sent = await site("POST", "/v2/change/enqueue", body)
    assert (sent.code, read(sent)) == (202, {"status": "success", "message": "Change event processed"})
    assert await incidents(site, ports, acme) == []
    owner = await site.signed_in("owner@acme.example")
    logged = read(await owner("GET", "/api/v1/orgs/acme/audit"))["data"]
    assert [entry["data"]["title"] for entry in logged if entry["action"] == "change.recorded"] == [
        "Deployed 1.2"
    ]
    assert await incidents(site, ports, globex) == []


async def test_the_first_version_of_pagerdutys_events_still_pages(
    site: Site, ports: Ports, acme: Org
) -> None:
    path = "/generic/2010-04-15/create_event.json"
    event = {
        "service_key": acme.integration_key,
        "incident_key": "db",
        "event_type": "trigger",
        "description": "Full",
    }
    sent = await site("POST", path, event)
    assert (sent.code, read(sent)["incident_key"]) == (200, "db")
    assert await incidents(site, ports, acme) == [("Full", "triggered")]
    await site("POST", path, event | {"event_type": "resolve"})
    assert await incidents(site, ports, acme) == [("Full", "resolved")]


async def test_a_cloudevent_is_kept_once_at_either_address_and_read_in_any_mode(
    site: Site, ports: Ports, acme: Org
) -> None:
    data = {"title": "Backup failed", "dedup_key": "backup"}
    attributes = {"specversion": "1.0", "id": "e-1", "source": "//db-1", "type": "backup.failed"}
    binary = {f"ce-{name}": value for name, value in attributes.items()}
    kind, key = {"Content-Type": "application/cloudevents+json"}, site.with_key(acme.integration_key)
    own, ours = "/api/v1/ingest/cloudevents", "/api/v1/ingest/events"
    receipts = [read(await key("POST", path, data, binary))["receipt_id"] for path in (own, ours, own)]
    assert len(set(receipts)) == 1
    whole = attributes | {"data": data}
    assert (await key("POST", ours, whole, kind)).code == 202
    batch = {"Content-Type": "application/cloudevents-batch+json"}
    assert len(read(await key("POST", own, [whole, whole], batch))["items"]) == 2
    hook = at(acme, "/api/v1/ingest/hooks/{key}")
    assert (await site("POST", hook, {"action": "resolve", "dedup_key": "backup"}, binary)).code == 202
    refused = await key("POST", own, attributes | {"id": ""})
    assert (outcome(refused), read(refused)["errors"][0]["pointer"]) == ((400, "invalid_body"), "/id")
    listed = await incidents(site, ports, acme)
    assert ("Backup failed", "resolved") in listed
    assert len(listed) == 2, "the other one tells of the dead letter"


async def test_an_opsgenie_client_reads_its_own_alerts_and_no_others(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    def genie(org: Org) -> dict[str, str]:
        return {"Authorization": f"GenieKey {org.integration_key}"}

    made = await site("POST", "/v2/alerts", {"message": "Disk full", "alias": "disk"}, genie(acme))
    assert (made.code, read(made)["result"]) == (202, "Request will be processed")
    assert {"X-Request-ID", "X-Response-Time", "X-RateLimit-State"} <= made.headers.keys()
    request = f"/v2/alerts/requests/{read(made)['requestId']}"
    assert (await site("GET", request, headers=genie(acme))).code == 404
    assert await incidents(site, ports, acme) == [("Disk full", "triggered")]
    became = read(await site("GET", request, headers=genie(acme)))["data"]
    assert (became["success"], became["action"], became["alias"]) == (True, "Create", "disk")
    named = [became["alertId"], "disk?identifierType=alias", "1?identifierType=tiny"]
    for at in ("", f"/integrations/opsgenie/{acme.founded.integration_id}", "/jsm/ops/integration"):
        for name in named:
            found = await site("GET", f"{at}/v2/alerts/{name}", headers=genie(acme))
            assert read(found)["data"]["message"] == "Disk full"
    for path in (request, *(f"/v2/alerts/{name}" for name in named)):
        answer = await site("GET", path, headers=genie(globex))
        assert (answer.code, read(answer).keys()) == (404, {"message", "took", "requestId"}), path
        assert (await site("GET", path)).code == 401
    listed = [read(await site("GET", "/v2/alerts", headers=genie(org)))["data"] for org in (acme, globex)]
    assert [len(page) for page in listed] == [1, 0]
    assert read(await site("GET", "/v2/alerts/count", headers=genie(globex)))["data"] == {"count": 0}
    foreign = f"/v2/alerts/{became['alertId']}/close"
    refused = await site("POST", foreign, {}, genie(globex))
    await work.drain(ports, "inbox", [globex.tenant])
    told = read(
        await site("GET", f"/v2/alerts/requests/{read(refused)['requestId']}", headers=genie(globex))
    )["data"]
    assert (told["success"], told["alertId"]) == (False, "")
    assert await incidents(site, ports, acme) == [("Disk full", "triggered")]
    assert (await site("POST", f"/v2/alerts/{named[1]}", {}, genie(acme))).code == 405
    assert (await site("POST", f"/v2/alerts/{became['alertId']}/close", {}, genie(acme))).code == 202
    assert await incidents(site, ports, acme) == [("Disk full", "resolved")]
    wrong = await site("POST", "/v2/alerts/disk/explode?identifierType=alias", {}, genie(acme))
    assert (wrong.code, "explode" in read(wrong)["message"]) == (404, True)
    odd = await site("POST", "/v2/alerts/disk/close?identifierType=colour", {}, genie(acme))
    assert (odd.code, read(odd)["errors"].keys()) == (422, {"identifierType"})


async def test_a_signed_integration_takes_nothing_that_its_signature_does_not_cover(
    site: Site, acme: Org
) -> None:
    path = f"/api/v1/orgs/acme/integrations/{acme.founded.integration_id}/signing"
    owner = await site.signed_in("owner@acme.example")
    assert (await owner("POST", path, {"scheme": "github"})).code in {200, 201}
    key = site.with_key(acme.integration_key)
    for where, headers in (
        ("/v2/alerts/disk/close?identifierType=alias", {}),
        ("/v2/heartbeats/nightly/ping", {}),
        ("/api/v1/ingest/events", {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}),
    ):
        refused = await key("POST", where, {"a": "b"}, headers)
        assert outcome(refused) == (401, "signature_refused"), where
