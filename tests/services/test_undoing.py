"""Undo: each effect of a leaked key's requests is taken back once, and nothing that others have done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from leak import ALWAYS, OURS, STRANGE, corrected, owner, send, told, undo
from line import CONTEXT, do, granted, kinds, receipt, shown
from orgs import Org

from hub.contract.ids import text
from hub.contract.undo import Effects, Undo
from hub.contract.words import Action
from hub.domain.errors import Invalid, NotFound
from hub.services import audit, undoing
from hub.services.ports import Ports
from hub.storage.undoing import UNDONE

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_what_a_leaked_key_opened_is_closed_and_names_what_it_corrects(
    ports: Ports, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await send(ports, org, "disk")
    before = await undo(ports, acme, preview=True)
    assert (before.effects, before.receipts, before.left) == (
        Effects(alerts_fired=1, incidents_opened=1), 1, 1,
    )  # fmt: skip
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 1)], "a preview changes nothing"
    done = await undo(ports, acme)
    assert (done.effects, done.receipts, done.left) == (before.effects, 1, 0)
    assert await told(ports, acme) == [("disk is broken", "closed", 0, 0)]
    [incident] = await shown(ports, acme)
    assert await corrected(ports, acme, incident.id) == {
        "alert.withdrawn": "alert.fired",
        "incident.corrected": "incident.opened",
    }
    assert await told(ports, globex) == [("disk is broken", "triggered", 1, 1)]
    await send(ports, acme, "disk", address=OURS)
    assert [each[1] for each in await told(ports, acme)] == ["closed", "triggered"]


async def test_undoing_twice_changes_nothing_and_is_on_record_once(
    ports: Ports, acme: Org, globex: Org
) -> None:
    sent = await send(ports, acme, "disk")
    first = await undo(ports, acme, key="once")
    assert await undo(ports, acme, key="once") == first
    [incident] = await shown(ports, acme)
    assert (await undo(ports, acme)).receipts == 0
    assert (await shown(ports, acme))[0].version == incident.version
    assert (await receipt(ports, acme, sent)).reason == UNDONE
    for org, expected in ((acme, ["integration.undone"]), (globex, [])):
        log = await audit.page(ports, await granted(ports, org, Action.AUDIT_READ), 50, None)
        assert [each.action for each in log.data if each.action == "integration.undone"] == expected


async def test_what_it_cleared_fires_again_and_what_that_resolved_is_open(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve")
    assert await told(ports, acme) == [("disk is broken", "resolved", 0, 1)]
    assert (await undo(ports, acme, STRANGE)).effects == Effects(alerts_cleared=1)
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 1)]
    [incident] = await shown(ports, acme)
    assert await corrected(ports, acme, incident.id) == {
        "incident.reopened": "alert.cleared",
        "alert.restored": "alert.cleared",
    }
    await send(ports, acme, "disk", "resolve", OURS)
    await undo(ports, acme, STRANGE)
    assert await told(ports, acme) == [("disk is broken", "resolved", 0, 1)], "a clear of its own stays"


async def test_a_clear_is_not_taken_back_where_the_alert_has_fired_and_cleared_since(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve")
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve", OURS)
    await undo(ports, acme, STRANGE)
    assert await told(ports, acme) == [("disk is broken", "resolved", 0, 2)]


async def test_an_alert_that_was_cleared_and_fired_by_it_fires_as_before(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve")
    await send(ports, acme, "disk")
    await undo(ports, acme, STRANGE)
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 1)]
    await send(ports, acme, "disk", "resolve", OURS)
    assert await told(ports, acme) == [("disk is broken", "resolved", 0, 1)], "it is the newest episode"


async def test_what_it_fired_and_cleared_does_not_fire_again(ports: Ports, acme: Org, globex: Org) -> None:
    await send(ports, acme, "disk")
    await send(ports, acme, "disk", "resolve")
    await undo(ports, acme)
    assert await told(ports, acme) == [("disk is broken", "closed", 0, 0)]
    [incident] = await shown(ports, acme)
    assert "alert.restored" not in await kinds(ports, acme, incident.id)


async def test_an_alert_that_others_said_too_stays(ports: Ports, acme: Org, globex: Org) -> None:
    await send(ports, acme, "disk")
    await send(ports, acme, "disk", address=OURS)
    await undo(ports, acme, "198.51.100.0/24")
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 1)]
    await undo(ports, acme)
    assert await told(ports, acme) == [("disk is broken", "triggered", 1, 1)], "its receipt is done with"


async def test_notes_are_marked_and_acknowledgements_taken_back_but_for_those_of_others(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "acknowledge")
    await send(ports, acme, "disk", "note")
    [incident] = await shown(ports, acme)
    assert incident.status == "acknowledged"
    done = await undo(ports, acme, STRANGE)
    assert done.effects == Effects(notes=1, acknowledgements=1)
    [incident] = await shown(ports, acme)
    assert (incident.status, incident.acknowledgements, incident.acknowledged_at) == ("triggered", [], None)
    assert await corrected(ports, acme, incident.id) == {
        "incident.note_corrected": "incident.noted",
        "incident.acknowledgement_corrected": "incident.acknowledged",
    }
    await send(ports, acme, "disk", "acknowledge", "198.51.100.8")
    await do(ports, await owner(ports, acme), incident.id, "acknowledge")
    await undo(ports, acme, "198.51.100.8")
    [incident] = await shown(ports, acme)
    assert (incident.status, [each.name for each in incident.acknowledgements]) == ("acknowledged", ["Owner"])


async def test_an_incident_that_somebody_works_on_stays_open_and_asks(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await send(ports, acme, "disk")
    [incident] = await shown(ports, acme)
    await do(ports, await owner(ports, acme), incident.id, "note", text="I look")
    await undo(ports, acme)
    assert await told(ports, acme) == [("disk is broken", "triggered", 0, 0)]
    assert (await kinds(ports, acme, incident.id))[-2:] == ["alert.withdrawn", "incident.signals_cleared"]


async def test_only_what_came_since_and_from_the_addresses_is_taken_back(
    ports: Ports, acme: Org, globex: Org
) -> None:
    early = await send(ports, acme, "early")
    await send(ports, acme, "ours", address=OURS)
    await send(ports, acme, "late")
    received = (await receipt(ports, acme, early)).received_at
    await undo(ports, acme, STRANGE, "2001:db8::/32", since=received + timedelta(microseconds=1))
    assert [each[1] for each in await told(ports, acme)] == ["triggered", "triggered", "closed"]
    assert (await undo(ports, acme, "192.0.2.1")).receipts == 0
    with pytest.raises(Invalid):
        await undo(ports, acme, "nobody")


async def test_many_are_taken_back_in_portions_the_newest_first(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "PORTION", 2)
    await send(ports, globex, "theirs")
    await send(ports, acme, "disk", address=OURS)
    await send(ports, acme, "disk", "resolve")
    for number in range(2):
        await send(ports, acme, f"k{number}")
        await send(ports, acme, f"k{number}", "resolve")
    steps = [await undo(ports, acme, STRANGE) for _ in range(3)]
    assert [(each.receipts, each.left) for each in steps] == [(2, 3), (2, 1), (1, 0)]
    assert sorted(await told(ports, acme)) == [
        ("disk is broken", "triggered", 1, 1),
        ("k0 is broken", "closed", 0, 0),
        ("k1 is broken", "closed", 0, 0),
    ]
    assert (await undo(ports, globex, preview=True)).left == 1


async def test_nobody_undoes_what_they_may_not_manage(ports: Ports, acme: Org, globex: Org) -> None:
    theirs = text("integration", globex.integration_id)
    asked = Undo(since=ALWAYS)
    with pytest.raises(NotFound):
        await undoing.undo(
            ports, await granted(ports, acme, Action.INTEGRATION_MANAGE), theirs, asked, None, CONTEXT
        )
