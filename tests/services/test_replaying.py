"""Dead letters go back, as they came or mended; and where a request went is found by its ids."""

from __future__ import annotations

import msgspec
import pytest
from line import (
    CONTEXT,
    alarm,
    connected,
    drain,
    granted,
    kinds,
    post,
    put,
    receipt,
    row,
    shown,
    states,
    trap,
)
from orgs import Org
from servers import Database

from hub.contract.consumers import NewConsumer
from hub.contract.ids import new, text
from hub.contract.receipts import Discard, ReceiptPage, Replay
from hub.contract.words import Action
from hub.domain.errors import NotAllowedNow, NotFound, Unauthenticated
from hub.services import audit, consumers, credentials, receipts, replaying
from hub.services.ports import Ports
from hub.services.work import drain as work

pytestmark = pytest.mark.gen_test(timeout=30)


async def replay(ports: Ports, org: Org, reference: str, body: str | None = None, key: str | None = None):  # type: ignore[no-untyped-def]
    grant = await granted(ports, org, Action.RECEIPT_REPLAY)
    return await replaying.replay(ports, grant, reference, Replay(body=body), key, CONTEXT)


async def named(ports: Ports, org: Org, id: str) -> list[str]:
    """The receipts under an id, page by page."""
    grant, cursor, found = await granted(ports, org, Action.RECEIPT_READ), None, list[str]()
    while True:
        page: ReceiptPage = await receipts.page_correlated(ports, grant, id, 2, cursor)
        found += [each.id for each in page.data]
        if (cursor := page.next_cursor) is None:
            return found


async def test_what_failed_for_a_while_is_replayed_as_it_came(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    dead = await post(ports, acme, alarm("k", title="poison"))
    async with trap(database, "RAISE EXCEPTION 'no'"):
        for _ in range(7):
            await work(ports, "inbox", [acme.tenant])
        assert (await receipt(ports, acme, dead)).state == "dead"
    with pytest.raises(NotFound, match="There is no such receipt"):
        await replay(ports, globex, dead)
    revived, is_repeat = await replay(ports, acme, dead, key="once")
    assert (revived.id, revived.state, revived.items, is_repeat) == (dead, "stored", [], False)
    assert (await replay(ports, acme, dead, key="once"))[1], "a repeat of the request is none of the deed"
    with pytest.raises(NotAllowedNow, match="stored, and no dead letter"):
        await replay(ports, acme, dead)
    await drain(ports, acme)
    done = await receipt(ports, acme, dead)
    assert [item.decision for item in done.items] == ["opened"]
    assert "poison" in [each.title for each in await shown(ports, acme)]
    log = await audit.page(ports, await granted(ports, acme, Action.AUDIT_READ), 50, None)
    assert [(each.action, each.target) for each in log.data if each.action.startswith("receipt.")] == [
        ("receipt.replayed", dead)
    ]


async def test_a_mended_body_is_a_request_of_its_own_and_what_was_sent_stays(ports: Ports, acme: Org) -> None:
    dead = await post(ports, acme, b'{"title": "Disk full", "severity": "critical"')
    cut = row(ports, acme, b'{"title": "Disk')
    [truncated] = await put(ports, msgspec.structs.replace(cut, truncated=True))
    await drain(ports, acme)
    mended, _ = await replay(ports, acme, dead, '{"title": "Disk full", "severity": "critical"}')
    assert mended.id != dead
    await drain(ports, acme)
    assert await states(ports, acme, [dead, mended.id]) == ["done", "done"]
    assert (await receipt(ports, acme, dead)).reason == f"replayed as {mended.id}, with another body"
    [item] = (await receipt(ports, acme, mended.id)).items
    assert item.decision == "opened"
    with pytest.raises(NotAllowedNow, match="Only its beginning was kept"):
        await replay(ports, acme, truncated)
    assert [each.status for each in await shown(ports, acme) if "unreadable" in each.title] == ["triggered"]
    await replay(ports, acme, truncated, '{"title": "Disk full"}')
    assert [each.status for each in await shown(ports, acme) if "unreadable" in each.title] == ["resolved"]
    assert await states(ports, acme, [truncated]) == ["done"]


async def test_all_of_an_integration_go_back_in_portions_and_what_is_not_whole_stays(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PORTION", 2)
    sent = [row(ports, acme, b"not json %d" % number) for number in range(3)]
    cut = msgspec.structs.replace(row(ports, acme, b"{"), truncated=True)
    dead = await put(ports, *sent, cut)
    [theirs] = await put(ports, row(ports, globex, b"not json"))
    await drain(ports, acme, globex)
    grant, counts = await granted(ports, acme, Action.RECEIPT_REPLAY), []
    integration = text("integration", acme.integration_id)
    for key in ("one", "one", "two", "three"):
        told, _ = await replaying.replay_all(ports, grant, integration, key, CONTEXT)
        counts.append((told.replayed, told.left, told.truncated))
    assert counts == [(2, 2, 1), (2, 2, 1), (1, 1, 1), (0, 1, 1)]
    assert await states(ports, acme, dead) == ["stored"] * 3 + ["dead"]
    assert await states(ports, globex, [theirs]) == ["dead"]
    await drain(ports, acme)
    assert await states(ports, acme, dead) == ["dead"] * 4, "what is not readable is none the better for it"
    with pytest.raises(NotFound):
        await replaying.replay_all(ports, grant, text("integration", globex.integration_id), None, CONTEXT)


async def test_what_is_discarded_says_who_and_why(ports: Ports, acme: Org) -> None:
    dead = await post(ports, acme, b"not json")
    await drain(ports, acme)
    grant = await granted(ports, acme, Action.RECEIPT_REPLAY)
    asked = Discard(reason="a probe of ours")
    for is_repeat in (False, True):
        told, was = await replaying.discard(ports, grant, dead, asked, "once", CONTEXT)
        assert (told.state, told.reason, was) == (
            "done", f"discarded by {grant.actor.name}: a probe of ours", is_repeat,
        )  # fmt: skip
    with pytest.raises(NotAllowedNow):
        await replaying.discard(ports, grant, dead, asked, None, CONTEXT)


async def test_a_receipt_names_the_events_that_it_caused(ports: Ports, acme: Org) -> None:
    sent = await post(ports, acme, [alarm("a"), alarm("a"), alarm("b"), alarm("b", "resolve")])
    await drain(ports, acme)
    told = await receipt(ports, acme, sent)
    first, repeat, other, cleared = told.items
    assert (len(first.events), repeat.events, len(other.events)) == (2, [], 2)
    assert [event.type for event in told.events] == [
        "incident.opened", "alert.fired", "incident.opened", "alert.fired", "alert.cleared",
        "incident.resolved",
    ]  # fmt: skip
    assert [event.id for event in told.events] == first.events + other.events + cleared.events
    assert told.events_total == 6
    assert {event.incident for event in told.events} == {first.incident, other.incident}
    assert first.incident
    assert await kinds(ports, acme, first.incident) == ["incident.opened", "alert.fired"]


async def test_a_receipt_says_which_consumers_have_its_events(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    owner = await granted(ports, acme, Action.CONSUMER_USE)
    other = await granted(ports, globex, Action.CONSUMER_USE)
    for grant, name in ((owner, "behind"), (owner, "there"), (other, "theirs")):
        await consumers.create(ports, grant, NewConsumer(name=name), None, CONTEXT)
    sent = await post(ports, acme, alarm("a"))
    await drain(ports, acme)
    async with connected(database.admin_url) as admin:
        await admin.execute(
            "UPDATE consumer c SET position = h.position FROM head h"
            " WHERE h.tenant_id = c.tenant_id AND c.name = 'there'"
        )
    told = await receipt(ports, acme, sent)
    assert [(each.name, each.acknowledged) for each in told.consumers] == [("behind", 0), ("there", 2)]
    sender = await credentials.find(ports, acme.integration_key)
    assert (await receipts.show_to_sender(ports, sender, sent)).consumers == []


async def test_a_request_is_found_by_its_id_and_by_what_its_sender_calls_it(
    ports: Ports, acme: Org, globex: Org
) -> None:
    def sent(org: Org, **ids: str):  # type: ignore[no-untyped-def]
        return msgspec.structs.replace(row(ports, org, alarm(new().hex)), **ids)

    mine = await put(
        ports,
        sent(acme, request_id="req-7"),
        sent(acme, correlation="deploy-7"),
        sent(acme, request_id="deploy-7", correlation="x"),
        sent(acme, correlation="deploy-7"),
    )
    [theirs] = await put(ports, sent(globex, request_id="req-7", correlation="deploy-7"))
    assert await named(ports, acme, "req-7") == [mine[0]]
    assert sorted(await named(ports, acme, "deploy-7")) == sorted(mine[1:])
    assert await named(ports, globex, "deploy-7") == [theirs]
    assert await named(ports, acme, "") == []
    key = await credentials.find(ports, acme.integration_key)
    page = await receipts.correlated_for_sender(ports, key, "deploy-7", 2)
    assert len(page.data) == 2
    assert {each.id for each in page.data} < set(mine[1:])
    for other in (None, acme.key):
        with pytest.raises(Unauthenticated):
            await receipts.correlated_for_sender(ports, other, "deploy-7", 2)
