"""Intake: three formats, each key in its place, nothing answered before it is kept."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import pytest
from orgs import Org, Rung
from tornado.httpclient import AsyncHTTPClient
from web import Site, outcome, read, serving

from hub.app import build
from hub.door.application import House
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services import work
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
EVENTS = "/api/v1/ingest/events"
EVENT = {"title": "Disk full", "severity": "critical", "source": "db-1", "dedup_key": "disk"}
ALERTS = {
    "version": "4",
    "groupKey": "{}:{alertname=\"Disk\"}",
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "hub",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Disk", "severity": "critical"},
            "annotations": {"summary": "Disk full"},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph",
            "fingerprint": "0123456789abcdef",
        }
    ],
}  # fmt: skip


def pagerduty(key: str, **more: Any) -> dict[str, Any]:
    """A trigger of Events v2."""
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
    return {"routing_key": key, "event_action": "trigger", "dedup_key": "disk", "payload": payload, **more}


async def titles(site: Site, ports: Ports, org: Org) -> list[str]:
    """The incidents of an organization once everything was processed."""
    await work.drain(ports, "inbox", [org.tenant])
    page = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/incidents"))
    return [incident["title"] for incident in page["data"]]


async def state(site: Site, org: Org, receipt: str) -> dict[str, Any]:
    """A receipt as the sender sees it."""
    answer = await site.with_key(org.integration_key)("GET", f"/api/v1/ingest/receipts/{receipt}")
    assert answer.code == 200
    found: dict[str, Any] = read(answer)
    return found


async def test_a_generic_event_becomes_an_incident(
    site: Site, ports: Ports, rung: Rung, acme: Org, globex: Org
) -> None:
    sent = await site.with_key(acme.integration_key)("POST", EVENTS, EVENT, {"X-Request-ID": "asked-1"})
    assert (sent.code, read(sent)["status"]) == (202, "accepted")
    assert ("inbox", {acme.tenant}) in rung.enqueued
    before = await state(site, acme, read(sent)["receipt_id"])
    assert (before["state"], before["request_id"]) == ("stored", "asked-1")
    assert await titles(site, ports, acme) == ["Disk full"]
    assert (await state(site, acme, read(sent)["receipt_id"]))["items"][0]["decision"] == "opened"
    assert await titles(site, ports, globex) == []


async def test_the_key_may_be_in_the_path_of_a_hook(site: Site, ports: Ports, acme: Org) -> None:
    assert (await site("POST", f"/api/v1/ingest/hooks/{acme.integration_key}", EVENT)).code == 202
    assert await titles(site, ports, acme) == ["Disk full"]


async def test_pagerduty_senders_get_pagerduty_answers(site: Site, ports: Ports, acme: Org) -> None:
    sent = await site("POST", "/v2/enqueue", pagerduty(acme.integration_key))
    assert (sent.code, read(sent)) == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": "disk"},
    )
    bad = await site("POST", "/v2/enqueue", pagerduty(acme.integration_key, event_action="explode"))
    assert (bad.code, read(bad)["status"]) == (400, "invalid event")
    unknown = await site("POST", "/v2/enqueue", pagerduty("a" * 32))
    assert (unknown.code, read(unknown)["message"]) == (400, "Event object is invalid")
    assert "Disk full" in await titles(site, ports, acme)


async def test_alertmanager_may_show_its_key_in_three_ways(site: Site, ports: Ports, acme: Org) -> None:
    path = f"/integrations/alertmanager/{acme.founded.integration_id}/webhook"
    basic = b64encode(f"anybody:{acme.integration_key}".encode()).decode()
    ways = [
        (path, {"Authorization": f"Bearer {acme.integration_key}"}),
        (path, {"Authorization": f"Basic {basic}"}),
        (f"{path}?token={acme.integration_key}", {}),
    ]
    for where, headers in ways:
        assert (await site("POST", where, ALERTS, headers)).code == 202
    assert await titles(site, ports, acme) == ["Disk full"]


async def test_a_key_opens_its_own_integration_only(site: Site, acme: Org, globex: Org) -> None:
    foreign = f"/integrations/alertmanager/{globex.founded.integration_id}/webhook"
    nowhere = f"/integrations/alertmanager/int_{'0' * 26}/webhook"
    for path in (foreign, nowhere, "/integrations/alertmanager/x/webhook"):
        answer = await site.with_key(acme.integration_key)("POST", path, ALERTS, {"X-Request-ID": "the-same"})
        assert outcome(answer) == (401, "unauthenticated")


@pytest.mark.parametrize("key", ["", "a" * 32, "ihk_wrong", "\xff", "x" * 5_000])
async def test_without_a_good_key_nothing_is_kept(site: Site, rung: Rung, acme: Org, key: str) -> None:
    answer = await site.with_key(key)("POST", EVENTS, EVENT)
    assert outcome(answer) == (401, "unauthenticated")
    assert not any(kind == "inbox" for kind, _ in rung.enqueued)


async def test_an_api_key_and_a_wrong_place_are_no_integration_key(site: Site, acme: Org) -> None:
    assert (await site.with_key(acme.api_key)("POST", EVENTS, EVENT)).code == 401
    assert (await site("POST", f"{EVENTS}?token={acme.integration_key}", EVENT)).code == 401


async def test_one_delivery_is_kept_once(site: Site, ports: Ports, acme: Org) -> None:
    key, event = site.with_key(acme.integration_key), {"title": "Once"}
    named = {"Idempotency-Key": "delivery-1"}
    receipts = [read(await key("POST", EVENTS, event, named))["receipt_id"] for _ in range(3)]
    assert len(set(receipts)) == 1
    other_body = read(await key("POST", EVENTS, {"title": "Another"}, named))["receipt_id"]
    without = read(await key("POST", EVENTS, event))["receipt_id"]
    assert len({*receipts, other_body, without}) == 3


async def test_a_body_that_cannot_be_read_is_refused_and_kept(site: Site, ports: Ports, acme: Org) -> None:
    sent = await site.with_key(acme.integration_key)("POST", EVENTS, {"titel": "Disk full"})
    assert outcome(sent) == (400, "invalid_body")
    assert read(sent)["request_id"] == sent.headers["X-Request-ID"]
    assert [fault["pointer"] for fault in read(sent)["errors"]] == ["/title", "/titel"]
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")
    listed = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/receipts?state=dead"))
    assert [letter["id"] for letter in listed["data"]] == [read(sent)["receipt_id"]]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_is_kept_whatever_its_type_says(
    site: Site, ports: Ports, acme: Org, content_type: str
) -> None:
    body, headers = msgspec.json.encode(EVENT), {"Content-Type": content_type}
    assert (await site.with_key(acme.integration_key)("POST", EVENTS, body, headers)).code == 202
    assert await titles(site, ports, acme) == ["Disk full"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_a_dead_letter_by_its_beginning(
    site: Site, ports: Ports, acme: Org, chunked: bool
) -> None:
    large = msgspec.json.encode({"title": "Disk full", "details": {"log": "x" * (2 * 1024 * 1024)}})
    key = site.with_key(acme.integration_key)
    answer = await key.stream("POST", EVENTS, large) if chunked else await key("POST", EVENTS, large)
    assert outcome(answer) == (413, "too_large")
    [title] = await titles(site, ports, acme)
    assert title.endswith("is unreadable")
    api = site.with_key(acme.api_key)
    [letter] = read(await api("GET", "/api/v1/orgs/acme/receipts"))["data"]
    shown = read(await api("GET", f"/api/v1/orgs/acme/receipts/{letter['id']}"))
    assert (shown["truncated"], shown["state"]) == (True, "dead")
    assert shown["body"].encode() == large[: 64 * 1024]


async def test_a_large_body_without_a_good_key_is_not_kept(site: Site, rung: Rung, acme: Org) -> None:
    answer = await site.with_key("a" * 32)("POST", EVENTS, b"x" * (2 * 1024 * 1024))
    assert outcome(answer) == (401, "unauthenticated")
    assert not any(kind == "inbox" for kind, _ in rung.enqueued)


@asynccontextmanager
async def without_database(house: House, url: str, gate: Gate) -> AsyncIterator[Site]:
    """The same application over a database that does not answer."""
    store = Store(url)
    await store.open()
    ports: Ports = replace(house.desk.ports, store=store)
    library = pages.Library("none", dict.fromkeys(("sign-in.html", "board.html", "incident.html"), b""), {})
    away = build(ports, gate, Receiver(ports), Station(ports), library)
    async with serving(away) as site:
        yield site
    await store.close()


async def test_while_the_database_is_away_senders_are_told_in_time_to_come_again(
    house: House, gate: Gate, acme: Org
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for is_hung in (False, True):  # first nobody listens there, then somebody who never answers
            if is_hung:
                silent.listen(64)
            async with without_database(house, f"postgresql://hub:x@127.0.0.1:{port}/hub", gate) as site:
                alertmanager = f"/integrations/alertmanager/{acme.founded.integration_id}/webhook"
                sent = [
                    (EVENTS, EVENT),
                    ("/v2/enqueue", pagerduty(acme.integration_key)),
                    (alertmanager, ALERTS),
                ]
                headers = {"Authorization": f"Bearer {acme.integration_key}"}
                answers = [
                    AsyncHTTPClient().fetch(
                        site.url + path,
                        method="POST",
                        headers=headers,
                        body=msgspec.json.encode(body),
                        raise_error=False,
                        request_timeout=2,  # longer, and the answer is no answer
                    )
                    for path, body in sent
                ]
                for answer in await asyncio.gather(*answers):
                    assert answer.code == 503, answer.error
                    assert int(answer.headers["Retry-After"]) > 0
                assert (await site("GET", "/livez")).code == 200
                ready = await site("GET", "/readyz")
                assert (ready.code, read(ready)["database"]) == (503, "away")


async def forward(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join a connection with one to `port`, until either ends."""
    there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            target.write(data)
        target.close()

    await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))


async def test_when_the_database_is_back_no_restart_is_needed(
    house: House, gate: Gate, acme: Org, ports: Ports
) -> None:
    real = urlsplit(ports.config.database_url)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        netloc = real.netloc.replace(f":{real.port}", f":{held.getsockname()[1]}")
        async with without_database(house, urlunsplit(real._replace(netloc=netloc)), gate) as site:
            key = site.with_key(acme.integration_key)
            assert (await key("POST", EVENTS, EVENT)).code == 503
            back = await asyncio.start_server(partial(forward, real.port or 0), sock=held)
            assert (await key("POST", EVENTS, EVENT)).code == 202
            assert (await site("GET", "/readyz")).code == 200
        back.close()
