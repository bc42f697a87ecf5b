"""Consumers by REST: one's own places in the stream, with their lag; owners and admins see and delete all."""

from __future__ import annotations

from typing import Any

import pytest
from crew import CONTEXT, hire, kinds
from orgs import Org
from roles import key_of
from web import Site, outcome, read

from hub.contract.administration import TeamCreated
from hub.contract.events import IncidentNoted, Kind
from hub.contract.ids import new
from hub.contract.words import Role
from hub.services import consumers, lagging
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
CONSUMERS = "/api/v1/orgs/acme/consumers"
ONE = {"If-Match": '"1"'}
SAME = {"X-Request-ID": "the-same"}


async def happen(ports: Ports, org: Org, *what: Kind) -> None:
    async with change(ports, system("worker", org.tenant, org.slug), CONTEXT) as changed:
        for data in what:
            changed.happened(data, new())


async def made(site: Site, name: str = "pager", **more: str) -> tuple[dict[str, Any], str]:
    """A new consumer, and where it is."""
    answer = await site("POST", CONSUMERS, {"name": name, **more})
    assert answer.code == 201, answer.body
    return read(answer), answer.headers["Location"]


async def test_a_consumer_is_made_shown_changed_and_deleted(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    consumer, path = await made(key, filter="severity:<=2")
    assert (consumer["name"], consumer["filter"], consumer["held"]) == ("pager", "severity:<=2", False)
    assert consumer["owner"]["id"].startswith("key_")
    assert (consumer["acknowledged_at"], consumer["reset"]) == (None, "")
    for address in (path, f"{CONSUMERS}/pager"):
        shown = await key("GET", address)
        assert (shown.code, shown.headers["ETag"], read(shown)["id"]) == (200, '"1"', consumer["id"])
    renamed = await key("PATCH", path, {"name": "pager.2"}, ONE)
    assert (read(renamed)["name"], renamed.headers["ETag"]) == ("pager.2", '"2"')
    stale = await key("PATCH", path, {"name": "other"}, ONE)
    assert (outcome(stale), read(stale)["current"]["name"]) == ((412, "stale"), "pager.2")
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    assert (await key("DELETE", path, None, {"If-Match": '"2"'})).code == 204
    assert outcome(await key("GET", path)) == (404, "not_found")
    assert await kinds(key, 3) == ["consumer.created", "consumer.changed", "consumer.deleted"]


async def test_a_name_is_taken_once_in_an_organization_and_only_there(
    site: Site, acme: Org, globex: Org
) -> None:
    key, other = site.with_key(acme.api_key), site.with_key(globex.api_key)
    await made(key)
    second, path = await made(key, "second")
    for answer in (
        await key("POST", CONSUMERS, {"name": "pager"}),
        await key("PATCH", path, {"name": "pager"}, ONE),
    ):
        assert (outcome(answer), read(answer)["errors"][0]["code"]) == ((400, "invalid"), "taken")
    assert (await other("POST", "/api/v1/orgs/globex/consumers", {"name": "pager"})).code == 201
    theirs = await other("GET", f"/api/v1/orgs/globex/consumers/{second['id']}")
    assert outcome(theirs) == (404, "not_found")


@pytest.mark.parametrize("name", ["", "Pager", "a b", "con_1", "-a", "a-", "a..b", "a\n", "x" * 64])
async def test_a_name_is_a_word_that_is_no_id(site: Site, acme: Org, name: str) -> None:
    answer = await site.with_key(acme.api_key)("POST", CONSUMERS, {"name": name})
    assert (answer.code, read(answer)["errors"][0]["pointer"]) == (400, "/name")


async def test_a_filter_has_the_terms_of_a_stream(site: Site, acme: Org) -> None:
    body = {"name": "pager", "filter": "severity:9 text"}
    answer = await site.with_key(acme.api_key)("POST", CONSUMERS, body)
    assert [fault["pointer"] for fault in read(answer)["errors"]] == ["/filter", "/filter"]


async def test_a_repeat_under_one_key_makes_one(site: Site, acme: Org) -> None:
    key, once = site.with_key(acme.api_key), {"Idempotency-Key": "once"}
    first = await key("POST", CONSUMERS, {"name": "pager"}, once)
    again = await key("POST", CONSUMERS, {"name": "pager"}, once)
    assert (again.code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert read(again)["id"] == read(first)["id"]


async def test_everybody_sees_their_own_and_administrators_all(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner, bob = site.with_key(acme.api_key), await hire(ports, site, acme, "Bob", Role.OBSERVER)
    watcher = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    mine, path = await made(watcher, "watcher")
    await made(bob.browser, "bobs")
    await made(owner, "pager")
    for site_, names in (
        (watcher, ["watcher"]),
        (bob.browser, ["bobs"]),
        (owner, ["watcher", "bobs", "pager"]),
    ):
        assert [each["name"] for each in read(await site_("GET", CONSUMERS))["data"]] == names
    first = await owner("GET", f"{CONSUMERS}?limit=2")
    second = await owner("GET", first.headers["Link"].removeprefix("<").partition(">")[0])
    assert [each["name"] for each in read(second)["data"]] == ["pager"]
    foreign, missing = await bob.browser("GET", path, headers=SAME), f"{CONSUMERS}/nobodys"
    assert foreign.body == (await bob.browser("GET", missing, headers=SAME)).body
    ack = {"cursor": mine["cursor"]}
    for method, address, body in (("PATCH", path, {}), ("DELETE", path, None), ("POST", f"{path}/ack", ack)):
        assert outcome(await bob.browser(method, address, body, ONE)) == (404, "not_found")
    assert read(await owner("GET", path))["owner"] == mine["owner"]
    assert outcome(await owner("PATCH", path, {"name": "taken"}, ONE)) == (403, "forbidden")
    assert outcome(await owner("POST", f"{path}/ack", ack)) == (403, "forbidden")
    assert (await owner("DELETE", path, None, ONE)).code == 204


async def test_a_key_without_the_action_can_do_nothing_with_consumers(
    site: Site, ports: Ports, acme: Org
) -> None:
    key = site.with_key(await key_of(ports, acme, Role.ADMIN, ("stream:follow", "consumer:manage")))
    for method, path in (("GET", CONSUMERS), ("POST", CONSUMERS), ("GET", f"{CONSUMERS}/pager")):
        assert outcome(await key(method, path, {} if method == "POST" else None)) == (403, "forbidden")


async def test_the_lag_counts_what_the_owner_sees_and_no_more(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    watcher = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    _, path = await made(watcher, "watcher")
    _, noted = await made(watcher, "noted", filter="kind:incident.noted")
    _, closed = await made(watcher, "closed", filter="kind:incident.closed")
    assert read(await watcher("GET", path))["lag"] == {"events": 0, "is_more": False, "oldest_at": None}
    await happen(
        ports, acme, IncidentNoted(text="one"), TeamCreated(name="a team"), IncidentNoted(text="two")
    )
    await happen(ports, globex, IncidentNoted(text="elsewhere"))
    for address, events in ((path, 2), (noted, 2), (closed, 0)):
        lag = read(await watcher("GET", address))["lag"]
        assert (lag["events"], lag["is_more"]) == (events, False)
        assert (lag["oldest_at"] is None) == (events == 0)
    assert read(await site.with_key(acme.api_key)("GET", path))["lag"]["events"] == 2


async def test_the_lag_is_counted_up_to_a_bound(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lagging, "LOOKED_AT", 3)
    watcher = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    _, path = await made(watcher, filter="kind:incident.noted")
    await happen(ports, acme, *(IncidentNoted(text=str(number)) for number in range(5)))
    lag = read(await watcher("GET", path))["lag"]
    assert (lag["events"] <= 3, lag["is_more"]) == (True, True)


async def test_a_place_is_acknowledged_and_never_moves_back(site: Site, ports: Ports, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    first, path = await made(key)
    later, _ = await made(key, "later")
    assert first["cursor"] != later["cursor"]
    moved = await key("POST", f"{path}/ack", {"cursor": later["cursor"]})
    assert read(moved) == {"cursor": later["cursor"]}
    back = await key("POST", f"{CONSUMERS}/pager/ack", {"cursor": first["cursor"]})
    assert (back.code, read(back)) == (200, {"cursor": later["cursor"]})
    shown = read(await key("GET", path))
    assert shown["cursor"] == later["cursor"]
    assert shown["acknowledged_at"] is not None
    assert shown["version"] == 1
    assert await kinds(key, 1) == ["consumer.created"]


async def test_a_cursor_of_elsewhere_acknowledges_nothing(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key = site.with_key(acme.api_key)
    consumer, path = await made(key)
    filtered, _ = await made(key, "filtered", filter="severity:1")
    watcher, _ = await made(site.with_key(await key_of(ports, acme, Role.OBSERVER)), "watcher")
    theirs = await site.with_key(globex.api_key)("POST", "/api/v1/orgs/globex/consumers", {"name": "pager"})
    forged = consumer["cursor"][:-2] + "AA"
    for cursor in (forged, read(theirs)["cursor"], filtered["cursor"], watcher["cursor"], "x", ""):
        refused = await key("POST", f"{path}/ack", {"cursor": cursor})
        assert outcome(refused) == (400, "invalid")
        assert [(each["pointer"], each["code"]) for each in read(refused)["errors"]] == [
            ("/cursor", "cursor")
        ]
    assert read(await key("GET", path))["acknowledged_at"] is None
    elsewhere = await key("POST", f"{path}/ack", {"cursor": consumer["cursor"], "holder": 7})
    assert outcome(elsewhere) == (409, "taken_over")


async def test_another_filter_goes_on_from_the_same_place(site: Site, ports: Ports, acme: Org) -> None:
    watcher = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    consumer, path = await made(watcher, filter="severity:1")
    await happen(ports, acme, IncidentNoted(text="one"))
    changed = read(await watcher("PATCH", path, {"filter": ""}, ONE))
    assert changed["cursor"] != consumer["cursor"]
    assert (changed["reset"], changed["lag"]["events"]) == ("", 1)


async def test_an_incident_in_a_filter_is_told_to_its_owner_alone(
    site: Site, ports: Ports, acme: Org
) -> None:
    term = "incident:inc_" + "0" * 26
    watcher = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    consumer, path = await made(watcher, filter=term)
    assert consumer["filter"] == term
    admin = site.with_key(acme.api_key)
    for answer in (await admin("GET", path), await admin("GET", CONSUMERS)):
        assert term.encode() not in answer.body
        assert b'"filter":"incident:*"' in answer.body
    assert term.encode() not in (await admin("GET", "/api/v1/orgs/acme/audit?limit=5")).body


async def test_who_goes_leaves_no_consumer_behind(site: Site, ports: Ports, acme: Org, globex: Org) -> None:
    owner, bob = site.with_key(acme.api_key), await hire(ports, site, acme, "Bob", Role.RESPONDER)
    await made(bob.browser, "bobs")
    made_key = read(await owner("POST", "/api/v1/orgs/acme/keys", {"name": "Bot", "role": "observer"}))
    await made(site.with_key(made_key["secret"]), "bots")
    stays, _ = await made(owner, "stays")
    for path in (f"members/{bob.member}", f"keys/{made_key['id']}"):
        assert (await owner("DELETE", f"/api/v1/orgs/acme/{path}", None, ONE)).code == 204
    assert [each["id"] for each in read(await owner("GET", CONSUMERS))["data"]] == [stays["id"]]
    told = read(await owner("GET", "/api/v1/orgs/acme/audit?limit=6"))["data"]
    deleted = [each["data"] for each in told if each["action"] == "consumer.deleted"]
    assert [(each["name"], each["owner"], each["reason"]) for each in deleted] == [
        ("bots", made_key["id"], "owner_gone"),
        ("bobs", bob.member, "owner_gone"),
    ]


async def test_an_owner_has_no_more_than_the_most(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "OWNERS_MAX", 2)
    monkeypatch.setattr(consumers, "ORGANIZATIONS_MAX", 3)
    key, watcher = site.with_key(acme.api_key), site.with_key(await key_of(ports, acme, Role.OBSERVER))
    await made(key, "one")
    await made(key, "two")
    assert outcome(await key("POST", CONSUMERS, {"name": "three"})) == (409, "not_allowed_now")
    await made(watcher, "three")
    assert outcome(await watcher("POST", CONSUMERS, {"name": "four"})) == (409, "not_allowed_now")
