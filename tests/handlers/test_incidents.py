"""Incidents by REST: pages, versions, commands and who was first."""

from __future__ import annotations

import msgspec
import pytest
from orgs import Org
from web import Site, outcome, read

from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
BOARD = "/api/v1/orgs/acme/incidents"


async def raised(site: Site, ports: Ports, org: Org, *titles: str) -> Site:
    """Alerts of these titles, processed; the client that holds the organization's API key."""
    events = [{"title": title, "dedup_key": title} for title in titles]
    sent = await site.with_key(org.integration_key)("POST", "/api/v1/ingest/events", events)
    assert sent.code == 202
    await work.drain(ports, "inbox", [org.tenant])
    return site.with_key(org.api_key)


async def test_a_list_comes_in_pages_that_link_on(site: Site, ports: Ports, acme: Org, globex: Org) -> None:
    key = await raised(site, ports, acme, "one", "two", "three")
    await raised(site, ports, globex, "elsewhere")
    seen, path = [], f"{BOARD}?limit=2&status=open,closed"
    while path:
        answer = await key("GET", path)
        assert answer.code == 200
        seen.append([incident["title"] for incident in read(answer)["data"]])
        link = answer.headers.get("Link", "")
        assert ("cursor=" in link) == (read(answer)["next_cursor"] is not None)
        path = link.removeprefix("<").partition(">")[0]
    assert seen == [["three", "two"], ["one"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=1e2", "/limit"),
        ("limit=%D9%A1", "/limit"),
        ("status=unknown", "/status"),
        ("status=open,,closed", "/status"),
        ("cursor=made-up", "/cursor"),
    ],
)
async def test_a_bad_query_is_named(site: Site, acme: Org, query: str, pointer: str) -> None:
    answer = await site.with_key(acme.api_key)("GET", f"{BOARD}?{query}")
    assert outcome(answer) == (400, "invalid")
    assert [fault["pointer"] for fault in read(answer)["errors"]] == [pointer]


async def test_an_incident_is_known_by_id_and_number_and_has_a_version(
    site: Site, ports: Ports, acme: Org
) -> None:
    key = await raised(site, ports, acme, "one")
    by_number = await key("GET", f"{BOARD}/1")
    incident = read(by_number)
    assert read(await key("GET", f"{BOARD}/{incident['id']}")) == incident
    assert by_number.headers["ETag"] == f'"{incident["version"]}"'
    assert by_number.headers["Cache-Control"] == "private, no-cache"
    same = await key("GET", f"{BOARD}/1", headers={"If-None-Match": by_number.headers["ETag"]})
    assert (same.code, same.body) == (304, b"")
    await key("POST", f"{BOARD}/1/acknowledge", {})
    moved = await key("GET", f"{BOARD}/1", headers={"If-None-Match": by_number.headers["ETag"]})
    assert (moved.code, read(moved)["version"]) == (200, incident["version"] + 1)


async def test_every_command_answers_the_incident_and_its_events(site: Site, ports: Ports, acme: Org) -> None:
    key = await raised(site, ports, acme, "one")
    steps = [
        ("acknowledge", {}, "acknowledged"),
        ("unacknowledge", {}, "triggered"),
        ("note", {"text": "looking"}, "triggered"),
        ("severity", {"severity": "SEV1"}, "triggered"),
        ("mitigate", {}, "mitigated"),
        ("resolve", {}, "resolved"),
        ("reopen", {}, "triggered"),
        ("close", {}, "closed"),
    ]
    for command, body, status in steps:
        answer = await key("POST", f"{BOARD}/1/{command}", body)
        done = read(answer)
        assert (answer.code, done["changed"], done["incident"]["status"]) == (200, True, status), command
        assert done["events"][-1]["incidentversion"] == done["incident"]["version"]
    timeline = read(await key("GET", f"{BOARD}/1/timeline"))["data"]
    assert len(timeline) >= 2 + len(steps)
    assert timeline[0]["type"] == "incident.opened"


async def test_an_empty_body_is_an_empty_object(site: Site, ports: Ports, acme: Org) -> None:
    key = await raised(site, ports, acme, "one")
    assert (await key("POST", f"{BOARD}/1/acknowledge")).code == 200
    assert outcome(await key("POST", f"{BOARD}/1/note")) == (400, "invalid")


async def test_a_repeated_key_changes_nothing_and_says_so(site: Site, ports: Ports, acme: Org) -> None:
    key, once = await raised(site, ports, acme, "one"), {"Idempotency-Key": "note-1"}
    first = await key("POST", f"{BOARD}/1/note", {"text": "once"}, once)
    again = await key("POST", f"{BOARD}/1/note", {"text": "once"}, once)
    assert (first.code, read(first)["changed"], first.headers.get("Idempotent-Replayed")) == (200, True, None)
    assert (again.code, read(again)["changed"], again.headers["Idempotent-Replayed"]) == (200, False, "true")
    other = await key("POST", f"{BOARD}/1/note", {"text": "twice"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")
    for bad in ("x" * 256, "\xe9"):
        answer = await key("POST", f"{BOARD}/1/note", {"text": "x"}, {"Idempotency-Key": bad})
        assert outcome(answer) == (400, "invalid"), bad


async def test_a_loser_is_told_who_was_first(site: Site, ports: Ports, acme: Org) -> None:
    key = await raised(site, ports, acme, "one")
    ann = await site.signed_in("owner@acme.example")
    version = read(await key("GET", f"{BOARD}/1"))["version"]
    assert (await ann("POST", f"{BOARD}/1/severity", {"severity": "SEV1", "if_version": version})).code == 200
    lost = await key("POST", f"{BOARD}/1/severity", {"severity": "SEV2", "if_version": version})
    assert outcome(lost) == (409, "conflict")
    told = read(lost)
    assert (told["current"]["severity"], told["first"]["actorname"]) == ("SEV1", "Owner")
    assert told["first"]["type"] == "incident.severity_set"


async def test_what_the_lifecycle_forbids_is_a_conflict_of_its_own(
    site: Site, ports: Ports, acme: Org
) -> None:
    key = await raised(site, ports, acme, "one")
    assert (await key("POST", f"{BOARD}/1/resolve", {})).code == 200
    assert outcome(await key("POST", f"{BOARD}/1/acknowledge", {})) == (409, "not_allowed_now")
    assert outcome(await key("POST", f"{BOARD}/1/explode", {})) == (404, "not_found")


async def test_an_incident_can_be_opened_by_hand(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    [service] = read(await key("GET", "/api/v1/orgs/acme/services"))["data"]
    asked = {"title": "Something smells", "service": service["id"], "severity": "SEV2"}
    opened = await key("POST", BOARD, asked)
    assert (opened.code, read(opened)["status"]) == (201, "triggered")
    assert read(await key("GET", opened.headers["Location"])) == read(opened)
    [foreign] = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/services"))["data"]
    answers = [
        (await key("POST", BOARD, asked | {"service": id}, {"X-Request-ID": "the-same"})).body
        for id in (foreign["id"], "svc_" + "0" * 26)
    ]
    assert answers[0] == answers[1]
    assert msgspec.json.decode(answers[0])["errors"][0]["pointer"] == "/service"


async def test_the_organization_says_what_the_caller_may_do(site: Site, acme: Org) -> None:
    shown = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme"))
    assert (shown["slug"], shown["nobody_is_paged"]) == ("acme", True)
    assert "incident:acknowledge" in shown["actions"]


async def test_the_audit_log_comes_in_pages(site: Site, ports: Ports, acme: Org) -> None:
    key = await raised(site, ports, acme, "one")
    first = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))
    second = read(await key("GET", f"/api/v1/orgs/acme/audit?limit=1&cursor={first['next_cursor']}"))
    assert [page["data"][0]["action"] for page in (first, second)] == ["alert.fired", "incident.opened"]


async def test_only_dead_letters_can_be_listed(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/receipts?state=done")
    assert outcome(answer) == (400, "invalid")


async def test_a_number_past_every_column_is_no_fault_of_ours(site: Site, ports: Ports, acme: Org) -> None:
    key = await raised(site, ports, acme, "one")
    for version in (2**31, 2**53, 2**63):
        answer = await key("POST", f"{BOARD}/1/resolve", {"if_version": version})
        assert outcome(answer) == (400, "invalid"), version
    early = await key("POST", f"{BOARD}/1/resolve", {"if_version": 2**31 - 1})
    assert outcome(early) == (409, "conflict")
    for number in ("999999999999999", "9" * 30):
        assert outcome(await key("GET", f"{BOARD}/{number}")) == (404, "not_found"), number
