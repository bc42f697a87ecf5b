"""Heartbeats: made by REST, pinged by their senders, found late when nobody else is to blame."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from crew import kinds
from line import alarm, connected, drain, fire, receipt, shown
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import text
from hub.contract.words import Role
from hub.services import listening
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
HEARTBEATS = "/api/v1/orgs/acme/heartbeats"
PING = "/api/v1/ingest/heartbeats/nightly"


async def made(site: Site, org: Org, **fields: object) -> tuple[dict[str, Any], str]:
    """A new heartbeat, and where it is."""
    asked = {
        "name": "nightly", "integration": text("integration", org.integration_id), "interval_seconds": 60,
        "grace_seconds": 30, **fields,
    }  # fmt: skip
    path = f"/api/v1/orgs/{org.slug}/heartbeats"
    answer = await site.with_key(org.api_key)("POST", path, asked)
    assert answer.code == 201, answer.body
    return read(answer), answer.headers["Location"]


async def ping(site: Site, ports: Ports, org: Org, path: str = PING) -> str:
    """One ping, processed; its receipt."""
    answer = await site.with_key(org.integration_key)("POST", path, b"")
    assert answer.code == 202, answer.body
    await drain(ports, org)
    return str(read(answer)["receipt_id"])


async def ago(database: Database, seconds: int, listens_since: int = 86_400, until: int = 0) -> None:
    """Let the last ping, and its timer, be this long ago, and the hub have listened since and until then."""
    async with connected(database.admin_url) as admin:
        span = timedelta(seconds=seconds)
        await admin.execute("UPDATE heartbeat SET last_ping_at = now() - $1::interval", span)
        await admin.execute(
            "UPDATE timer SET due = now() - $1::interval + interval '90 s' WHERE kind = 'heartbeat'", span
        )
        await admin.execute(
            "UPDATE listening SET since = now() - $1::interval, until = now() - $2::interval",
            timedelta(seconds=listens_since), timedelta(seconds=until),
        )  # fmt: skip


async def status(site: Site, org: Org, path: str) -> tuple[str, bool]:
    """How a heartbeat does, and whether something is due."""
    found = read(await site.with_key(org.api_key)("GET", path))
    return found["status"], found["due_at"] is not None


async def test_a_heartbeat_is_made_listed_changed_and_deleted(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    heartbeat, path = await made(site, acme)
    assert (heartbeat["status"], heartbeat["due_at"], heartbeat["version"]) == ("waiting", None, 1)
    assert heartbeat["url"].endswith(PING)
    shown_again = await key("GET", path)
    assert (read(shown_again), shown_again.headers["ETag"]) == (heartbeat, '"1"')
    assert read(await key("GET", HEARTBEATS))["data"] == [heartbeat]
    taken = await key("POST", HEARTBEATS, {**asked_again(heartbeat), "interval_seconds": 10})
    assert (outcome(taken), read(taken)["errors"][0]["pointer"]) == ((400, "invalid"), "/name")
    changed = await key("PATCH", path, {"interval_seconds": 120, "fed_by": "Watchdog"}, {"If-Match": '"1"'})
    assert (read(changed)["interval_seconds"], read(changed)["fed_by"]) == (120, "Watchdog")
    assert outcome(await key("PATCH", path, {"grace_seconds": 1}, {"If-Match": '"1"'})) == (412, "stale")
    assert (await key("DELETE", path, headers={"If-Match": '"2"'})).code == 204
    assert (await key("GET", path)).code == 404
    assert await kinds(key, 3) == ["heartbeat.created", "heartbeat.changed", "heartbeat.deleted"]


def asked_again(heartbeat: dict[str, Any]) -> dict[str, Any]:
    return {"name": heartbeat["name"], "integration": heartbeat["integration"]["id"]}


async def test_nobody_sees_or_pings_what_is_another_organizations(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    _, path = await made(site, acme)
    foreign = site.with_key(globex.api_key)
    assert (await foreign("GET", path.replace("/acme/", "/globex/"))).code == 404
    asked = {
        "name": "x", "integration": text("integration", acme.integration_id), "interval_seconds": 60
    }  # fmt: skip
    refused = await foreign("POST", "/api/v1/orgs/globex/heartbeats", asked)
    assert read(refused)["errors"][0]["pointer"] == "/integration"
    item = (await receipt(ports, globex, await ping(site, ports, globex))).items[0]
    assert (item.decision, item.rule) == ("ignored", "no heartbeat of this integration has this name")
    assert await status(site, acme, path) == ("waiting", False)
    observer = site.with_key(await key_of(ports, acme, Role.OBSERVER))
    assert (await observer("GET", path)).code == 200
    assert outcome(await observer("DELETE", path, headers={"If-Match": '"1"'})) == (403, "forbidden")
    assert (await site("POST", PING, b"")).code == 401


@pytest.mark.parametrize("name", ["", "a b", "a/b", "fed:x", "nightly\n", "-x", "x" * 101])
async def test_a_name_is_a_segment_of_an_address(site: Site, acme: Org, name: str) -> None:
    asked = {"name": name, "integration": text("integration", acme.integration_id), "interval_seconds": 60}
    refused = await site.with_key(acme.api_key)("POST", HEARTBEATS, asked)
    assert read(refused)["errors"][0]["pointer"] == "/name"


async def test_a_silence_opens_an_incident_which_the_next_ping_resolves(
    site: Site, ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await listening.beat(ports)
    _, path = await made(site, acme)
    await made(site, globex)
    await ping(site, ports, globex)
    item = (await receipt(ports, acme, await ping(site, ports, acme))).items[0]
    assert (item.decision, item.rule) == ("recorded", "a ping of a heartbeat")
    assert await status(site, acme, path) == ("alive", True)
    async with connected(database.admin_url) as admin:
        await admin.execute("DELETE FROM timer WHERE tenant_id = $1", globex.tenant)
    await ago(database, 89)
    await drain(ports, acme, kind="timers")
    assert (await status(site, acme, path), await shown(ports, acme)) == (("alive", True), [])
    await ago(database, 91)
    await drain(ports, acme, kind="timers")
    assert await status(site, acme, path) == ("late", False)
    [late] = await shown(ports, acme)
    assert (late.title, late.status, late.alerts.firing) == ("Heartbeat nightly is late", "triggered", 1)
    await drain(ports, acme, kind="timers")
    assert len(await shown(ports, acme)) == 1
    await ping(site, ports, acme)
    [over] = await shown(ports, acme)
    assert (over.status, await status(site, acme, path)) == ("resolved", ("alive", True))
    assert await shown(ports, globex) == []


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (86_400, 0, "late"),
        (86_400, 11, "alive"),  # nobody listens
        (30, 0, "alive"),  # it was away until half a minute ago: the whole time is there again
        (91, 0, "late"),
    ],
)
async def test_our_own_downtime_is_nobodys_silence(
    site: Site, ports: Ports, database: Database, acme: Org, since: int, until: int, expected: str
) -> None:
    await listening.beat(ports)
    _, path = await made(site, acme)
    await ping(site, ports, acme)
    await ago(database, 3_600, since, until)
    await drain(ports, acme, kind="timers")
    assert (await status(site, acme, path))[0] == expected


async def test_a_ping_that_is_stored_and_not_yet_processed_counts(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    await listening.beat(ports)
    _, path = await made(site, acme)
    await ping(site, ports, acme)
    await ago(database, 3_600)
    await site.with_key(acme.integration_key)("POST", PING, b"")
    await drain(ports, acme, kind="timers")
    assert (await status(site, acme, path))[0] == "alive"
    await drain(ports, acme)
    assert (await status(site, acme, path), await shown(ports, acme)) == (("alive", True), [])


async def test_an_event_of_our_format_and_an_alert_that_always_fires_are_pings(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    _, path = await made(site, acme, fed_by="Watchdog")
    await fire(ports, acme, {"action": "heartbeat", "dedup_key": "nightly"})
    assert (await status(site, acme, path))[0] == "alive"
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE heartbeat SET last_ping_at = NULL")
    for event in ("resolve", "trigger"):
        await fire(ports, acme, alarm("w", event, labels={"alertname": "Watchdog"}))
        expected = "alive" if event == "trigger" else "waiting"
        assert (await status(site, acme, path))[0] == expected
    assert await shown(ports, acme) == []


async def test_a_watchdog_makes_its_own_heartbeat_and_opens_no_incident(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    await listening.beat(ports)
    key = site.with_key(acme.api_key)
    await made(site, acme, name="DeadMansSwitch")
    where = f"/integrations/alertmanager/{text('integration', acme.integration_id)}"
    alerts = [
        {"status": "firing", "labels": {"alertname": name}, "fingerprint": name}
        for name in ("Watchdog", "DeadMansSwitch")
    ]
    sender = site.with_key(acme.integration_key)
    for _ in range(2):
        sent = await sender("POST", f"{where}/webhook", {"version": "4", "groupKey": "g", "alerts": alerts})
        assert sent.code == 202
        await drain(ports, acme)
    listed = read(await key("GET", HEARTBEATS))["data"]
    assert [(each["name"], each["fed_by"], each["status"], each["interval_seconds"]) for each in listed] == [
        ("DeadMansSwitch", "", "waiting", 60),
        ("DeadMansSwitch-2", "DeadMansSwitch", "alive", 21_600),
        ("Watchdog", "Watchdog", "alive", 21_600),
    ]
    assert {
        (item.decision, item.rule) for item in (await receipt(ports, acme, read(sent)["receipt_id"])).items
    } == {("recorded", "a ping of a heartbeat")}
    assert await shown(ports, acme) == []
    await ago(database, 30_000)
    await drain(ports, acme, kind="timers")
    assert [incident.title for incident in await shown(ports, acme)] == [
        "Heartbeat DeadMansSwitch-2 is late", "Heartbeat Watchdog is late",
    ]  # fmt: skip


async def test_a_watchdog_of_a_generic_event_is_an_alert_like_any_other(
    site: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("w", labels={"alertname": "Watchdog"}))
    assert len(await shown(ports, acme)) == 1


async def test_deleting_a_late_one_clears_its_alert(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    await listening.beat(ports)
    _, path = await made(site, acme)
    await ping(site, ports, acme)
    await ago(database, 3_600)
    await drain(ports, acme, kind="timers")
    assert (await shown(ports, acme))[0].status == "triggered"
    gone = await site.with_key(acme.api_key)("DELETE", path, headers={"If-Match": '"1"'})
    assert (gone.code, (await shown(ports, acme))[0].status) == (204, "resolved")
