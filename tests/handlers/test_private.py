"""Private incidents: for who is not named they are in no list, no number, no count, no receipt, no audit."""

from __future__ import annotations

from typing import Any

import pytest
from line import alarm, fire
from orgs import Org
from scene import Scene, build
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, parse, text
from hub.contract.words import Role, Scope
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
ORG = "/api/v1/orgs/acme"
SAME = {"X-Request-ID": "the-same"}


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, site: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, site, acme), timeout=20)
    return made


async def listed(site: Site) -> set[str]:
    """The ids of all incidents that are listed."""
    return {each["id"] for each in read(await site("GET", f"{ORG}/incidents?status=all&limit=200"))["data"]}


@pytest.mark.parametrize("scope", [Scope.ORGANIZATION, Scope.TEAM, Scope.SERVICE])
async def test_who_is_not_named_finds_nothing(scene: Scene, scope: Scope) -> None:
    site, incident = await scene.actor(Role.ADMIN, scope), scene.mine.incident
    number = read(await site("GET", f"{ORG}/incidents/{incident}"))["number"]
    before = await listed(site)
    await scene.hide(incident)
    assert await listed(site) == before - {incident}
    for reference, missing in ((incident, text("incident", new())), (str(number), "99999")):
        for method, path, body in (
            ("GET", "", None), ("GET", "/timeline", None), ("POST", "/acknowledge", {}),
            ("POST", "/note", {"text": "hello"}), ("POST", "/reopen", {}),
        ):  # fmt: skip
            answers = [
                await site(method, f"{ORG}/incidents/{one}{path}", body, SAME) for one in (reference, missing)
            ]
            assert outcome(answers[0]) == (404, "not_found")
            assert answers[0].body == answers[1].body
            assert list(answers[0].headers) == list(answers[1].headers)


async def test_who_is_named_sees_it_and_does_what_the_role_allows(scene: Scene) -> None:
    site, incident = await scene.actor(Role.OBSERVER, Scope.INCIDENT), scene.mine.incident
    await scene.hide(incident)
    shown = read(await site("GET", f"{ORG}/incidents/{incident}"))
    assert shown["private"] is True
    assert await listed(site) == {incident}
    assert read(await site("GET", f"{ORG}/incidents/{shown['number']}"))["id"] == incident
    assert read(await site("GET", f"{ORG}/incidents/{incident}/timeline"))["data"]
    assert outcome(await site("POST", f"{ORG}/incidents/{incident}/note", {"text": "x"})) == (
        403,
        "forbidden",
    )
    whole, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.ORGANIZATION, None)
    await scene.sql(
        "INSERT INTO role_binding SELECT tenant_id, $1, 'key', $2, 'responder', 'incident', $3, now()"
        " FROM incident WHERE id = $3",
        new(), parse("key", key), parse("incident", incident),
    )  # fmt: skip
    assert incident in await listed(whole)
    assert (await whole("POST", f"{ORG}/incidents/{incident}/note", {"text": "x"})).code == 200
    other = await whole("POST", f"{ORG}/incidents/{scene.other.incident}/note", {"text": "x"})
    assert outcome(other) == (403, "forbidden")


async def test_it_counts_for_nothing_and_its_changes_keep_it_private(scene: Scene) -> None:
    path = f"{ORG}/services/{scene.mine.service}"
    before = read(await scene.admin("GET", path))["open_incidents"]
    named = await scene.actor(Role.RESPONDER, Scope.INCIDENT)
    await scene.hide(scene.mine.incident)
    assert read(await scene.admin("GET", path))["open_incidents"] == before - 1
    for command in ("acknowledge", "mitigate", "resolve", "reopen"):
        done = await named("POST", f"{ORG}/incidents/{scene.mine.incident}/{command}", {})
        assert read(done)["incident"]["private"] is True
    assert outcome(await scene.admin("GET", f"{ORG}/incidents/{scene.mine.incident}")) == (404, "not_found")


async def test_receipts_name_it_to_those_alone_who_are_named(scene: Scene) -> None:
    await fire(scene.ports, scene.org, alarm("secret"))
    receipt, site = scene.mine.receipt, await scene.actor(Role.OBSERVER, Scope.SERVICE)
    path, sent = f"{ORG}/receipts/{receipt}", f"/api/v1/ingest/receipts/{receipt}"
    sender = scene.admin.with_key(scene.org.integration_key)
    [item] = read(await site("GET", path))["items"]
    assert item["incident"]
    assert item["alert"]
    await scene.hide(item["incident"])
    for asked in (await site("GET", path), await scene.admin("GET", path), await sender("GET", sent)):
        [told] = read(asked)["items"]
        assert (told["incident"], told["alert"]) == (None, None)
        assert (told["decision"], told["dedup_key"]) == (item["decision"], item["dedup_key"])
        assert item["incident"].encode() not in asked.body
    both, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    await scene.sql(
        "INSERT INTO role_binding SELECT tenant_id, $1, 'key', $2, 'observer', 'incident', $3, now()"
        " FROM incident WHERE id = $3",
        new(), parse("key", key), parse("incident", item["incident"]),
    )  # fmt: skip
    assert read(await both("GET", path))["items"] == [item]


async def test_a_dead_letter_of_it_shows_no_raw_body(scene: Scene) -> None:
    await scene.sql("UPDATE inbox SET state = 'dead' WHERE id = $1", parse("receipt", scene.mine.receipt))
    path = f"{ORG}/receipts/{scene.mine.receipt}"
    shown = read(await scene.admin("GET", path))
    assert shown["body"]
    await scene.hide(shown["items"][0]["incident"])
    assert read(await scene.admin("GET", path))["body"] is None


async def test_the_audit_log_leaves_it_out(scene: Scene) -> None:
    note = f"{ORG}/incidents/{scene.mine.incident}/note"
    assert (await scene.admin("POST", note, {"text": "a secret plan"})).code == 200
    await scene.admin("POST", f"{ORG}/incidents/{scene.other.incident}/note", {"text": "an open plan"})
    assert b"a secret plan" in (await scene.admin("GET", f"{ORG}/audit")).body
    await scene.hide(scene.mine.incident)
    audit = await scene.admin("GET", f"{ORG}/audit")
    assert b"an open plan" in audit.body
    assert b"a secret plan" not in audit.body
    assert scene.mine.incident.encode() not in audit.body


async def test_roles_for_it_are_listed_to_those_alone_who_are_named(scene: Scene) -> None:
    site, key = await scene.nobody()
    made = await scene.bind(key, Role.OBSERVER, Scope.INCIDENT, scene.mine.incident)
    assert made["scope"]["id"] == scene.mine.incident
    await scene.hide(scene.mine.incident)
    for method, path in (("GET", f"{ORG}/bindings/{made['id']}"), ("DELETE", f"{ORG}/bindings/{made['id']}")):
        assert outcome(await scene.admin(method, path, None, {"If-Match": '"1"'})) == (404, "not_found")
    assert scene.mine.incident.encode() not in (await scene.admin("GET", f"{ORG}/bindings?limit=200")).body
    asked = {"subject": key, "role": "responder", "scope": {"kind": "incident", "id": scene.mine.incident}}
    refused = await scene.admin("POST", f"{ORG}/bindings", asked)
    assert (outcome(refused), read(refused)["errors"][0]["pointer"]) == ((400, "invalid"), "/scope/id")
    await scene.bind(key, Role.OBSERVER, Scope.ORGANIZATION, None)
    assert scene.mine.incident.encode() in (await site("GET", f"{ORG}/bindings?limit=200")).body


async def test_no_other_incident_links_to_it(scene: Scene) -> None:
    await fire(scene.ports, scene.org, alarm("again"))
    newest = max(await listed(scene.admin))
    assert (await scene.admin("POST", f"{ORG}/incidents/{newest}/resolve", {})).code == 200
    await fire(scene.ports, scene.org, alarm("again"))
    after = max(await listed(scene.admin))
    assert read(await scene.admin("GET", f"{ORG}/incidents/{after}"))["recurs"] == newest
    await scene.hide(newest)
    assert read(await scene.admin("GET", f"{ORG}/incidents/{after}"))["recurs"] is None
    assert (await scene.admin("POST", f"{ORG}/incidents/{after}/resolve", {})).code == 200
    await scene.hide(after)
    await fire(scene.ports, scene.org, alarm("again"))
    fresh = max(await listed(scene.admin))
    opened = await scene.admin("GET", f"{ORG}/incidents/{fresh}/timeline")
    assert after.encode() not in opened.body
    assert newest.encode() not in opened.body


async def test_who_reopens_learns_of_no_rival_that_is_out_of_sight(scene: Scene) -> None:
    await fire(scene.ports, scene.org, alarm("twice"))
    first = max(await listed(scene.admin))
    assert (await scene.admin("POST", f"{ORG}/incidents/{first}/resolve", {})).code == 200
    await fire(scene.ports, scene.org, alarm("twice"))
    rival = max(await listed(scene.admin))
    number = read(await scene.admin("GET", f"{ORG}/incidents/{rival}"))["number"]
    narrow = await scene.actor(Role.RESPONDER, Scope.INCIDENT, first)
    for site, is_told in ((scene.admin, True), (narrow, False)):
        refused = await site("POST", f"{ORG}/incidents/{first}/reopen", {})
        assert outcome(refused) == (409, "not_allowed_now")
        assert (f"#{number}" in read(refused)["detail"]) is is_told
    await scene.hide(rival)
    refused = await scene.admin("POST", f"{ORG}/incidents/{first}/reopen", {})
    assert f"#{number}" not in read(refused)["detail"]
