"""Receiving: an answer only after COMMIT, many requests in one, and a database that is away for a while."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest
from line import alarm, connected, row, until
from orgs import Org, Rung
from proxy import Proxy, proxied
from servers import Database

from hub.contract.ids import new
from hub.domain.errors import Unavailable
from hub.services import receive
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage.inbox import InboxRow
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)


async def kept(database: Database) -> set[object]:
    async with connected(database.admin_url) as admin:
        return {row["id"] for row in await admin.fetch("SELECT id FROM inbox")}


async def transactions(database: Database) -> int:
    """How many transactions have put the rows that are there."""
    async with connected(database.admin_url) as admin:
        found: int = await admin.fetchval("SELECT count(DISTINCT xmin::text) FROM inbox")
        return found


@asynccontextmanager
async def distant(ports: Ports, database: Database) -> AsyncIterator[tuple[Receiver, Proxy]]:
    """A receiver whose way to the database can fall silent or end."""
    async with proxied(database.url) as proxy:
        store = Store(proxy.url, size=2)
        await store.open()
        try:
            yield Receiver(dataclasses.replace(ports, store=store)), proxy
        finally:
            proxy.flow()
            await store.close()


async def offer(receiver: Receiver, *rows: InboxRow) -> list[object]:
    """Keep all of them at once: None, or what was raised."""
    return await asyncio.gather(*(receiver.keep(one) for one in rows), return_exceptions=True)


def is_flying(receiver: Receiver) -> bool:
    """Whether an insert is under way and nothing waits for the next."""
    return not receiver._waiting and receiver._flusher is not None and not receiver._flusher.done()


async def test_what_comes_at_once_is_committed_together_and_rung_once(
    ports: Ports, database: Database, acme: Org, globex: Org, rung: Rung
) -> None:
    rows = [row(ports, org, alarm(f"k{n}")) for n in range(30) for org in (acme, globex)]
    rung.enqueued.clear()
    assert await offer(Receiver(ports), *rows) == [None] * 60
    assert await kept(database) == {one.id for one in rows}
    assert await transactions(database) == 1
    assert rung.enqueued == [("inbox", {acme.tenant, globex.tenant})]


async def test_what_comes_while_an_insert_is_in_flight_goes_into_the_next(
    ports: Ports, database: Database, acme: Org
) -> None:
    receiver = Receiver(ports)
    await receiver.keep(row(ports, acme, alarm("before")))
    for _ in range(3):
        first = asyncio.create_task(receiver.keep(row(ports, acme, alarm("first"))))
        await until(lambda: is_flying(receiver))
        await offer(receiver, *(row(ports, acme, alarm(f"k{n}")) for n in range(10)))
        await first
    assert await transactions(database) == 7
    assert len(await kept(database)) == 34


async def test_an_insert_is_bounded_in_rows_and_bytes(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "ROWS", 4)
    assert await offer(Receiver(ports), *(row(ports, acme, alarm(f"k{n}")) for n in range(10))) == [None] * 10
    assert await transactions(database) == 3
    monkeypatch.setattr(receive, "BYTES", 150)
    assert await offer(Receiver(ports), *(row(ports, acme, b"x" * 100) for _ in range(6))) == [None] * 6
    assert await transactions(database) == 3 + 3


async def test_a_row_that_cannot_be_kept_fails_alone(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    good = [row(ports, org, alarm(f"k{n}")) for n in range(5) for org in (acme, globex)]
    foreign = msgspec.structs.replace(row(ports, acme, alarm("x")), integration_id=globex.integration_id)
    unwritable = msgspec.structs.replace(row(ports, globex, alarm("y")), request_id="half a \ud800 pair")
    answers = await offer(Receiver(ports), *good[:4], foreign, *good[4:8], unwritable, *good[8:])
    assert [type(answer).__name__ for answer in answers if answer is not None] == [
        "ForeignKeyViolationError", "DataError"
    ]  # fmt: skip
    assert [answers.index(answer) for answer in answers if answer is not None] == [4, 9]
    assert await kept(database) == {one.id for one in good}


async def test_a_repeat_is_accepted_and_kept_once(ports: Ports, database: Database, acme: Org) -> None:
    one = row(ports, acme, alarm("a"), delivery="d-1")
    assert await offer(Receiver(ports), one, one) == [None, None]
    assert await offer(Receiver(ports), one) == [None]
    assert await kept(database) == {one.id}


# --- a database that is away ---------------------------------------------------------------------------


async def test_a_silent_database_is_unavailable_soon_and_serves_again_without_a_restart(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with distant(ports, database) as (receiver, proxy):
        await receiver.keep(row(ports, acme, alarm("before")))
        proxy.silence()
        started = asyncio.get_running_loop().time()
        answers = await offer(receiver, *(row(ports, acme, alarm(f"k{n}")) for n in range(5)))
        assert {type(answer) for answer in answers} == {Unavailable}
        assert asyncio.get_running_loop().time() - started < receive.KEEP_SECONDS + 4  # a bound, not a figure
        proxy.flow()
        await receiver.keep(row(ports, acme, alarm("after")))


async def test_a_closed_database_is_unavailable_and_serves_again_without_a_restart(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with distant(ports, database) as (receiver, proxy):
        await receiver.keep(row(ports, acme, alarm("before")))
        await proxy.shut()
        for n in range(3):
            assert [type(a) for a in await offer(receiver, row(ports, acme, alarm(f"k{n}")))] == [Unavailable]
        await proxy.open()
        after = row(ports, acme, alarm("after"))
        await receiver.keep(after)
        assert len(await kept(database)) == 2
        assert after.id in await kept(database)


async def test_a_lost_answer_to_commit_is_no_acceptance_and_a_repeat_is_one_row(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with distant(ports, database) as (receiver, proxy):
        await receiver.keep(row(ports, acme, alarm("before")))
        one = row(ports, acme, alarm("a"), delivery="d-1")
        async with connected(database.admin_url) as admin:
            # COMMIT is reached and stopped at: deferred triggers run in it.
            await admin.execute(
                "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;"
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION late(); SELECT pg_advisory_lock(7)"
            )
            keeping = asyncio.create_task(receiver.keep(one))
            stopped = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            await until(lambda: admin.fetchval(stopped))
            proxy.silence()
            await admin.execute("SELECT pg_advisory_unlock(7)")
            with pytest.raises(Unavailable):
                await keeping
            await admin.execute("DROP TRIGGER late ON inbox")
        assert one.id in await kept(database), "it is there, though nobody was told"
        proxy.flow()
        await receiver.keep(one)
        assert len(await kept(database)) == 2


async def test_a_full_queue_is_unavailable_at_once(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "WAITING_MAX", 5)
    async with distant(ports, database) as (receiver, proxy):
        proxy.silence()
        waiting = [asyncio.create_task(receiver.keep(row(ports, acme, alarm(f"k{n}")))) for n in range(5)]
        await until(lambda: len(receiver._waiting) == 5)
        with pytest.raises(Unavailable, match="More is waiting"):
            await receiver.keep(row(ports, acme, alarm("one more")))
        assert not any(task.done() for task in waiting), "it did not wait for them"
        for answer in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(answer, Unavailable)


async def test_a_queue_full_of_bytes_is_unavailable_and_empties_again(
    ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "WAITING_BYTES", 250)
    receiver = Receiver(ports)
    for _ in range(2):
        answers = await offer(receiver, *(row(ports, acme, b"x" * 100) for _ in range(4)))
        assert [type(answer).__name__ for answer in answers] == ["NoneType"] * 2 + ["Unavailable"] * 2


async def test_who_has_gone_away_is_not_kept(ports: Ports, database: Database, acme: Org) -> None:
    receiver = Receiver(ports)
    gone, stays = row(ports, acme, alarm("gone")), row(ports, acme, alarm("stays"))
    leaving = asyncio.create_task(receiver.keep(gone))
    staying = asyncio.create_task(receiver.keep(stays))
    await until(lambda: len(receiver._waiting) == 2)
    leaving.cancel()
    await staying
    assert await kept(database) == {stays.id}


# --- whose key -----------------------------------------------------------------------------------------


async def test_an_integration_key_is_its_integrations_and_nothing_else_is_one(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    receiver = Receiver(ports)
    for org in (acme, globex):
        assert await receiver.integration(org.integration_key) == IntegrationRef(
            org.tenant, org.integration_id
        )
    for wrong in (acme.api_key, "", "x" * 32, acme.integration_key.upper(), acme.integration_key + " ",
                  "x" * 100_000, "\x00", "ä", str(new())):  # fmt: skip
        assert await receiver.integration(wrong) is None
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE credential SET expires_at = now() - $1::interval", timedelta(seconds=1))
    assert await receiver.integration(globex.integration_key) is not None  # believed for a second

    async def is_refused() -> bool:
        return await receiver.integration(acme.integration_key) is None

    await until(is_refused)


async def test_what_this_process_changes_itself_is_doubted_at_once(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    receiver = Receiver(ports)
    for org in (acme, globex):
        assert await receiver.integration(org.integration_key) is not None
    async with connected(database.admin_url) as admin:
        await admin.execute("DELETE FROM credential WHERE kind = 'integration_key'")
    ports.grants.happened(acme.tenant, ["incident.opened", "alert.fired"])
    assert await receiver.integration(acme.integration_key) is not None
    ports.grants.happened(acme.tenant, ["integration.key_revoked"])
    assert await receiver.integration(acme.integration_key) is None
    assert await receiver.integration(globex.integration_key) is not None


async def test_a_key_that_nobody_can_look_up_is_unavailable_not_unknown(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with distant(ports, database) as (receiver, proxy):
        proxy.silence()
        with pytest.raises(Unavailable):
            await receiver.integration(acme.integration_key)
        proxy.flow()
        assert await receiver.integration(acme.integration_key)
