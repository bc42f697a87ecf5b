"""Undo of reopenings: the incident has ended as before, unless somebody has gone on from there."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from leak import OURS, STRANGE, corrected, left, owner, send, told, undo
from line import connected, do, drain, kinds, put, row, shown
from orgs import Org
from servers import Database

from hub.contract.undo import Effects, Kept, Undone
from hub.services import listening
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
FIRING = b'{"version":"4","groupKey":"g","externalURL":"http://am","alerts":[{"status":"firing","labels":{"alertname":"disk"}}]}'


async def repeat(ports: Ports, org: Org, address: str) -> None:
    """Alertmanager says once more that it fires."""
    sent = row(ports, org, FIRING, format="alertmanager")
    await put(ports, msgspec.structs.replace(sent, address=address))
    await drain(ports, org)


async def an_hour_later(database: Database) -> None:
    """Let all ends of incidents be an hour ago."""
    async with connected(database.admin_url) as admin:
        await admin.execute(
            "UPDATE incident SET resolved_at = resolved_at - $1::interval,"
            " closed_at = closed_at - $1::interval",
            timedelta(hours=1),
        )


async def resolved_and_still_firing(ports: Ports, database: Database, org: Org) -> str:
    """An incident that a person has resolved an hour ago, and a strange repeat has reopened."""
    await repeat(ports, org, OURS)
    [incident] = await shown(ports, org)
    await do(ports, await owner(ports, org), incident.id, "resolve")
    await an_hour_later(database)
    await repeat(ports, org, STRANGE)
    assert await told(ports, org) == [("disk", "triggered", 1, 1)]
    return incident.id


async def test_an_incident_that_was_still_firing_is_resolved_as_before(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    incident = await resolved_and_still_firing(ports, database, acme)
    await resolved_and_still_firing(ports, database, globex)
    [before] = [each.resolved_at for each in await shown(ports, acme)]
    preview = await undo(ports, acme, STRANGE, preview=True)
    assert (await told(ports, acme), before) == ([("disk", "triggered", 1, 1)], None)
    done = await undo(ports, acme, STRANGE)
    assert done.effects == preview.effects == Effects(incidents_reopened=1)
    assert [(each.what, each.subject, each.name) for each in done.undone] == [
        ("incident.reopened", incident, "disk")
    ]
    assert (done.undone, done.kept) == (preview.undone, [])
    assert await told(ports, acme) == [("disk", "resolved", 1, 1)]
    assert await corrected(ports, acme, incident) == {"incident.reopening_corrected": "incident.reopened"}
    [after] = await shown(ports, acme)
    assert after.resolved_at is not None
    assert await undo(ports, acme, STRANGE) == Undone(preview=False, receipts=0, effects=Effects(), left=0)
    assert await told(ports, globex) == [("disk", "triggered", 1, 1)]
    await an_hour_later(database)
    await repeat(ports, acme, OURS)
    assert await told(ports, acme) == [("disk", "triggered", 1, 1)], "its own source may reopen it"


@pytest.mark.parametrize("command", ["acknowledge", "mitigate", "note"])
async def test_what_a_person_has_worked_on_since_is_left_and_named(
    ports: Ports, database: Database, acme: Org, globex: Org, command: str
) -> None:
    incident = await resolved_and_still_firing(ports, database, acme)
    said = {"text": "I look"} if command == "note" else {}
    await do(ports, await owner(ports, acme), incident, command, **said)
    tried = await undo(ports, acme, STRANGE, preview=True)
    done = await undo(ports, acme, STRANGE)
    assert left(done) == left(tried) == [("incident.reopened", Kept.WORKED_ON)]
    [place] = await shown(ports, acme)
    assert place.status in {"acknowledged", "mitigated", "triggered"}
    assert (done.kept[0].incident, done.kept_total, done.undone) == (incident, 1, [])


async def test_what_others_have_said_too_is_left_and_named(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await resolved_and_still_firing(ports, database, acme)
    await repeat(ports, acme, OURS)
    assert left(await undo(ports, acme, STRANGE)) == [("incident.reopened", Kept.OTHERS)]
    assert await told(ports, acme) == [("disk", "triggered", 1, 1)]


async def test_what_a_person_has_ended_since_stays_ended(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    incident = await resolved_and_still_firing(ports, database, acme)
    await do(ports, await owner(ports, acme), incident, "close")
    done = await undo(ports, acme, STRANGE)
    assert (done.undone, done.kept, done.receipts) == ([], [], 1)
    assert await told(ports, acme) == [("disk", "closed", 1, 1)]


async def test_a_false_episode_that_reopened_an_incident_leaves_it_as_it_was(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve", OURS)
    [before] = await shown(ports, acme)
    await send(ports, acme, "disk")
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 2)]
    done = await undo(ports, acme, STRANGE)
    assert [each.what for each in done.undone] == ["alert.fired", "incident.reopened"]
    [after] = await shown(ports, acme)
    assert (after.status, after.resolved_at, after.alerts.total) == ("resolved", before.resolved_at, 1)
    assert (await kinds(ports, acme, after.id))[-3:] == [
        "alert.withdrawn", "incident.resolved", "incident.reopening_corrected",
    ]  # fmt: skip
    await send(ports, acme, "disk", address=OURS)
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 2)], "reopened within its time"


async def test_what_fires_there_by_others_keeps_it_open(ports: Ports, acme: Org, globex: Org) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve", OURS)
    await send(ports, acme, "disk")
    await send(ports, acme, "disk", address=OURS)
    done = await undo(ports, acme, STRANGE)
    assert left(done) == [("alert.fired", Kept.OTHERS), ("incident.reopened", Kept.OTHERS)]
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 2)]


async def test_a_stale_alert_that_was_heard_of_again_is_stale_unless_its_source_was_heard_too(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await listening.beat(ports)
    for org in (acme, globex):
        await repeat(ports, org, OURS)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE alert SET last_at = last_at - interval '7 h'")
        await admin.execute("UPDATE timer SET due = due - interval '7 h'")
        await admin.execute("UPDATE listening SET since = now() - interval '1 day', until = now()")
    await drain(ports, acme, globex, kind="timers")
    for org in (acme, globex):
        assert await told(ports, org) == [("disk", "triggered", 0, 1)]
        await repeat(ports, org, STRANGE)
        assert await told(ports, org) == [("disk", "triggered", 1, 1)]
    await repeat(ports, globex, OURS)
    assert left(await undo(ports, globex, STRANGE)) == [("alert.heard_again", Kept.OTHERS)]
    assert await told(ports, globex) == [("disk", "triggered", 1, 1)]
    done = await undo(ports, acme, STRANGE)
    assert ([each.what for each in done.undone], done.kept) == (["alert.heard_again"], [])
    [incident] = await shown(ports, acme)
    assert (incident.alerts.firing, incident.alerts.stale) == (0, 1)
    assert (await kinds(ports, acme, incident.id))[-2:] == ["alert.went_stale", "incident.signals_stale"]
    await repeat(ports, acme, OURS)
    assert await told(ports, acme) == [("disk", "triggered", 1, 1)]


async def test_reopened_again_and_again_ends_as_at_first(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    incident = await resolved_and_still_firing(ports, database, acme)
    await do(ports, await owner(ports, acme), incident, "close")
    await an_hour_later(database)
    await repeat(ports, acme, STRANGE)
    assert await told(ports, acme) == [("disk", "triggered", 1, 1)]
    done = await undo(ports, acme, STRANGE)
    assert (len(done.undone), done.effects.incidents_reopened) == (1, 2)
    assert await told(ports, acme) == [("disk", "closed", 1, 1)]
