"""Bodies above the limit, of senders with a shape and a place of the key of their own."""

from __future__ import annotations

from typing import Any

import pytest
from orgs import Org, Rung
from web import Site, read

from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


def pagerduty(key: str, **more: Any) -> dict[str, Any]:
    """A trigger of Events v2."""
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
    return {"routing_key": key, "event_action": "trigger", "payload": payload, **more}


async def titles(site: Site, ports: Ports, org: Org) -> list[str]:
    """The incidents of an organization once everything was processed."""
    await work.drain(ports, "inbox", [org.tenant])
    page = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/incidents"))
    return [incident["title"] for incident in page["data"]]


async def test_a_large_pagerduty_event_is_kept_too(site: Site, ports: Ports, acme: Org) -> None:
    event = pagerduty(acme.integration_key, client="x" * (2 * 1024 * 1024))
    answer = await site("POST", "/v2/enqueue", event)
    assert answer.code == 413
    refused = read(answer)
    assert (refused["status"], len(refused["errors"])) == ("invalid event", 1)
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")


async def test_the_key_of_a_large_pagerduty_event_may_come_last(site: Site, ports: Ports, acme: Org) -> None:
    """Where PagerDuty's own client for Python puts it."""
    event = pagerduty(acme.integration_key, client="x" * (2 * 1024 * 1024))
    event["routing_key"] = event.pop("routing_key")
    assert (await site("POST", "/v2/enqueue", event)).code == 413
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")


async def test_a_large_pagerduty_event_whose_key_is_not_found_is_told_what_is_wrong(
    site: Site, rung: Rung, acme: Org
) -> None:
    filler = "x" * (1024 * 1024)
    event = pagerduty(acme.integration_key, client=filler)
    event = {"payload": event.pop("payload") | {"custom_details": filler}, **event, "client_url": filler}
    answer = await site("POST", "/v2/enqueue", event)
    assert (answer.code, read(answer)["errors"]) == (
        413, ["Larger than 1048576 bytes, and no key was found: nothing is kept."]
    )  # fmt: skip
    assert not any(kind == "inbox" for kind, _ in rung.enqueued)


async def test_a_large_opsgenie_request_is_refused_in_the_vendors_shape(
    site: Site, ports: Ports, acme: Org
) -> None:
    large = {"message": "Disk full", "description": "x" * (2 * 1024 * 1024)}
    answer = await site("POST", "/v2/alerts", large, {"Authorization": f"GenieKey {acme.integration_key}"})
    assert (answer.code, sorted(read(answer))) == (413, ["message", "requestId", "took"])
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")
