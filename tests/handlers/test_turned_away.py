"""Where too many wait to be kept, each sender is told so in words that make it come again."""

from __future__ import annotations

from asyncio import Future
from collections import deque

import pytest
from orgs import Org
from web import Site, read

from hub.contract.ids import text
from hub.door.application import House
from hub.services.turns import SHARE

pytestmark = pytest.mark.gen_test(timeout=30)
PAGERDUTY = "/v2/enqueue"
ALERT = {"status": "firing", "labels": {"alertname": "Disk"}, "annotations": {}, "fingerprint": "0" * 16}


async def test_where_too_many_wait_each_sender_is_told_so_that_it_comes_again(
    site: Site, house: House, acme: Org
) -> None:
    turns = house._literal[PAGERDUTY][1]["receiver"].turns  # the receiver that all of them share
    turns._is_turning, turns._free, turns._lines = True, 0, {acme.tenant: deque(SHARE * [Future()])}
    mine = site.with_key(acme.integration_key)
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
    body = {"routing_key": acme.integration_key, "event_action": "trigger", "payload": payload}
    group = {"version": "4", "groupKey": "g", "status": "firing", "alerts": [ALERT]}
    at = f"/integrations/alertmanager/{text('integration', acme.integration_id)}/webhook"
    answers = [
        await mine("POST", "/api/v1/ingest/events", {"title": "Disk full"}),
        await mine("POST", PAGERDUTY, body),
        await mine("POST", "/v2/alerts", {"message": "Disk full"}),
        await mine("POST", at, group),
    ]
    assert [answer.code for answer in answers] == [429, 429, 429, 503]
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert read(answers[1])["status"] == "throttle exceeded"
    assert answers[2].headers["X-RateLimit-State"] == "THROTTLED"
