"""Commands: done once, told to everybody, and a loser learns who was first."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import pytest
from line import CONTEXT, alarm, connected, do, drain, fire, granted, kinds, post, shown
from orgs import Org, Rung
from servers import Database

from hub.contract.events import Envelope
from hub.contract.ids import new, text
from hub.contract.requests import OpenIncident
from hub.contract.resources import First, IncidentResource
from hub.contract.words import Action, Severity, Status, Urgency
from hub.domain.errors import Conflict, Forbidden, Invalid, KeyReused, NotAllowedNow, NotFound
from hub.services import access, incidents
from hub.services.follow import heads
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=40)


async def head(ports: Ports, org: Org) -> int:
    return (await heads(ports, [org.tenant]))[org.tenant].position


# --- one after the other -------------------------------------------------------------------------------


async def test_a_command_answers_with_the_incident_and_the_events_that_streams_send(
    ports: Ports, acme: Org, rung: Rung
) -> None:
    await fire(ports, acme, alarm("disk"))
    done = await do(ports, await granted(ports, acme), "1", "acknowledge")
    [event] = done.performed.events
    envelope = msgspec.json.decode(event, type=Envelope)
    assert (envelope.type, envelope.subject) == ("incident.acknowledged", done.performed.incident.id)
    assert envelope.incidentversion == done.performed.incident.version == 3
    assert envelope.actor == text("key", acme.key.subject)
    assert envelope.correlationid == CONTEXT.request_id
    tenant, _, position, [announced] = rung.announced[-1]
    assert (tenant, position, announced.body) == (acme.tenant, await head(ports, acme), bytes(event))
    assert rung.enqueued[-1] == ("log", {acme.tenant})


async def test_what_changes_nothing_is_told_to_nobody(ports: Ports, acme: Org, rung: Rung) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "acknowledge")
    before, rings = await head(ports, acme), len(rung.announced)
    again = await do(ports, grant, "1", "acknowledge")
    assert (again.performed.changed, again.performed.events, again.replayed) == (False, [], False)
    assert (await head(ports, acme), len(rung.announced)) == (before, rings)


async def test_a_whole_life(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    for name, status in (
        ("acknowledge", "acknowledged"), ("unacknowledge", "triggered"), ("mitigate", "mitigated"),
        ("resolve", "resolved"), ("reopen", "triggered"), ("close", "closed"), ("reopen", "triggered"),
    ):  # fmt: skip
        assert (await do(ports, grant, "1", name)).performed.incident.status == status
    severe = await do(ports, grant, "1", "severity", severity="SEV1")
    assert severe.performed.incident.severity is Severity.SEV1
    assert await kinds(ports, acme, "1") == [
        "incident.opened", "alert.fired", "incident.acknowledged", "incident.unacknowledged",
        "incident.mitigated", "incident.resolved", "alert.cleared", "incident.reopened", "incident.closed",
        "incident.reopened", "incident.severity_set",
    ]  # fmt: skip
    assert severe.performed.incident.version == 11


async def test_the_lifecycle_is_asked(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "resolve")
    before = await head(ports, acme)
    with pytest.raises(NotAllowedNow, match="#1 is resolved and cannot be acknowledged"):
        await do(ports, grant, "1", "acknowledge")
    assert await head(ports, acme) == before


async def test_a_reopen_loses_against_the_incident_that_took_its_place(
    ports: Ports, database: Database, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "resolve")
    await fire(ports, acme, alarm("disk"))
    assert [one.number for one in await shown(ports, acme)] == [1, 2], "a person had resolved the first"
    with pytest.raises(NotAllowedNow, match="#2 is open for the same problem"):
        await do(ports, grant, "1", "reopen")
    await do(ports, grant, "2", "close")
    assert (await do(ports, grant, "1", "reopen")).performed.changed


# --- who was first -------------------------------------------------------------------------------------


async def test_a_loser_is_told_who_was_first_and_what_it_is_now(ports: Ports, acme: Org, globex: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    [seen] = await shown(ports, acme)
    await do(ports, grant, "1", "acknowledge", if_version=seen.version)
    await do(ports, grant, "1", "note", text="I look")
    before = await head(ports, acme)
    with pytest.raises(Conflict) as caught:
        await do(ports, grant, "1", "resolve", if_version=seen.version)
    assert isinstance(caught.value.first, First)
    assert (caught.value.first.type, caught.value.first.actorname) == ("incident.acknowledged", "First key")
    assert isinstance(caught.value.current, IncidentResource)
    assert (caught.value.current.version, caught.value.current.status) == (4, Status.ACKNOWLEDGED)
    assert "First key was first" in caught.value.detail
    assert await head(ports, acme) == before


async def test_a_version_that_never_was_is_a_conflict_without_a_first(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    with pytest.raises(Conflict) as caught:
        await do(ports, await granted(ports, acme), "1", "resolve", if_version=99)
    assert caught.value.first is None


async def test_of_many_at_once_one_wins(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    results = await asyncio.gather(
        *(do(ports, grant, "1", "note", text=str(n), if_version=2) for n in range(8)), return_exceptions=True
    )
    won = [one for one in results if isinstance(one, incidents.Done)]
    lost = [one for one in results if isinstance(one, Conflict)]
    assert (len(won), len(lost)) == (1, 7)
    assert {one.first.type for one in lost if isinstance(one.first, First)} == {"incident.noted"}
    assert (await shown(ports, acme))[0].version == 3


async def test_commands_and_alerts_at_once_all_happen(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)

    async def alarms() -> None:
        for _ in range(10):
            await post(ports, acme, [alarm("disk", "resolve"), alarm("disk")])
            await drain(ports, acme)

    async def notes() -> None:
        for n in range(20):
            await do(ports, grant, "1", "note", text=str(n))

    await asyncio.gather(alarms(), notes(), notes())
    happened = await kinds(ports, acme, "1")
    assert happened.count("incident.noted") == 40
    assert happened.count("alert.fired") == 11
    [incident] = await shown(ports, acme)
    assert (incident.version, incident.alerts.total, incident.alerts.firing) == (len(happened), 11, 1)


# --- once ----------------------------------------------------------------------------------------------


async def test_a_request_that_is_repeated_is_done_once_and_answers_with_what_is_now(
    ports: Ports, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await fire(ports, org, alarm("disk"))
    grant, other = await granted(ports, acme), await granted(ports, globex)
    first = await do(ports, grant, "1", "note", key="k", text="I look")
    await do(ports, grant, "1", "resolve")
    again = await do(ports, grant, first.performed.incident.id, "note", key="k", text="I look")
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.performed.changed, again.performed.events) == (False, [])
    assert again.performed.incident.status is Status.RESOLVED
    assert not (await do(ports, other, "1", "note", key="k", text="I look")).replayed, "a key is its actor's"
    assert not (await do(ports, grant, "1", "severity", key="k", severity="SEV1")).replayed, (
        "and its command's"
    )
    assert (await kinds(ports, acme, "1")).count("incident.noted") == 1


async def test_a_key_that_comes_with_other_arguments_is_refused(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"), alarm("cpu"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "note", key="k", text="I look")
    for reference, words, version in (("1", "other", None), ("2", "I look", None), ("1", "I look", 3)):
        arguments = {"text": words} | ({"if_version": version} if version else {})
        with pytest.raises(KeyReused):
            await do(ports, grant, reference, "note", key="k", **arguments)


async def test_a_key_is_kept_when_nothing_changed_and_not_when_it_was_refused(
    ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    await do(ports, grant, "1", "reopen", key="k")
    assert (await do(ports, grant, "1", "reopen", key="k")).replayed
    await do(ports, grant, "1", "resolve")
    with pytest.raises(NotAllowedNow):
        await do(ports, grant, "1", "acknowledge", key="refused")
    await do(ports, grant, "1", "reopen")
    assert not (await do(ports, grant, "1", "acknowledge", key="refused")).replayed


async def test_repeats_at_once_are_done_once(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    grant = await granted(ports, acme)
    results = await asyncio.gather(*(do(ports, grant, "1", "note", key="k", text="I look") for _ in range(6)))
    assert sorted(one.replayed for one in results) == [False] + [True] * 5
    assert (await kinds(ports, acme, "1")).count("incident.noted") == 1


# --- by hand -------------------------------------------------------------------------------------------


async def service_of(database: Database, org: Org) -> str:
    async with connected(database.admin_url) as admin:
        found = await admin.fetchval("SELECT id FROM service WHERE tenant_id = $1", org.tenant)
        return text("service", found)


async def test_an_incident_is_opened_by_hand_once(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    grant = await granted(ports, acme, Action.INCIDENT_OPEN)
    body = OpenIncident(
        title="The phones are dead", service=await service_of(database, acme), severity=Severity.SEV1
    )
    opened = await incidents.open_by_hand(ports, grant, body, "k", CONTEXT)
    again = await incidents.open_by_hand(ports, grant, body, "k", CONTEXT)
    assert (opened.replayed, again.replayed, again.incident.id) == (False, True, opened.incident.id)
    assert (opened.incident.number, opened.incident.urgency) == (1, Urgency.HIGH)
    assert (opened.incident.alerts.total, opened.incident.version) == (0, 1)
    other = await incidents.open_by_hand(ports, grant, body, None, CONTEXT)
    assert other.incident.number == 2, "two people may see two problems"
    assert await kinds(ports, acme, "1") == ["incident.opened"]
    assert await shown(ports, globex) == []


async def test_a_service_of_another_organization_is_unknown(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    grant = await granted(ports, acme, Action.INCIDENT_OPEN)
    said = set()
    for service in (await service_of(database, globex), text("service", new()), "svc_", "", "First service"):
        with pytest.raises(Invalid) as caught:
            await incidents.open_by_hand(
                ports, grant, OpenIncident(title="x", service=service), None, CONTEXT
            )
        said.add(repr(caught.value.faults))
    assert len(said) == 1


# --- whose incident ------------------------------------------------------------------------------------


async def test_a_foreign_incident_is_a_missing_one_for_every_use_case(
    ports: Ports, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await fire(ports, org, *(alarm(str(n)) for n in range(3 if org is globex else 1)))
    theirs = (await shown(ports, globex))[0].id
    grant = await granted(ports, acme)
    said = set()
    for reference in (
        theirs, "3", text("incident", new()), "", "0", "-1", "1 ", "²", "9" * 40, "inc_", theirs.upper()
    ):  # fmt: skip
        for use in (
            partial(incidents.show, ports, grant, reference),
            partial(incidents.timeline, ports, grant, reference, 50, None),
            partial(do, ports, grant, reference, "note", text="x"),
            partial(do, ports, grant, reference, "note", key=f"k{reference}", text="x"),
        ):
            with pytest.raises(NotFound) as caught:
                await use()
            said.add((caught.value.code, caught.value.detail))
    assert len(said) == 1
    assert [one.version for one in await shown(ports, globex)] == [2, 2, 2]


async def test_who_may_only_read_changes_nothing(ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    narrow = msgspec.structs.replace(acme.key, scopes=("incident:read",))
    grant = await access.authorize(ports, narrow, "acme", Action.INCIDENT_READ, CONTEXT)
    before = await head(ports, acme)
    for name, arguments in (
        ("acknowledge", {}), ("unacknowledge", {}), ("mitigate", {}), ("resolve", {}), ("close", {}),
        ("reopen", {}), ("note", {"text": "x"}), ("severity", {"severity": "SEV1"}),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await do(ports, grant, "1", name, **arguments)
    with pytest.raises(Forbidden):
        await incidents.open_by_hand(ports, grant, OpenIncident(title="x", service="svc_"), None, CONTEXT)
    assert await head(ports, acme) == before
