"""How much a request asks of PostgreSQL: counted, so that it cannot grow unnoticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from line import do, fire, granted, shown
from orgs import Org

from hub.contract.words import OPEN, Action
from hub.services import incidents
from hub.services.ports import Ports
from hub.storage import tx
from hub.storage.tx import Store

MESSAGES_MAX = 8
asked: list[str] = []


class Counting(tx.Connection):
    """A connection that notes what is asked: one entry for each round trip."""

    async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
        asked.append(query)
        return await super().fetch(query, *values, **options)

    async def execute(self, query: str, *values: Any, **options: Any) -> Any:
        asked.append(query)
        return await super().execute(query, *values, **options)


@asynccontextmanager
async def counting(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ports]:
    """The same ports on connections that count."""
    monkeypatch.setattr(tx, "Connection", Counting)
    counted = replace(ports, store=Store(ports.config.database_url, 1))
    await counted.store.open()
    yield counted
    await counted.store.close()


@pytest.mark.gen_test(timeout=30)
async def test_no_command_asks_more_than_its_bound(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    for org in (acme, globex):
        await fire(
            ports, org, {"title": "Disk full", "severity": "error", "source": "a", "dedup_key": "disk"}
        )
    [incident] = await shown(ports, acme)
    grant = await granted(ports, acme)
    counts: dict[str, int] = {}
    async with counting(ports, monkeypatch) as counted:
        for name, arguments in (
            ("acknowledge", {}), ("unacknowledge", {}), ("severity", {"severity": "SEV1"}),
            ("note", {"text": "Looking."}), ("mitigate", {}), ("resolve", {}), ("reopen", {}), ("close", {}),
        ):  # fmt: skip
            asked.clear()
            done = await do(counted, grant, incident.id, name, f"key of {name}", **arguments)
            assert done.performed.changed
            counts[name] = len(asked)
    assert max(counts.values()) <= MESSAGES_MAX
    assert counts["acknowledge"] == counts["note"] == 6


@pytest.mark.gen_test(timeout=30)
async def test_a_question_is_one_round_trip(
    ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fire(ports, acme, {"title": "Disk full", "severity": "error", "source": "a", "dedup_key": "disk"})
    [incident] = await shown(ports, acme)
    grant = await granted(ports, acme, Action.INCIDENT_READ)
    async with counting(ports, monkeypatch) as counted:
        asked.clear()
        await incidents.show(counted, grant, incident.id)
        assert len(asked) == 1
        await incidents.page(counted, grant, frozenset(OPEN), 50, None)
        assert len(asked) == 2
        await incidents.timeline(counted, grant, incident.id, 50, None)
        assert len(asked) == 4  # the incident, then its events
