"""Who leaves, is removed, or runs out of time: what goes with them, what is told, and who may not go."""

from __future__ import annotations

from typing import Any

import pytest
from crew import Person, hire, kinds, version
from line import connected, drain, until
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"
MEMBERS, INCIDENTS = f"{ORG}/members", f"{ORG}/incidents"


async def opened(ask: Site, title: str = "Smoke", slug: str = "acme") -> str:
    """A new incident of the first service."""
    org = f"/api/v1/orgs/{slug}"
    [service] = read(await ask("GET", f"{org}/services"))["data"]
    answer = await ask("POST", f"{org}/incidents", {"title": title, "service": service["id"]})
    return str(read(answer)["id"])


async def led(ask: Site, incident: str, person: Person) -> None:
    """Make a person its commander."""
    answer = await ask("POST", f"{INCIDENTS}/{incident}/commander", {"commander": person.member})
    assert (answer.code, read(answer)["incident"]["commander"]) == (200, person.member), answer.body


async def last(ask: Site, incident: str) -> dict[str, Any]:
    """The newest event of a timeline."""
    return dict(read(await ask("GET", f"{INCIDENTS}/{incident}/timeline?limit=200"))["data"][-1])


async def commander(ask: Site, incident: str) -> str | None:
    found: str | None = read(await ask("GET", f"{INCIDENTS}/{incident}"))["commander"]
    return found


async def hide(database: Database, incident: str) -> None:
    """Make an incident private by hand: there is no command for it yet."""
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE incident SET private = true WHERE title = $1", incident)


async def test_a_responder_assigns_hands_over_and_vacates_the_command(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.RESPONDER)
    eve = await hire(ports, site, globex, "Eve", Role.RESPONDER)
    low = await hire(ports, site, acme, "Olga", Role.OBSERVER)
    incident = await opened(bob.browser)
    path = f"{INCIDENTS}/{incident}/commander"
    await led(bob.browser, incident, bob)
    event = await last(bob.browser, incident)
    assert (event["type"], event["data"]["name"]) == ("incident.commander_assigned", "Bob")
    again = await bob.browser("POST", path, {"commander": bob.member})
    assert not read(again)["changed"]
    answers = [
        await bob.browser("POST", path, {"commander": each}, {"X-Request-ID": "same"})
        for each in (eve.member, text("member", new()), "x", low.member)
    ]
    assert {(answer.code, answer.body) for answer in answers} == {(400, answers[0].body)}
    assert read(answers[0])["errors"][0]["pointer"] == "/commander"
    assert outcome(await bob.browser("POST", path, {})) == (400, "invalid")
    assert outcome(await low.browser("POST", path, {"commander": None})) == (403, "forbidden")
    assert read(await bob.browser("POST", path, {"commander": None}))["incident"]["commander"] is None
    assert (await last(bob.browser, incident))["data"] == {"was": bob.member, "reason": "command"}


async def test_nobody_commands_a_private_incident_that_they_cannot_see(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.ADMIN)
    key = site.with_key(acme.api_key)
    incident = await opened(key, "Secret")
    tenant = acme.tenant
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE incident SET private = true WHERE tenant_id = $1", tenant)
        await admin.execute(
            "INSERT INTO role_binding (tenant_id, id, subject_kind, subject_id, role, scope_kind, scope_id,"
            " created_at) SELECT $1, gen_random_uuid(), 'key', subject, 'responder', 'incident',"
            " (SELECT id FROM incident WHERE tenant_id = $1), now() FROM credential"
            " WHERE tenant_id = $1 AND kind = 'api_key'",
            tenant,
        )
    refused = await key("POST", f"{INCIDENTS}/{incident}/commander", {"commander": bob.member})
    assert read(refused)["errors"][0]["pointer"] == "/commander"


async def test_a_removal_tells_and_vacates_everything(
    site: Site, ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    path = f"{MEMBERS}/{bob.member}"
    mine = [await opened(key, title) for title in ("Smoke", "Fire", "Over", "Secret")]
    for incident in mine:
        await led(key, incident, bob)
    await key("POST", f"{INCIDENTS}/{mine[2]}/resolve", {})
    await hide(database, "Secret")
    made = read(await bob.browser("POST", f"{ORG}/keys", {"name": "Bot", "role": "observer"}))
    [service] = read(await key("GET", f"{ORG}/services"))["data"]
    source = read(await bob.browser("POST", f"{ORG}/integrations", {"name": "S", "service": service["id"]}))
    held = read(await key("GET", f"{path}/holds"))
    assert [each["title"] for each in held["commands"]] == ["Fire", "Smoke"], "and no private one"
    assert held["keys"] == [{"id": made["id"], "name": "Bot"}, {"id": source["id"], "name": "S"}]
    assert (await key("DELETE", path, None, await version(key, path))).code == 204
    for incident in mine[:2]:
        event = await last(key, incident)
        assert (event["type"], event["data"]) == (
            "incident.commander_vacated",
            {"was": bob.member, "reason": "removed"},
        )
        assert await commander(key, incident) is None
    assert await commander(key, mine[2]) == bob.member, "who led what is over did"
    async with connected(database.admin_url) as admin:
        left = await admin.fetchval("SELECT commander_id FROM incident WHERE title = 'Secret'")
    assert left is None
    [entry] = read(await key("GET", f"{ORG}/audit?limit=1"))["data"]
    assert (entry["action"], entry["data"]["reason"]) == ("member.removed", "removed")
    assert sorted(entry["data"]["commanded"]) == sorted(mine[:2])
    assert entry["data"]["keys"] == [made["id"], source["id"]]
    assert (await site.with_key(made["secret"])("GET", INCIDENTS)).code == 200, "keys are the organization's"


async def test_one_leaves_with_any_role_and_stays_elsewhere(
    site: Site, ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.RESPONDER), site.with_key(acme.api_key)
    incident = await opened(bob.browser)
    await led(bob.browser, incident, bob)
    made = await bob.browser("POST", "/api/v1/orgs", {"slug": "own", "name": "Own"})
    assert made.code == 201
    browser = await site.signed_in("bob@acme.example")
    async with connected(database.admin_url) as admin:
        await admin.execute("DELETE FROM role_binding WHERE subject_kind = 'member' AND role = 'responder'")
    assert outcome(await browser("GET", MEMBERS)) == (403, "forbidden"), "no role is left"
    assert outcome(await browser("DELETE", "/api/v1/orgs/globex/me")) == (404, "not_found")
    assert (await browser("DELETE", f"{ORG}/me")).code == 204
    assert outcome(await browser("GET", MEMBERS)) == (404, "not_found")
    assert outcome(await browser("DELETE", f"{ORG}/me")) == (404, "not_found")
    assert (await browser("GET", "/api/v1/orgs/own/members")).code == 200, "the session works elsewhere"
    assert (await last(key, incident))["data"]["reason"] == "left"
    [entry] = read(await key("GET", f"{ORG}/audit?limit=1"))["data"]
    assert (entry["data"]["reason"], entry["actor"]["name"]) == ("left", "Bob")


async def test_the_last_owner_does_not_leave_and_keys_are_no_members(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    owner = await site.signed_in("owner@acme.example")
    refused = await owner("DELETE", f"{ORG}/me")
    assert outcome(refused) == (409, "not_allowed_now")
    assert "last owner" in read(refused)["detail"]
    assert (await owner("GET", MEMBERS)).code == 200
    assert outcome(await site.with_key(acme.api_key)("DELETE", f"{ORG}/me")) == (403, "forbidden")
    assert outcome(await site.with_key(await key_of(ports, globex, Role.OWNER))("DELETE", f"{ORG}/me")) == (
        404,
        "not_found",
    )
    bob = await hire(ports, site, acme, "Bob", Role.OWNER)
    assert (await owner("DELETE", f"{ORG}/me")).code == 204
    assert outcome(await bob.browser("DELETE", f"{ORG}/me")) == (409, "not_allowed_now")


async def run_out(database: Database, name: str) -> None:
    """Let a member's time be up, and the timer of it be due."""
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE membership SET expires_at = now() WHERE display_name = $1", name)
        await admin.execute("UPDATE timer SET due = now()")


async def test_a_membership_whose_time_is_up_ends_for_good(
    site: Site, ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    eve = await hire(ports, site, globex, "Eve", Role.ADMIN)
    path, soon = f"{MEMBERS}/{bob.member}", {"expires_at": "2099-01-01T00:00:00Z"}
    assert (await key("PATCH", path, soon, await version(key, path))).code == 200
    incident = await opened(key)
    await led(key, incident, bob)
    await drain(ports, acme, globex, kind="timers")
    assert await commander(key, incident) == bob.member, "the time is not up"
    await run_out(database, "Bob")
    assert await work.due(ports, "timers", None) == [acme.tenant]
    await drain(ports, acme, globex, kind="timers")
    assert await commander(key, incident) is None
    event = await last(key, incident)
    assert (event["data"]["reason"], event["actor"]) == ("expired", "system:sweeper")
    assert await kinds(key, 2) == ["incident.commander_vacated", "member.removed"]
    await drain(ports, acme, globex, kind="timers")
    assert await kinds(key, 2) == ["incident.commander_vacated", "member.removed"], "once"
    assert await work.due(ports, "timers", None) == []
    assert (await eve.browser("GET", "/api/v1/orgs/globex/members")).code == 200


async def test_an_end_that_was_taken_away_does_not_come(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    path, soon = f"{MEMBERS}/{bob.member}", {"expires_at": "2099-01-01T00:00:00Z"}
    await key("PATCH", path, soon, await version(key, path))
    await key("PATCH", path, {"expires_at": None}, await version(key, path))
    assert await timers(database) == 0
    await key("PATCH", path, soon, await version(key, path))
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE timer SET due = now()")
    await drain(ports, acme, kind="timers")
    assert (await bob.browser("GET", MEMBERS)).code == 200, "a timer asks whether the time is up"
    await key("PATCH", path, soon | {"display_name": "Bobby"}, await version(key, path))
    assert (await key("DELETE", path, None, await version(key, path))).code == 204
    assert await timers(database) == 0, "nothing comes after a removal"


async def timers(database: Database) -> int:
    async with connected(database.admin_url) as admin:
        found: int = await admin.fetchval("SELECT count(*) FROM timer")
        return found


async def test_a_commander_whose_end_was_set_before_is_vacated_too(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.ADMIN), site.with_key(acme.api_key)
    async with connected(database.admin_url) as admin:
        await admin.execute(
            "UPDATE membership SET expires_at = now() + interval '1 h' WHERE display_name = 'Bob'"
        )
    incident = await opened(key)
    await led(key, incident, bob)
    await run_out(database, "Bob")
    await drain(ports, acme, kind="timers")
    await until(lambda: vacated(key, incident))


async def vacated(key: Site, incident: str) -> bool:
    return await commander(key, incident) is None
