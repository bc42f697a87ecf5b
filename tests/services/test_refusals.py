"""Refusals: each seen at once, floods folded with a count, none lost while the database is away."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from line import connected
from orgs import Org
from servers import Database

from hub.contract.ids import TenantId, new
from hub.domain.errors import Broken
from hub.services import refusals
from hub.services.guarding import write_refusals
from hub.services.ports import Ports
from hub.services.refusals import Refusal, Refusals
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
NOON = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC)
TENANT = TenantId(new())


def refusal(seconds: float = 0, **fields: object) -> Refusal:
    at = NOON + timedelta(seconds=seconds)
    made = Refusal(
        tenant=TENANT, who="mem_ann", action="incident:note", target="acme", address="192.0.2.7",
        request_id="req-1", count=1, first_at=at, last_at=at,
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def told(kept: Refusals, seconds: float = 0, everything: bool = False) -> list[tuple[str, str, int]]:
    due = kept.take(NOON + timedelta(seconds=seconds), everything)
    return [(one.who, one.action, one.count) for one in due]


def test_the_first_of_a_minute_is_told_at_once_and_the_others_with_their_count() -> None:
    kept = Refusals()
    for seconds in (0, 1, 2, 30):
        kept.add(refusal(seconds))
    assert told(kept, 30) == [("mem_ann", "incident:note", 1)]
    assert told(kept, 49) == []
    assert told(kept, 50) == [("mem_ann", "incident:note", 3)]
    assert told(kept, 3600, everything=True) == []


def test_another_minute_actor_action_or_tenant_is_another_entry() -> None:
    kept = Refusals()
    for one in (
        refusal(), refusal(60), refusal(who="mem_bob"), refusal(action="incident:edit"),
        refusal(tenant=TenantId(new())),
    ):  # fmt: skip
        kept.add(one)
        kept.add(one)
    assert sorted(told(kept, everything=True)) == sorted(
        [("mem_ann", "incident:note", 1), ("mem_bob", "incident:note", 1), ("mem_ann", "incident:edit", 1)]
        * 2
        + [("mem_ann", "incident:note", 1)] * 4
    )


def test_a_fold_says_from_when_to_when() -> None:
    kept = Refusals()
    for seconds in (0, 5, 20):
        kept.add(refusal(seconds))
    first, fold = kept.take(NOON, everything=True)
    assert (first.first_at, first.last_at) == (NOON, NOON)
    assert fold.last_at == NOON + timedelta(seconds=20)


def test_a_flood_of_many_actors_is_bounded_and_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "KEPT", 10)
    kept = Refusals()
    for number in range(1000):
        kept.add(refusal(who=f"mem_{number}"))
    entries = told(kept, everything=True)
    assert len(entries) <= 2 * 10 + 1
    assert sum(count for _, _, count in entries) == 1000
    assert ("several", "several", 990) in entries


def test_what_is_taken_back_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "KEPT", 3)
    kept = Refusals()
    kept.add(refusal(who="mem_new"))
    kept.keep([refusal(who=f"mem_{number}") for number in range(5)])
    assert [who for who, _, _ in told(kept)] == ["mem_0", "mem_1", "mem_2"]


async def test_refusals_wait_for_the_database(ports: Ports, database: Database, acme: Org) -> None:
    away = dataclasses.replace(ports, store=Store("postgresql://nobody@127.0.0.1:1/none"))
    await away.store.open()
    for who in ("mem_ann", "mem_bob"):
        ports.refusals.add(refusal(tenant=acme.tenant, who=who))
    assert await write_refusals(away) == 0
    assert await write_refusals(ports) == 2
    assert await write_refusals(ports) == 0
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "SELECT e.actor, b.address, b.body FROM incident_event e"
            " JOIN event_body b USING (tenant_id, position)"
            " WHERE kind = 'request.refused' AND tenant_id = $1 ORDER BY e.position", acme.tenant,
        )  # fmt: skip
    assert [(row["actor"], row["address"]) for row in rows] == [("system:guard", "192.0.2.7")] * 2
    assert [msgspec.json.decode(row["body"])["data"]["who"] for row in rows] == ["mem_ann", "mem_bob"]


async def test_one_that_cannot_be_written_takes_no_other_along(ports: Ports, acme: Org) -> None:
    for tenant in (acme.tenant, TenantId(new()), acme.tenant):
        ports.refusals.add(refusal(tenant=tenant, who=f"mem_{new()}"))
    with pytest.raises(Broken):  # a tenant without a log
        await write_refusals(ports)
    assert await write_refusals(ports) == 1
