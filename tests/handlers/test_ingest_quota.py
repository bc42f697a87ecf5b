"""A quota of what an organization's senders may bring: who comes again is refused, in its own words."""

from __future__ import annotations

import pytest
from orgs import Org
from web import Site, read

from hub.contract.ids import text
from hub.door.application import House
from hub.door.limits import Quotas

pytestmark = pytest.mark.gen_test(timeout=30)
EVENTS, PAGERDUTY = "/api/v1/ingest/events", "/v2/enqueue"
ALERT = {"status": "firing", "labels": {"alertname": "Disk"}, "annotations": {}, "fingerprint": "0" * 16}


@pytest.fixture
def house(house: House) -> House:
    """An application that takes two requests a minute from the senders of an organization."""
    object.__setattr__(house.desk, "quotas", Quotas(1000, 1000, 1000, 1, ingest=2))
    return house


async def test_one_too_many_is_refused_as_its_sender_understands_and_the_neighbour_is_heard(
    site: Site, acme: Org, globex: Org
) -> None:
    mine, theirs = site.with_key(acme.integration_key), site.with_key(globex.integration_key)
    event = {"title": "Disk full", "dedup_key": "disk"}
    assert [(await mine("POST", EVENTS, event)).code for _ in range(3)] == [202, 202, 429]
    refused = await mine("POST", EVENTS, event)
    assert read(refused)["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert refused.headers["RateLimit-Policy"] == '"ingest";q=2;w=60'
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
    body = {"routing_key": acme.integration_key, "event_action": "trigger", "payload": payload}
    vendor = await site("POST", PAGERDUTY, body)
    assert (vendor.code, read(vendor)["status"]) == (429, "throttle exceeded")
    assert vendor.headers["Retry-After"]
    group = {"version": "4", "groupKey": "g", "status": "firing", "alerts": [ALERT]}
    at = f"/integrations/alertmanager/{text('integration', acme.integration_id)}"
    assert (await mine("POST", f"{at}/webhook", group)).code == 503, "a 429 it would take for final"
    assert (await theirs("POST", EVENTS, event)).code == 202


async def test_who_never_comes_again_is_never_refused_for_the_number(site: Site, acme: Org) -> None:
    mine = site.with_key(acme.integration_key)
    at = f"/integrations/{{}}/{text('integration', acme.integration_id)}"
    labels = [{"labels": {"alertname": f"Disk {number}"}} for number in range(3)]
    for number in range(4):
        path = at.format("alertmanager") + "/api/v2/alerts"
        assert (await mine("POST", path, [labels[number % 3]])).code == 200
    group = {"version": "1", "groupKey": "g", "status": "firing", "alerts": [ALERT]}
    for _ in range(3):
        assert (await mine("POST", at.format("grafana") + "/webhook", group)).code == 202
