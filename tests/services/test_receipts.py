"""Receipts: what became of each item, for its sender and for responders, and for nobody else."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import msgspec
import pytest
from line import CONTEXT, alarm, drain, granted, post, put, receipt, row
from orgs import Org

from hub.contract.ids import new, text
from hub.contract.words import Action
from hub.domain.errors import Invalid, NotFound, Unauthenticated
from hub.services import access, credentials, receipts
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


async def decisions(ports: Ports, org: Org, body: object, format: str = "generic") -> list[str]:
    """What is decided about each item of one request."""
    reference = await post(ports, org, body, format=format)
    await drain(ports, org)
    return [item.decision.value for item in (await receipt(ports, org, reference)).items]


async def test_each_item_has_its_decision_and_its_rule(ports: Ports, acme: Org, globex: Org) -> None:
    assert await decisions(ports, acme, [alarm("a"), alarm("b"), alarm("a")]) == [
        "opened",
        "opened",
        "repeated",
    ]
    assert await decisions(ports, acme, [
        alarm("a", "acknowledge"), alarm("a", "note", title="I am the sender"), alarm("b", "resolve"),
        alarm("b", "resolve"), alarm("never", "resolve"),
    ]) == ["acknowledged", "noted", "cleared", "ignored", "ignored"]  # fmt: skip
    assert await decisions(ports, acme, alarm("b")) == ["reopened"]
    assert await decisions(ports, acme, [alarm("c"), {"title": "no severity here", "colour": "red"}]) == [
        "opened", "rejected"
    ]  # fmt: skip
    assert await decisions(ports, globex, alarm("a", "resolve")) == ["ignored"], "acme's key is not globex's"


async def test_a_repeat_has_the_count_of_its_alert_with_it(ports: Ports, acme: Org) -> None:
    for body, counts in (
        ([alarm("a"), alarm("b"), alarm("a")], [None, None, 2]),
        ([alarm("a")] * 3, [3, 4, 5]),
        ([alarm("a", "resolve"), alarm("a"), alarm("a")], [None, None, 2]),
    ):
        reference = await post(ports, acme, body)
        await drain(ports, acme)
        assert [item.count for item in (await receipt(ports, acme, reference)).items] == counts


async def test_a_receipt_says_where_it_went(ports: Ports, acme: Org) -> None:
    sent = row(ports, acme, alarm(None, dedup_key=None) | {"action": "trigger"})
    [reference] = await put(ports, sent)
    waiting = await receipt(ports, acme, reference)
    assert (waiting.state, waiting.items, waiting.processed_at) == ("stored", [], None)
    await drain(ports, acme)
    done = await receipt(ports, acme, reference)
    [item] = done.items
    assert done.request_id == sent.request_id
    assert done.processed_at is not None
    assert done.body is None
    assert item.dedup_key == f"auto:1:{sent.id.hex}:0"
    assert item.alert is not None
    assert item.alert.startswith("alr_")
    assert item.incident is not None
    assert item.incident.startswith("inc_")


async def test_a_receipt_is_its_organizations_and_its_integrations_alone(
    ports: Ports, acme: Org, globex: Org
) -> None:
    reference = await post(ports, acme, b"not json")
    await drain(ports, acme)
    other = await granted(ports, globex)
    missing = text("receipt", new())
    for wrong in (reference, missing, "rcp_", "1", reference.upper(), reference.replace("rcp", "inc")):
        with pytest.raises(NotFound, match="There is no such receipt"):
            await receipts.show(ports, other, wrong)
    mine = await credentials.find(ports, acme.integration_key)
    theirs = await credentials.find(ports, globex.integration_key)
    shown = await receipts.show_to_sender(ports, mine, reference)
    assert (shown.state, shown.body) == ("dead", None), "what was sent is not sent back"
    assert (await receipt(ports, acme, reference)).body == "not json"
    for wrong in (reference, missing, "x"):
        with pytest.raises(NotFound):
            await receipts.show_to_sender(ports, theirs, wrong)
    for presented in (None, acme.key, await credentials.find(ports, acme.api_key)):
        with pytest.raises(Unauthenticated):
            await receipts.show_to_sender(ports, presented, reference)


async def test_dead_letters_are_listed_newest_first_and_page_by_page(
    ports: Ports, acme: Org, globex: Org
) -> None:
    sent = [row(ports, acme, b"not json %d" % number) for number in range(5)]
    sent = [
        msgspec.structs.replace(one, received_at=one.received_at + timedelta(seconds=n // 2))
        for n, one in enumerate(sent)
    ]
    await put(ports, *sent, row(ports, acme, alarm("fine")), row(ports, globex, b"not json"))
    await drain(ports, acme, globex)
    grant = await granted(ports, acme)
    seen, cursor = [], None
    while True:
        page = await receipts.page_dead(ports, grant, 2, cursor)
        assert len(page.data) <= 2
        seen += page.data
        if (cursor := page.next_cursor) is None:
            break
    expected = sorted(sent, key=lambda one: (one.received_at, one.id), reverse=True)
    assert [one.id for one in seen] == [text("receipt", one.id) for one in expected]
    assert {one.body for one in seen} == {None}
    assert all("JSON" in one.reason for one in seen)
    theirs = await granted(ports, globex)
    first = await receipts.page_dead(ports, grant, 2, None)
    with pytest.raises(Invalid):
        await receipts.page_dead(ports, theirs, 2, first.next_cursor)
    assert len((await receipts.page_dead(ports, theirs, 50, None)).data) == 1


async def test_what_came_for_an_integration_is_listed_newest_first_in_any_state_and_to_its_own_alone(
    ports: Ports, acme: Org, globex: Org
) -> None:
    sent = [await post(ports, acme, body) for body in (alarm("a"), b"not json", alarm("b"))]
    await drain(ports, acme)
    sent.append(await post(ports, acme, alarm("c")))
    await post(ports, globex, alarm("a"))
    grant, of = await granted(ports, acme), text("integration", acme.integration_id)
    seen, cursor = [], None
    while True:
        page = await receipts.page_of(ports, grant, of, 3, cursor)
        seen += page.data
        if (cursor := page.next_cursor) is None:
            break
    assert [(one.id, one.state.value) for one in seen] == list(
        zip(reversed(sent), ("stored", "done", "dead", "done"), strict=True)
    )
    assert {one.body for one in seen} == {None}
    theirs = await granted(ports, globex)
    for wrong in (of, text("integration", new()), "int_", of.replace("int", "svc")):
        with pytest.raises(NotFound, match="There is no such integration"):
            await receipts.page_of(ports, theirs, wrong, 50, None)
    page = await receipts.page_of(ports, grant, of, 2, None)
    with pytest.raises(Invalid):
        await receipts.page_dead(ports, grant, 2, page.next_cursor)


async def test_all_dead_letters_of_an_integration_are_one_incident(ports: Ports, acme: Org) -> None:
    for number in range(3):
        await post(ports, acme, b"not json %d" % number)
    await drain(ports, acme)
    dead = [
        (await receipt(ports, acme, one.id)).items[0]
        for one in (await receipts.page_dead(ports, await granted(ports, acme), 50, None)).data
    ]
    assert len({item.incident for item in dead}) == 1
    assert {item.decision for item in dead} == {"unreadable"}


async def test_a_truncated_body_is_a_dead_letter_however_well_it_reads(ports: Ports, acme: Org) -> None:
    cut = msgspec.structs.replace(row(ports, acme, alarm("a")), truncated=True)
    [reference] = await put(ports, cut)
    await drain(ports, acme)
    dead = await receipt(ports, acme, reference)
    assert (dead.state, dead.truncated) == ("dead", True)
    assert "larger than the limit" in dead.reason


async def test_who_may_not_read_receipts_is_refused(ports: Ports, acme: Org) -> None:
    reference = await post(ports, acme, alarm("a"))
    narrow = dataclasses.replace(acme, key=msgspec.structs.replace(acme.key, scopes=("incident:read",)))
    grant = await access.authorize(ports, narrow.key, "acme", Action.INCIDENT_READ, CONTEXT)
    with pytest.raises(access.Forbidden):
        await receipts.show(ports, grant, reference)
    with pytest.raises(access.Forbidden):
        await receipts.page_dead(ports, grant, 50, None)
