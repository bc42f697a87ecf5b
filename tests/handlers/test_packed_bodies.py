"""What senders pack by gzip is taken like what they do not, within bounds."""

from __future__ import annotations

import gzip

import msgspec
import pytest
from orgs import Org
from test_ingest import ALERTS, EVENT, EVENTS, pagerduty, titles
from web import Site, outcome, read

from hub.contract.ids import text
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_what_comes_packed_by_gzip_is_unpacked(site: Site, ports: Ports, acme: Org) -> None:
    sender, packed = site.with_key(acme.integration_key), {"Content-Encoding": "gzip"}
    at = f"/integrations/alertmanager/{text('integration', acme.integration_id)}/webhook"
    answers = [
        await sender("POST", EVENTS, gzip.compress(msgspec.json.encode(EVENT)), packed),
        await sender("POST", at, gzip.compress(msgspec.json.encode(ALERTS)), packed),
        await site(
            "POST",
            "/v2/enqueue",
            gzip.compress(msgspec.json.encode(pagerduty(acme.integration_key))),
            packed,
        ),
    ]
    assert [answer.code for answer in answers] == [202, 202, 202]
    assert await titles(site, ports, acme) == ["Disk full"] * 3


async def test_a_bomb_is_kept_by_its_beginning_as_a_dead_letter(site: Site, ports: Ports, acme: Org) -> None:
    bomb = gzip.compress(b'{"title": "' + b"x" * (50 * 1024 * 1024))
    sender = site.with_key(acme.integration_key)
    assert outcome(await sender("POST", EVENTS, bomb, {"Content-Encoding": "gzip"})) == (413, "too_large")
    await work.drain(ports, "inbox", [acme.tenant])
    api = site.with_key(acme.api_key)
    [letter] = read(await api("GET", "/api/v1/orgs/acme/receipts"))["data"]
    shown = read(await api("GET", f"/api/v1/orgs/acme/receipts/{letter['id']}"))
    assert (shown["truncated"], len(shown["body"])) == (True, 64 * 1024)
