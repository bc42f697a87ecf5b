"""The sealed log: every event has its hash (I14), and each way to change the past is found."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from line import CONTEXT, alarm, connected, do, fire, granted
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.config import Config
from hub.contract.ids import INSTALLATION, TenantId
from hub.contract.words import Action
from hub.domain.errors import SignInFailed
from hub.metrics import INVARIANTS_BROKEN
from hub.services import access, audit, sessions, work
from hub.services import seal as sealing
from hub.services.ports import Ports
from hub.services.seal import Verdict
from hub.storage import directory
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=40)

# What somebody with the database in hand may try, at position 5 of a log of acme's. The triggers are
# asleep: only a superuser can do that.
FLIP = "set_byte({0}, 0, get_byte({0}, 0) # 1)"
CLOSE_GAP = "".join(
    f"UPDATE {table} SET position = position + 1000 WHERE {{after}};"
    f"UPDATE {table} SET position = position - 1001 WHERE tenant_id = '{{tenant}}' AND position > 1000;"
    for table in ("incident_event", "event_body", "audit_log")
)
SWAP = (
    "UPDATE {0} SET position = 999 WHERE {{here}};"
    "UPDATE {0} SET position = 5 WHERE tenant_id = '{{tenant}}' AND position = 6;"
    "UPDATE {0} SET position = 6 WHERE tenant_id = '{{tenant}}' AND position = 999"
)
TAMPERINGS = {
    "a body": "UPDATE event_body SET body = 'x' WHERE {here}",
    "one bit of a body": f"UPDATE event_body SET body = {FLIP.format('body')} WHERE {{here}}",
    "a salt": f"UPDATE event_body SET salt = {FLIP.format('salt')} WHERE {{here}}",
    "an address": "UPDATE event_body SET address = '192.0.2.8' WHERE {here}",
    "a kind": "UPDATE incident_event SET kind = 'incident.noted' WHERE {here}",
    "a moment": "UPDATE incident_event SET at = at + interval '1 microsecond' WHERE {here}",
    "an actor": "UPDATE incident_event SET actor = actor || 'x' WHERE {here}",
    "a subject": "UPDATE incident_event SET subject = subject || 'x' WHERE {here}",
    "an incident": "UPDATE incident_event SET incident_id = gen_random_uuid() WHERE {here}",
    "a version": "UPDATE incident_event SET version = coalesce(version, 0) + 1 WHERE {here}",
    "a request id": "UPDATE incident_event SET request_id = request_id || 'x' WHERE {here}",
    "an id": "UPDATE incident_event SET id = gen_random_uuid() WHERE {here}",
    "a digest": f"UPDATE incident_event SET digest = {FLIP.format('digest')} WHERE {{here}}",
    "a hash": f"UPDATE audit_log SET hash = {FLIP.format('hash')} WHERE {{here}}",
    "a hash that is gone": "DELETE FROM audit_log WHERE {here}",
    "an event that is gone": "DELETE FROM incident_event WHERE {here}",
    "all of an event": "DELETE FROM audit_log WHERE {here}; DELETE FROM event_body WHERE {here};"
    "DELETE FROM incident_event WHERE {here}",
    "a gap that was closed": "DELETE FROM audit_log WHERE {here}; DELETE FROM event_body WHERE {here};"
    "DELETE FROM incident_event WHERE {here};" + CLOSE_GAP
    + "UPDATE head SET position = position - 1 WHERE tenant_id = '{tenant}'",
    "two hashes": SWAP.format("audit_log"),
    "two bodies": SWAP.format("event_body"),
    "a tail that is gone": "DELETE FROM audit_log WHERE {after}; DELETE FROM event_body WHERE {after};"
    "DELETE FROM incident_event WHERE {after}",
    "a tail without its bodies": "DELETE FROM audit_log WHERE {after};"
    "DELETE FROM incident_event WHERE {after}",
    "an event that was never appended": "INSERT INTO incident_event SELECT tenant_id, position + 1,"
    " gen_random_uuid(), kind, at, actor, subject, incident_id, version, request_id, digest"
    " FROM incident_event WHERE {last}",
    "a hash of nothing": "INSERT INTO audit_log SELECT tenant_id, position + 1, hash FROM audit_log"
    " WHERE {last}",
    "an event moved to another log": "UPDATE incident_event SET tenant_id = '{other}', position = 1000"
    " WHERE {here}",
}  # fmt: skip


async def tamper(database: Database, org: Org, other: Org, statement: str) -> None:
    here = f"tenant_id = '{org.tenant}' AND position = 5"
    after = f"tenant_id = '{org.tenant}' AND position > 5"
    head = f"SELECT position FROM head WHERE tenant_id = '{org.tenant}'"
    last = f"tenant_id = '{org.tenant}' AND position = ({head})"
    async with connected(database.admin_url) as admin:
        await admin.execute("SET session_replication_role = replica")
        done = await admin.execute(
            statement.format(here=here, after=after, last=last, tenant=org.tenant, other=other.tenant)
        )
        assert not done.endswith(" 0"), "nothing was tampered with"


async def seal(ports: Ports, *tenants: TenantId) -> None:
    assert await work.drain(ports, "log", tenants) == []


async def verdicts(ports: Ports) -> dict[TenantId, Verdict]:
    return {TenantId(verdict.tenant): verdict for verdict in await sealing.verify(ports)}


async def count(database: Database, what: str) -> int:
    async with connected(database.admin_url) as admin:
        found: int = await admin.fetchval(f"SELECT count(*) FROM {what}")
        return found


async def test_after_any_activity_every_event_is_sealed(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    """I14: as many links as events, in every tenant: organizations, persons, the installation."""
    await fire(ports, acme, alarm("disk"), alarm("disk", "resolve"), b"not json")
    await do(ports, await granted(ports, acme), "1", "note", text="I look")
    await sessions.sign_in(ports, "owner@acme.example", PASSWORD, CONTEXT)
    with pytest.raises(SignInFailed):
        await sessions.sign_in(ports, "nobody@acme.example", "x", CONTEXT)
    due = await directory.with_work(ports.store, "log", None, 100)
    assert {acme.tenant, globex.tenant, INSTALLATION} < set(due)
    await seal(ports, *due)
    assert await directory.with_work(ports.store, "log", None, 100) == []
    assert await count(database, "audit_log") == await count(database, "incident_event")
    assert await count(database, "head WHERE unsealed") == 0
    found = await verdicts(ports)
    assert {verdict.problem for verdict in found.values()} == {""}
    assert {verdict.waiting for verdict in found.values()} == {0}
    assert len(found) == 5
    heads = await directory.heads(ports.store, list(found))
    assert {tenant: verdict.sealed for tenant, verdict in found.items()} == {
        tenant: head.position for tenant, head in heads.items()
    }


async def test_sealing_twice_or_side_by_side_makes_one_chain(
    ports: Ports, config: Config, database: Database, acme: Org, globex: Org
) -> None:
    second = dataclasses.replace(ports, store=Store(config.database_url, size=6))
    await second.store.open()
    grant = await granted(ports, acme)
    await fire(ports, acme, alarm("disk"))
    for round in range(4):
        await asyncio.gather(
            *(do(ports, grant, "1", "note", text=f"{round} {n}") for n in range(5)),
            *(sealing.seal(which, acme.tenant) for which in (ports, second, ports, second)),
        )
    await seal(second, acme.tenant)
    await second.store.close()
    assert (await verdicts(ports))[acme.tenant].problem == ""
    assert (
        await count(database, f"audit_log WHERE tenant_id = '{acme.tenant}'")
        == (await directory.heads(ports.store, [acme.tenant]))[acme.tenant].position
    )
    assert await sealing.seal(ports, acme.tenant) == 0


async def test_a_long_log_is_sealed_in_steps(
    ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sealing, work):
        monkeypatch.setattr(module, "LINKS", 4)
    await fire(ports, acme, [alarm(f"k{n}") for n in range(10)])
    total = (await directory.heads(ports.store, [acme.tenant]))[acme.tenant].position
    assert await sealing.seal(ports, acme.tenant) == 4
    waiting = (await verdicts(ports))[acme.tenant]
    assert (waiting.sealed, waiting.waiting, waiting.problem) == (4, total - 4, "")
    assert acme.tenant in await directory.with_work(ports.store, "log", None, 100)
    await seal(ports, acme.tenant)
    done = (await verdicts(ports))[acme.tenant]
    assert (done.sealed, done.waiting, done.problem) == (total, 0, "")


@pytest.mark.parametrize("what", sorted(TAMPERINGS))
async def test_it_is_found_that_somebody_changed(
    ports: Ports, database: Database, acme: Org, globex: Org, what: str
) -> None:
    for org in (acme, globex):
        await fire(ports, org, alarm("disk"), alarm("cpu"))
        await seal(ports, org.tenant)
    assert {verdict.problem for verdict in (await verdicts(ports)).values()} == {""}
    await tamper(database, acme, globex, TAMPERINGS[what])
    found = await verdicts(ports)
    assert found[acme.tenant].problem
    if what == "all of an event":
        assert found[acme.tenant].problem == "position 5: an event is missing"
    if what != "an event moved to another log":
        assert found[globex.tenant].problem == "", "the others still stand"


async def test_an_unsealed_tail_that_is_cut_is_found_by_the_head(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await seal(ports, acme.tenant)
    await fire(ports, acme, alarm("disk"), alarm("cpu"))
    await tamper(
        database, acme, globex, "DELETE FROM event_body WHERE {last}; DELETE FROM incident_event WHERE {last}"
    )
    assert "does not reach its head" in (await verdicts(ports))[acme.tenant].problem


async def test_a_log_that_cannot_be_sealed_keeps_no_other_waiting(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    """A hole is not sealed over: that would make the tampering look whole."""
    for org in (acme, globex):
        await fire(ports, org, alarm("disk"))
    await tamper(database, acme, globex, "DELETE FROM incident_event WHERE {here}")
    before = INVARIANTS_BROKEN.labels("I14")._value.get()
    for tenants in ((acme.tenant, globex.tenant), (globex.tenant, acme.tenant)):
        await work.drain(ports, "log", tenants)
    assert INVARIANTS_BROKEN.labels("I14")._value.get() > before
    found = await verdicts(ports)
    assert found[acme.tenant].problem
    assert (found[globex.tenant].problem, found[globex.tenant].waiting) == ("", 0)
    assert await count(database, f"audit_log WHERE tenant_id = '{acme.tenant}' AND position >= 5") == 0


async def test_the_audit_log_shows_each_entry_with_its_seal(ports: Ports, acme: Org, globex: Org) -> None:
    await fire(ports, acme, alarm("disk"))
    await seal(ports, acme.tenant)
    grant = await granted(ports, acme, Action.AUDIT_READ)
    await do(ports, grant, "1", "note", text="I look")
    page = await audit.page(ports, grant, 50, None)
    newest, before, *_, first = page.data
    assert (newest.action, newest.sealed, newest.hash) == ("incident.noted", False, None)
    assert (newest.address, newest.request_id) == (CONTEXT.address, CONTEXT.request_id)
    assert newest.actor.name == "First key"
    assert newest.target.startswith("inc_")
    assert b"I look" in bytes(newest.data)
    assert before.sealed
    assert len(bytes.fromhex(before.hash or "")) == 32
    assert first.action == "organization.created"
    seen, cursor = [], None
    while True:
        some = await audit.page(ports, grant, 3, cursor)
        seen += some.data
        if (cursor := some.next_cursor) is None:
            break
    assert [one.id for one in seen] == [one.id for one in page.data]
    theirs = await audit.page(ports, await granted(ports, globex, Action.AUDIT_READ), 200, None)
    assert not {one.id for one in theirs.data} & {one.id for one in page.data}


async def test_who_does_not_administer_reads_no_audit_log(ports: Ports, acme: Org) -> None:
    with pytest.raises(access.Forbidden):
        await audit.page(ports, access.system("stream", acme.tenant), 50, None)
