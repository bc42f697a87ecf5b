"""Hold, release, uses and undo by REST: whose address is believed, who may, and what a repeat does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from orgs import Org
from roles import key_of
from web import Site, outcome, read, serving

from hub.app import build
from hub.config import assets
from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services import work
from hub.services.ports import Ports
from hub.services.receive import Receiver

pytestmark = pytest.mark.gen_test(timeout=30)
SAME = {"X-Request-ID": "the-same"}


def place(org: Org) -> str:
    return f"/api/v1/orgs/{org.slug}/integrations/{text('integration', org.integration_id)}"


async def seen_from(site: Site, ports: Ports, org: Org, forwarded: str) -> str:
    """The state of an alert that comes with an X-Forwarded-For."""
    sent = await site.with_key(org.integration_key)(
        "POST", "/api/v1/ingest/events", {"title": "x"}, {"X-Forwarded-For": forwarded}
    )
    assert sent.code == 202, "who waits is answered like everybody"
    await work.drain(ports, "inbox", [org.tenant])
    at = f"/api/v1/orgs/{org.slug}/receipts/{read(sent)['receipt_id']}"
    state: str = read(await site.with_key(org.api_key)("GET", at))["state"]
    return state


async def test_an_address_that_a_sender_claims_is_not_believed(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key = site.with_key(acme.api_key)
    held = await key("POST", place(acme) + "/hold", {"addresses": ["203.0.113.9"]})
    assert (held.code, read(held)["hold"]["addresses"]) == (200, ["203.0.113.9/32"])
    assert await seen_from(site, ports, acme, "203.0.113.9") == "quarantined"
    assert await seen_from(site, ports, globex, "203.0.113.9") == "done"
    found = read(await key("GET", place(acme) + "/uses"))
    assert [(each["address"], each["quarantined"]) for each in found["data"]] == [("127.0.0.1", 1)]
    assert read(await key("GET", place(acme)))["hold"]["releasing"] is None


async def test_an_address_that_our_own_proxy_tells_is(
    ports: Ports, web_ports: Ports, gate: Gate, station: Station, acme: Org
) -> None:
    behind = msgspec.structs.replace(web_ports.config, trusted_proxies=("127.0.0.1",))
    proxied = replace(web_ports, config=behind)
    house = build(proxied, gate, Receiver(proxied), station, pages.load(assets("static")))
    async with serving(house) as site:
        site.headers["Host"] = f"127.0.0.1:{behind.port}"
        key = site.with_key(acme.api_key)
        key.headers = site.headers
        await key("POST", place(acme) + "/hold", {"addresses": ["203.0.113.0/24"]})
        sender = site.with_key(acme.integration_key)
        states = []
        for forwarded in ("203.0.113.9", "198.51.100.7", "203.0.113.9, 198.51.100.7"):
            sent = await sender(
                "POST", "/api/v1/ingest/events", {"title": "x"}, {"X-Forwarded-For": forwarded}
            )
            await work.drain(ports, "inbox", [acme.tenant])
            shown = await key("GET", f"/api/v1/orgs/acme/receipts/{read(sent)['receipt_id']}")
            states.append(read(shown)["state"])
    assert states == ["done", "quarantined", "quarantined"]


async def test_a_repeated_request_is_done_once(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)

    async def ask(way: str, body: Any, name: str) -> tuple[int, int, bool]:
        answer = await key("POST", place(acme) + way, body, {"Idempotency-Key": name})
        return answer.code, read(answer)["version"], "Idempotent-Replayed" in answer.headers

    assert await ask("/hold", {"addresses": []}, "k1") == (200, 2, False)
    assert await ask("/hold", {"addresses": []}, "k1") == (200, 2, True)
    released = await ask("/release", {"quarantined": "process"}, "k2")
    assert released == (200, 4, False), "released, and nothing waited"
    assert await ask("/release", {"quarantined": "process"}, "k2") == (200, 4, True)
    other = await key("POST", place(acme) + "/release", {"quarantined": "discard"}, {"Idempotency-Key": "k2"})
    assert outcome(other) == (422, "idempotency_key_reused")


async def test_an_undo_is_repeated_word_for_word(site: Site, ports: Ports, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    await site.with_key(acme.integration_key)("POST", "/api/v1/ingest/events", {"title": "x"})
    await work.drain(ports, "inbox", [acme.tenant])
    body = {"since": "2026-01-01T00:00:00Z", "addresses": ["127.0.0.1"]}
    answers = [await key("POST", place(acme) + "/undo", body, {"Idempotency-Key": "k"}) for _ in range(2)]
    assert [("Idempotent-Replayed" in answer.headers) for answer in answers] == [False, True]
    assert read(answers[0]) == read(answers[1])
    told = read(answers[0])
    assert (told["preview"], told["receipts"], told["left"]) == (False, 1, 0)
    assert {name: count for name, count in told["effects"].items() if count} == {
        "alerts_fired": 1, "incidents_opened": 1,
    }  # fmt: skip
    assert [each["what"] for each in told["undone"]] == ["alert.fired", "incident.opened"]
    assert (told["undone_total"], told["kept"], told["kept_total"]) == (2, [], 0)
    other = await key("POST", place(acme) + "/undo", body | {"preview": True}, {"Idempotency-Key": "k"})
    assert outcome(other) == (422, "idempotency_key_reused")


WAYS = [
    ("POST", "/hold", {"addresses": []}),
    ("POST", "/release", {"quarantined": "process"}),
    ("GET", "/uses", None),
    ("POST", "/undo", {"since": "2026-01-01T00:00:00Z"}),
]


async def test_a_foreign_integration_is_answered_like_a_missing_one(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key, foreign = site.with_key(acme.api_key), text("integration", globex.integration_id)
    responder = site.with_key(await key_of(ports, acme, Role.RESPONDER))
    for method, way, body in WAYS:
        answers = [
            await key(method, f"/api/v1/orgs/acme/integrations/{id}{way}", body, SAME)
            for id in (foreign, text("integration", new()), "nonsense")
        ]
        assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
        assert outcome(await responder(method, place(acme) + way, body)) == (403, "forbidden")
    shown = await site.with_key(globex.api_key)("GET", place(globex))
    assert (read(shown)["hold"], read(shown)["version"]) == (None, 1)


async def test_every_bad_field_is_named(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    for way, body, pointers in (
        ("/hold", {"addresses": ["203.0.113.9", "nobody", "10.0.0.1/8"]}, {"/addresses/1", "/addresses/2"}),
        ("/hold", {"addresses": ["10.0.0.1"] * 51}, {"/addresses"}),
        ("/hold", {}, {"/addresses"}),
        ("/release", {"quarantined": "burn"}, {"/quarantined"}),
        ("/undo", {"since": "yesterday"}, {"/since"}),
        ("/undo", {"since": "0001-01-01T00:00:00+14:00", "addresses": ["x"]}, {"/since", "/addresses/0"}),
        ("/undo", {"since": "2026-01-01T00:00:00"}, {"/since"}),
        ("/undo", {"since": "2026-01-01T00:00:00Z", "addresses": ["nobody"]}, {"/addresses/0"}),
    ):
        answer = await key("POST", place(acme) + way, body)
        assert outcome(answer) == (400, "invalid")
        assert {fault["pointer"] for fault in read(answer)["errors"]} == pointers
