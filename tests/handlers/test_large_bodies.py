"""Bodies above the limit, of senders with a shape and a place of the key of their own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from orgs import Org, Rung
from web import Site, read

from hub.contract.ids import text
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


async def test_a_large_dead_letter_is_shown_whole_and_mended(site: Site, ports: Ports, acme: Org) -> None:
    """A group of alerts as Alertmanager sends it, with a NUL in one of them."""
    alerts = [
        {"status": "firing", "labels": {"alertname": f"Disk {n}"}, "annotations": {"summary": '"é"' * 90}}
        for n in range(1_500)
    ]
    group = msgspec.json.encode({"version": "4", "groupKey": "disks", "alerts": alerts})
    broken = group.replace(b'Disk 7"', b'Disk\\u00007"')
    assert 512 * 1024 < len(broken) < 1024 * 1024
    sender, api = site.with_key(acme.integration_key), site.with_key(acme.api_key)
    address = f"/integrations/alertmanager/{text('integration', acme.integration_id)}/webhook"
    receipt = read(await sender("POST", address, broken))["receipt_id"]
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")
    path = f"/api/v1/orgs/acme/receipts/{receipt}"
    shown = read(await api("GET", path))["body"]
    assert shown.encode() == broken
    mended = await api("POST", f"{path}/replay", {"body": shown.replace("\\u0000", " ")})
    assert mended.code == 200
    assert len(await titles(site, ports, acme)) == 2
    too_much = await api("POST", f"{path}/replay", {"body": "x" * (1024 * 1024 + 1)})
    assert (too_much.code, read(too_much)["errors"][0]["pointer"]) == (400, "/body")
