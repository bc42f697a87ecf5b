"""Undo of pings and of what was done to heartbeats: late is late again, and what was made, changed and
deleted is as before, unless somebody has gone on from there."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import msgspec
import pytest
from leak import OURS, STRANGE, corrected, left, owner, told, undo
from line import CONTEXT, connected, do, drain, granted, put, receipt, row, shown
from orgs import Org
from servers import Database

from hub.contract.heartbeats import HeartbeatPatch, HeartbeatResource, NewHeartbeat
from hub.contract.ids import text
from hub.contract.undo import Effects, Kept
from hub.contract.words import Action
from hub.domain.version import Expected
from hub.services import audit, heartbeats, incidents, listening, opsgenie_heartbeats
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports, RequestContext

pytestmark = pytest.mark.gen_test(timeout=60)
ANY = Expected(None)
WATCHDOG = b"""{"version":"4","groupKey":"g","externalURL":"http://am",
"alerts":[{"status":"firing","labels":{"alertname":"Watchdog"}}]}"""


async def expected(ports: Ports, org: Org, name: str = "nightly") -> HeartbeatResource:
    """A heartbeat of a minute that a person has made."""
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    integration = text("integration", org.integration_id)
    asked = NewHeartbeat(name=name, integration=integration, interval_seconds=60, grace_seconds=30)
    made, _ = await heartbeats.add(ports, grant, asked, None, CONTEXT)
    return made


async def ping(
    ports: Ports, org: Org, address: str, body: object = None, format: str = "generic", hours: int = 0
) -> str:
    """A ping that came from an address, so long ago, processed; its receipt."""
    said = body or {"action": "heartbeat", "dedup_key": "nightly"}
    then = dataclasses.replace(ports, clock=lambda: ports.clock() - timedelta(hours=hours))
    [kept] = await put(ports, msgspec.structs.replace(row(then, org, said, format=format), address=address))
    await drain(ports, org)
    return kept


async def listed(ports: Ports, org: Org) -> list[tuple[str, str, int]]:
    """Name, status and interval of every heartbeat."""
    found = await heartbeats.page(ports, await granted(ports, org, Action.INTEGRATION_READ), 50, None)
    return [(each.name, each.status.value, each.interval_seconds) for each in found.data]


async def look(ports: Ports, database: Database, org: Org) -> None:
    """Let the timers of heartbeats fire; the hub has listened for long."""
    await listening.beat(ports)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE listening SET since = now() - interval '1 day', until = now()")
    await drain(ports, org, kind="timers")


async def late(ports: Ports, database: Database, org: Org) -> None:
    """A heartbeat that we have pinged an hour ago, so that its alarm has fired."""
    await expected(ports, org)
    await ping(ports, org, OURS, hours=1)
    await look(ports, database, org)


def key(org: Org, address: str = STRANGE) -> tuple[IntegrationRef, RequestContext]:
    """Whose key it is, and a request that comes from there."""
    return IntegrationRef(org.tenant, org.integration_id), msgspec.structs.replace(CONTEXT, address=address)


async def log_of(ports: Ports, org: Org) -> list[str]:
    """The kinds of events about heartbeats, oldest first."""
    page = await audit.page(ports, await granted(ports, org, Action.AUDIT_READ), 100, None)
    return [each.action for each in page.data[::-1] if each.action.startswith("heartbeat.")]


async def test_a_false_ping_that_put_an_alarm_off_is_taken_back(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await expected(ports, org)
        await ping(ports, org, OURS, hours=1)
        for _ in range(3):
            await ping(ports, org, STRANGE)
    await look(ports, database, acme)
    assert (await listed(ports, acme), await shown(ports, acme)) == ([("nightly", "alive", 60)], [])
    tried = await undo(ports, acme, STRANGE, preview=True)
    assert tried.effects == Effects(pings=3)
    done = await undo(ports, acme, STRANGE)
    assert [(each.what, each.name) for each in done.undone] == [("heartbeat.pinged", "nightly")]
    assert (done.undone, done.kept, tried.undone) == (tried.undone, [], tried.undone)
    await look(ports, database, acme)
    assert await listed(ports, acme) == [("nightly", "late", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "triggered", 1, 1)]
    assert (await undo(ports, acme, STRANGE)).receipts == 0
    assert await log_of(ports, acme) == ["heartbeat.created", "heartbeat.pings_corrected"]
    await look(ports, database, globex)
    assert await listed(ports, globex) == [("nightly", "alive", 60)]


async def test_a_false_ping_that_cleared_an_alarm_is_taken_back(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await late(ports, database, acme)
    await ping(ports, acme, STRANGE)
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]
    done = await undo(ports, acme, STRANGE)
    assert [each.what for each in done.undone] == ["heartbeat.pinged", "alert.cleared"]
    assert await listed(ports, acme) == [("nightly", "late", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "triggered", 1, 1)]
    [incident] = await shown(ports, acme)
    assert await corrected(ports, acme, incident.id) == {
        "incident.reopened": "alert.cleared",
        "alert.restored": "alert.cleared",
    }
    await look(ports, database, acme)
    assert len(await shown(ports, acme)) == 1
    await ping(ports, acme, OURS)
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]
    assert await listed(ports, acme) == [("nightly", "alive", 60)]


async def test_what_a_true_ping_has_confirmed_stays(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await late(ports, database, acme)
    await ping(ports, acme, STRANGE)
    await ping(ports, acme, OURS)
    done = await undo(ports, acme, STRANGE)
    assert (done.effects.pings, done.undone, done.kept) == (1, [], [])
    await look(ports, database, acme)
    assert await listed(ports, acme) == [("nightly", "alive", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]


async def test_pings_of_several_addresses_are_undone_one_after_the_other(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await expected(ports, acme)
    await ping(ports, acme, OURS, hours=1)
    for address in (STRANGE, "198.51.100.8", STRANGE, "198.51.100.8"):
        await ping(ports, acme, address)
    assert (await undo(ports, acme, STRANGE)).undone == []
    assert [each.what for each in (await undo(ports, acme, "198.51.100.8")).undone] == ["heartbeat.pinged"]
    await look(ports, database, acme)
    assert await listed(ports, acme) == [("nightly", "late", 60)]


async def test_an_alarm_that_a_person_has_closed_stays_closed_and_is_raised_anew(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await late(ports, database, acme)
    await ping(ports, acme, STRANGE)
    [incident] = await shown(ports, acme)
    await do(ports, await owner(ports, acme), incident.id, "close")
    assert left(await undo(ports, acme, STRANGE)) == [("alert.cleared", Kept.ENDED)]
    await look(ports, database, acme)
    assert [each[1] for each in await told(ports, acme)] == ["closed", "triggered"]


async def test_an_alarm_that_only_a_false_ping_had_led_to_clears(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await expected(ports, acme)
    await ping(ports, acme, STRANGE, hours=1)
    await look(ports, database, acme)
    assert await told(ports, acme) == [("Heartbeat nightly is late", "triggered", 1, 1)]
    await undo(ports, acme, STRANGE)
    assert await listed(ports, acme) == [("nightly", "waiting", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]


async def test_what_the_key_made_goes_unless_it_was_changed_or_others_ping_it(
    ports: Ports, acme: Org, globex: Org
) -> None:
    of, context = key(acme)
    for name in ("false", "changed", "pinged"):
        made = await opsgenie_heartbeats.make(ports, of, name, 600, True, context)
        if name == "changed":
            grant = await granted(ports, acme, Action.INTEGRATION_MANAGE)
            asked = HeartbeatPatch(grace_seconds=5)
            await heartbeats.patch(ports, grant, text("heartbeat", made.id), asked, ANY, CONTEXT)
    for address, name in ((STRANGE, "false"), (OURS, "pinged")):
        await ping(ports, acme, address, {"action": "heartbeat", "dedup_key": name})
    tried = await undo(ports, acme, STRANGE, preview=True)
    done = await undo(ports, acme, STRANGE)
    assert done.effects == tried.effects == Effects(heartbeats_made=3, pings=1)
    assert (done.undone, done.kept) == (tried.undone, tried.kept)
    assert sorted(left(done)) == [("heartbeat.created", Kept.CHANGED), ("heartbeat.created", Kept.OTHERS)]
    assert [each[0] for each in await listed(ports, acme)] == ["changed", "pinged"]


async def test_a_false_watchdog_makes_nothing_that_stays(ports: Ports, acme: Org, globex: Org) -> None:
    await ping(ports, acme, STRANGE, WATCHDOG, "alertmanager")
    assert [each[0] for each in await listed(ports, acme)] == ["Watchdog"]
    assert (await undo(ports, acme, STRANGE)).effects == Effects(pings=1, heartbeats_made=1)
    assert await listed(ports, acme) == []


async def test_what_the_key_changed_is_as_before_unless_a_person_has_changed_it_since(
    ports: Ports, acme: Org, globex: Org
) -> None:
    of, context = key(acme)
    made = {name: await expected(ports, acme, name) for name in ("a", "b")}
    for name in made:
        await opsgenie_heartbeats.alter(ports, of, name, 600, None, context)
        await opsgenie_heartbeats.alter(ports, of, name, 86_400, None, context)
    grant = await granted(ports, acme, Action.INTEGRATION_MANAGE)
    await heartbeats.patch(ports, grant, made["b"].id, HeartbeatPatch(interval_seconds=90), ANY, CONTEXT)
    done = await undo(ports, acme, STRANGE)
    assert done.effects == Effects(heartbeats_changed=4)
    assert left(done) == [("heartbeat.changed", Kept.CHANGED)] * 2
    assert await listed(ports, acme) == [("a", "waiting", 60), ("b", "waiting", 90)]


async def test_what_the_key_deleted_is_there_again_and_late_if_it_was(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    of, context = key(acme)
    for name in ("nightly", "made-again"):
        await expected(ports, acme, name)
    await ping(ports, acme, OURS, hours=1)
    await look(ports, database, acme)
    for name in ("nightly", "made-again"):
        await opsgenie_heartbeats.delete(ports, of, name, context)
    await expected(ports, acme, "made-again")
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]
    done = await undo(ports, acme, STRANGE)
    assert left(done) == [("heartbeat.deleted", Kept.TAKEN)]
    assert [each.what for each in done.undone] == ["heartbeat.deleted", "alert.cleared"]
    assert sorted(await listed(ports, acme)) == [("made-again", "waiting", 60), ("nightly", "late", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "triggered", 1, 1)]
    await ping(ports, acme, OURS)
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]
    grant = await granted(ports, acme, Action.INTEGRATION_MANAGE)
    [again] = [
        each for each in (await heartbeats.page(ports, grant, 50, None)).data if each.name == "nightly"
    ]
    await heartbeats.delete(ports, grant, again.id, ANY, CONTEXT)
    assert (await undo(ports, acme, STRANGE)).receipts == 0
    assert await listed(ports, acme) == [("made-again", "waiting", 60)], "what a person deletes stays so"


async def test_what_the_key_deleted_has_its_whole_time_again(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    of, context = key(acme)
    await expected(ports, acme)
    await ping(ports, acme, OURS, hours=1)
    await opsgenie_heartbeats.delete(ports, of, "nightly", context)
    await undo(ports, acme, STRANGE)
    await look(ports, database, acme)
    assert await listed(ports, acme) == [("nightly", "alive", 60)], "its pings were not heard meanwhile"


async def test_what_the_key_disabled_is_enabled_and_late_if_it_was(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    of, context = key(acme)
    await late(ports, database, acme)
    await opsgenie_heartbeats.alter(ports, of, "nightly", None, False, context)
    assert await listed(ports, acme) == [("nightly", "disabled", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "resolved", 0, 1)]
    await undo(ports, acme, STRANGE)
    assert await listed(ports, acme) == [("nightly", "late", 60)]
    assert await told(ports, acme) == [("Heartbeat nightly is late", "triggered", 1, 1)]


async def test_what_a_ping_did_in_a_private_incident_is_corrected_but_not_told(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await late(ports, database, acme)
    [incident] = await shown(ports, acme)
    boss = await owner(ports, acme)
    await do(ports, boss, incident.id, "hide", members=[boss.actor.id], reason="x")
    sent = await ping(ports, acme, STRANGE)
    [item] = (await receipt(ports, acme, sent)).items
    assert (item.decision, item.incident, item.events) == ("recorded", None, [])
    done = await undo(ports, acme, STRANGE)
    assert [each.what for each in done.undone] == ["heartbeat.pinged"]
    assert (done.effects, done.kept) == (Effects(pings=1), [])
    assert await listed(ports, acme) == [("nightly", "late", 60)]
    again = await incidents.show(ports, await owner(ports, acme), incident.id)
    assert (again.status, again.alerts.firing) == ("triggered", 1)
