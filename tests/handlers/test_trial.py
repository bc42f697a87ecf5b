"""A test alert: kept like any other, processed by the worker, told apart by its words and its key."""

from __future__ import annotations

import msgspec
import pytest
from orgs import Org, Rung
from roles import key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
SAME = {"X-Request-ID": "the-same"}


def place(org: Org) -> str:
    return f"/api/v1/orgs/{org.slug}/integrations/{text('integration', org.integration_id)}"


async def test_it_waits_in_the_inbox_and_opens_an_incident_of_its_own(
    site: Site, ports: Ports, rung: Rung, acme: Org, globex: Org
) -> None:
    key, browser = site.with_key(acme.api_key), await site.signed_in("owner@acme.example")
    rung.enqueued.clear()
    sent = [await browser("POST", place(acme) + "/test", {}) for _ in range(2)]
    assert [answer.code for answer in sent] == [202, 202]
    assert ("inbox", {acme.tenant}) in rung.enqueued
    at = f"/api/v1/orgs/acme/receipts/{read(sent[0])['receipt']}"
    assert read(await key("GET", at))["state"] == "stored"
    await work.drain(ports, "inbox", [acme.tenant, globex.tenant])
    receipt = read(await key("GET", at))
    assert (receipt["state"], [item["decision"] for item in receipt["items"]]) == ("done", ["opened"])
    assert receipt["items"][0]["dedup_key"] == f"test:{receipt['id']}"
    incidents = read(await key("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert {each["title"] for each in incidents} == {"Test alert from Owner"}
    assert len({each["id"] for each in incidents}) == 2
    timeline = read(
        await key("GET", f"/api/v1/orgs/acme/incidents/{receipt['items'][0]['incident']}/timeline")
    )
    [fired] = [event["data"] for event in timeline["data"] if event["type"] == "alert.fired"]
    assert fired["labels"] == {"test": "true"}
    assert "Nothing is broken" in fired["text"]
    tested = [
        each
        for each in read(await key("GET", "/api/v1/orgs/acme/audit?limit=200"))["data"]
        if each["action"] == "integration.tested"
    ]
    assert [each["data"]["receipt"] for each in tested] == [read(answer)["receipt"] for answer in sent[::-1]]
    assert tested[0]["actor"]["name"] == "Owner"
    assert read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/incidents"))["data"] == []


async def test_a_repeated_request_sends_one(site: Site, ports: Ports, acme: Org) -> None:
    key, once = site.with_key(acme.api_key), {"Idempotency-Key": "k1"}
    first, again = [await key("POST", place(acme) + "/test", {}, once) for _ in range(2)]
    assert (again.code, read(again)) == (202, read(first))
    assert again.headers["Idempotent-Replayed"] == "true"
    await work.drain(ports, "inbox", [acme.tenant])
    assert len(read(await key("GET", "/api/v1/orgs/acme/incidents"))["data"]) == 1


async def test_who_may_not_test_sends_nothing(site: Site, ports: Ports, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    foreign = text("integration", globex.integration_id)
    answers = [
        await key("POST", f"/api/v1/orgs/acme/integrations/{id}/test", {}, SAME)
        for id in (foreign, text("integration", new()), "nonsense")
    ]
    assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    responder = site.with_key(await key_of(ports, acme, Role.RESPONDER))
    assert outcome(await responder("POST", place(acme) + "/test", {})) == (403, "forbidden")
    assert outcome(await key("POST", place(acme) + "/test", {"title": "x"})) == (400, "invalid")
    await key("POST", place(acme) + "/disable", {})
    assert outcome(await key("POST", place(acme) + "/test", {})) == (409, "not_allowed_now")
    await work.drain(ports, "inbox", [acme.tenant, globex.tenant])
    for org in (acme, globex):
        shown = await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/incidents")
        assert msgspec.json.decode(shown.body)["data"] == []


async def test_a_name_of_any_signs_is_taken(site: Site, ports: Ports, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [member] = read(await key("GET", "/api/v1/orgs/acme/members"))["data"]
    browser = await site.signed_in("owner@acme.example")
    at = f"/api/v1/orgs/acme/members/{member['id']}"
    odd = {"display_name": '<b>"Ö" \\ {{ \u200d' + "x" * 180}
    assert (await browser("PATCH", at, odd, {"If-Match": f'"{member["version"]}"'})).code == 200
    sent = await browser("POST", place(acme) + "/test", {})
    await work.drain(ports, "inbox", [acme.tenant])
    receipt = await key("GET", f"/api/v1/orgs/acme/receipts/{read(sent)['receipt']}")
    assert read(receipt)["state"] == "done", receipt.body
