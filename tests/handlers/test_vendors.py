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
    return path.replace("{integration}", org.founded.integration_id).replace("{key}", org.integration_key)


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
