"""A hold: whatever was not processed before it waits, but from listed addresses; and how it ends."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from line import CONTEXT, alarm, connected, drain, granted, put, receipt, row, shown, states, until
from orgs import Org
from servers import Database

from hub.contract.hold import HoldBack, LetGo, Uses
from hub.contract.ids import text
from hub.contract.integrations import IntegrationDetail
from hub.contract.words import Action, Release
from hub.domain.errors import Forbidden, Invalid
from hub.services import quarantine, work
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports, RequestContext
from hub.storage import lanes
from hub.storage.inbox import InboxRow

pytestmark = pytest.mark.gen_test(timeout=30)
LISTED, STRANGE = "203.0.113.9", "198.51.100.7"


def sent(ports: Ports, org: Org, key: str, address: str, action: str = "trigger") -> InboxRow:
    """A request from an address."""
    return msgspec.structs.replace(row(ports, org, alarm(key, action)), address=address)


async def hold(ports: Ports, org: Org, *addresses: str) -> IntegrationDetail:
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    reference = text("integration", org.integration_id)
    held, _ = await quarantine.hold(
        ports, grant, reference, HoldBack(addresses=list(addresses)), None, CONTEXT
    )
    return held


async def release(ports: Ports, org: Org, how: Release = Release.PROCESS) -> IntegrationDetail:
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    reference = text("integration", org.integration_id)
    released, _ = await quarantine.release(ports, grant, reference, LetGo(quarantined=how), None, CONTEXT)
    return released


async def used(ports: Ports, org: Org) -> Uses:
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    return await quarantine.uses(ports, grant, text("integration", org.integration_id))


async def logged(database: Database, org: Org) -> list[str]:
    """The kinds of events about the integration's hold, in order."""
    async with connected(database.admin_url, org.tenant) as own:
        rows = await own.fetch(
            "SELECT kind FROM incident_event WHERE tenant_id = $1 AND kind IN ('integration.held',"
            " 'integration.released', 'integration.quarantine_emptied') ORDER BY position",
            org.tenant,
        )
        return [each["kind"].removeprefix("integration.") for each in rows]


async def test_only_listed_addresses_are_heard(ports: Ports, acme: Org, globex: Org) -> None:
    [before] = await put(ports, sent(ports, acme, "before", STRANGE))
    held = await hold(ports, acme, "203.0.113.0/24", "2001:db8::/32")
    assert held.hold
    assert held.hold.addresses == ("203.0.113.0/24", "2001:db8::/32")
    waiting = await put(
        ports,
        sent(ports, acme, "strange", STRANGE),
        sent(ports, acme, "listed", LISTED),
        sent(ports, acme, "six", "2001:db8::1"),
        sent(ports, acme, "nowhere", ""),
    )
    [theirs] = await put(ports, sent(ports, globex, "theirs", STRANGE))
    await drain(ports, acme, globex)
    assert await states(ports, acme, waiting) == ["quarantined", "done", "done", "quarantined"]
    assert await states(ports, acme, [before]) == ["quarantined"], "what was kept, but not processed, too"
    assert await states(ports, globex, [theirs]) == ["done"]
    assert [each.title for each in await shown(ports, acme)] == ["listed is broken", "six is broken"]
    assert (await receipt(ports, acme, waiting[0])).processed_at is None


async def test_what_waited_is_processed_in_the_order_in_which_it_came(
    ports: Ports, database: Database, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PORTION", 2)
    monkeypatch.setattr(work, "ROWS", 2)
    await hold(ports, globex)
    [theirs] = await put(ports, sent(ports, globex, "theirs", STRANGE))
    await hold(ports, acme, LISTED)
    early = await put(ports, *(sent(ports, acme, f"k{n}", STRANGE) for n in range(5)))
    await drain(ports, acme, globex)
    released = await release(ports, acme)
    assert released.hold
    assert released.hold.releasing is Release.PROCESS
    late = await put(ports, *(sent(ports, acme, f"k{n}", STRANGE, "resolve") for n in range(5)))
    await drain(ports, acme, globex)
    assert set(await states(ports, acme, early + late)) == {"done"}
    assert await states(ports, globex, [theirs]) == ["quarantined"]
    found = await shown(ports, acme)
    assert [(each.title, each.status) for each in found] == [
        (f"k{n} is broken", "resolved") for n in range(5)
    ], "a resolve that came later never overtakes its trigger"
    assert await logged(database, acme) == ["held", "released", "quarantine_emptied"]
    assert await logged(database, globex) == ["held"]


async def test_what_is_discarded_is_kept_marked_and_opens_nothing(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PORTION", 2)
    await hold(ports, acme)
    await hold(ports, globex)
    waiting = await put(ports, *(sent(ports, acme, f"k{n}", STRANGE) for n in range(3)))
    theirs = await put(ports, sent(ports, globex, "theirs", STRANGE))
    await drain(ports, acme, globex)
    await release(ports, acme, Release.DISCARD)
    [fresh] = await put(ports, sent(ports, acme, "fresh", STRANGE))
    await drain(ports, acme, globex)
    receipts = [await receipt(ports, acme, each) for each in waiting]
    assert {(each.state.value, each.reason, len(each.items)) for each in receipts} == {
        ("done", quarantine.DISCARDED, 0)
    }
    assert await states(ports, acme, [fresh]) == ["done"]
    assert [each.title for each in await shown(ports, acme)] == ["fresh is broken"]
    assert await states(ports, globex, theirs) == ["quarantined"]


async def test_a_release_of_nothing_ends_at_once_and_a_second_one_changes_nothing(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await hold(ports, acme)
    first = await release(ports, acme)
    assert first.hold is None
    assert (await release(ports, acme)).version == first.version
    assert (await release(ports, globex)).hold is None
    assert await logged(database, acme) == ["held", "released", "quarantine_emptied"]
    assert await logged(database, globex) == []


async def test_a_hold_can_be_widened_and_set_again_in_the_middle_of_a_release(
    ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PORTION", 1)
    first = await hold(ports, acme)
    assert (await hold(ports, acme)).version == first.version
    waiting = await put(ports, *(sent(ports, acme, f"k{n}", STRANGE) for n in range(2)))
    await drain(ports, acme)
    wider = await hold(ports, acme, STRANGE)
    assert wider.hold
    assert first.hold
    assert (wider.hold.since, wider.version) == (first.hold.since, first.version + 1)
    [listed] = await put(ports, sent(ports, acme, "k3", STRANGE))
    await drain(ports, acme)
    assert await states(ports, acme, [*waiting, listed]) == ["quarantined", "quarantined", "done"]
    await release(ports, acme)
    assert await states(ports, acme, waiting) == ["stored", "quarantined"]
    await hold(ports, acme, LISTED)
    await drain(ports, acme)
    assert await states(ports, acme, waiting) == ["quarantined", "quarantined"]


async def test_who_is_told_that_a_hold_is_set_has_no_batch_under_way_that_ignores_it(
    ports: Ports, acme: Org, globex: Org
) -> None:
    [raced] = await put(ports, sent(ports, acme, "raced", STRANGE))
    async with change(ports, system("worker", acme.tenant), RequestContext(request_id="")) as changed:
        assert await lanes.lock(changed.tx, acme.integration_id)
        setting = asyncio.create_task(hold(ports, acme))
        while not await is_waiting(ports):
            assert not setting.done()
    await setting
    await drain(ports, acme)
    assert await states(ports, acme, [raced]) == ["quarantined"]


async def is_waiting(ports: Ports) -> bool:
    """Whether a transaction of this database waits for a lock."""
    async with ports.store.connection() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )
        return found > 0


async def test_alerts_that_race_with_a_hold_are_processed_before_it_or_wait(ports: Ports, acme: Org) -> None:
    references: list[str] = []

    async def send() -> None:
        for n in range(30):
            references.extend(await put(ports, sent(ports, acme, f"k{n}", STRANGE)))

    async def process() -> None:
        while not sending.done():
            await work.drain(ports, "inbox", [acme.tenant])

    sending = asyncio.create_task(send())
    working = asyncio.create_task(process())
    await until(lambda: len(references) >= 10)
    await hold(ports, acme)

    async def alerts() -> int:  # more than 20 of them are a storm: one incident
        return sum(incident.alerts.total for incident in await shown(ports, acme))

    processed = await alerts()
    await asyncio.gather(sending, working)
    await drain(ports, acme)
    assert await alerts() == processed, "nothing was processed after the answer"
    found = await states(ports, acme, references)
    assert (found.count("done"), found.count("quarantined")) == (processed, 30 - processed)


async def test_uses_are_told_by_address(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await used(ports, acme) == Uses(data=[], counted=0, since=None)
    await hold(ports, acme, LISTED)
    await put(ports, *(sent(ports, acme, f"k{n}", LISTED) for n in range(3)))
    await put(ports, *(sent(ports, acme, f"s{n}", STRANGE) for n in range(2)))
    await put(ports, sent(ports, globex, "theirs", "192.0.2.200"))
    await drain(ports, acme, globex)
    found = await used(ports, acme)
    assert [(each.address, each.count, each.quarantined) for each in found.data] == [
        (STRANGE, 2, 2),
        (LISTED, 3, 0),
    ]
    assert found.data[1].first_at < found.data[1].last_at < found.data[0].first_at
    assert (found.counted, found.since) == (5, found.data[1].first_at)
    monkeypatch.setattr(quarantine, "LOOKED_AT", 3)
    assert [each.count for each in (await used(ports, acme)).data] == [2, 1]
    monkeypatch.setattr(quarantine, "ADDRESSES_MAX", 1)
    narrow = await used(ports, acme)
    assert ([each.address for each in narrow.data], narrow.counted) == ([STRANGE], 3)


async def test_a_crash_in_the_middle_of_a_release_loses_nothing(
    ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "PORTION", 2)
    await hold(ports, acme)
    waiting = await put(ports, *(sent(ports, acme, f"k{n}", STRANGE) for n in range(5)))
    await drain(ports, acme)
    await release(ports, acme)
    async with ports.store.begin(acme.tenant, durable=False) as own:
        await lanes.leave_attempt(own, acme.integration_id, 1 << 40)
    await drain(ports, acme)
    assert set(await states(ports, acme, waiting)) == {"done"}
    assert len(await shown(ports, acme)) == 5


@pytest.mark.parametrize("bad", ["203.0.113.9/24", "host.example", "300.1.1.1", "::1/129", ""])
async def test_what_is_no_address_is_named(ports: Ports, acme: Org, bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        await hold(ports, acme, LISTED, bad)
    assert [fault.pointer for fault in refused.value.faults] == ["/addresses/1"]
    assert await present_hold(ports, acme) is None


async def present_hold(ports: Ports, org: Org) -> object:
    async with ports.store.begin(org.tenant) as tx:
        return await quarantine.stored.hold_of(tx, org.integration_id)


async def test_who_does_not_manage_the_integration_cannot_hold_it(ports: Ports, acme: Org) -> None:
    worker, reference = system("worker", acme.tenant), text("integration", acme.integration_id)
    with pytest.raises(Forbidden):
        await quarantine.hold(ports, worker, reference, HoldBack(addresses=[]), None, CONTEXT)
    with pytest.raises(Forbidden):
        await quarantine.release(ports, worker, reference, LetGo(quarantined=Release.DISCARD), None, CONTEXT)
    with pytest.raises(Forbidden):
        await quarantine.uses(ports, worker, reference)
