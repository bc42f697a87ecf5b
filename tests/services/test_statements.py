"""How much a request asks of PostgreSQL: counted, so that it cannot grow unnoticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from crew import CONTEXT, Person, hire, version
from line import alarm, do, drain, fire, granted, post, receipt, shown
from orgs import Org
from web import Site

from hub.contract.commands import COMMANDS
from hub.contract.words import OPEN, Action, Role
from hub.domain.access import Grant
from hub.domain.query import Query
from hub.services import access, credentials, incidents, sessions
from hub.services.ports import Ports
from hub.storage import tx
from hub.storage.tx import Store

STATEMENTS_MAX = 8
SPLIT_MAX = 10  # it looks for its alerts, locks the incidents they go to, and numbers the new ones
asked: list[str] = []


class Counting(tx.Connection):
    """A connection that notes each statement: several may go in one round trip."""

    async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
        asked.append(query)
        return await super().fetch(query, *values, **options)

    async def execute(self, query: str, *values: Any, **options: Any) -> Any:
        asked.extend(part for part in query.split(";") if part.strip())
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
    site: Site, ports: Ports, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    for org in (acme, globex):
        await fire(
            ports, org, {"title": "Disk full", "severity": "error", "source": "a", "dedup_key": "disk"}
        )
    [incident] = await shown(ports, acme)
    storm, folded = await storming(ports, acme)
    bob, cid = [await hire(ports, site, acme, name, Role.RESPONDER) for name in ("Bob", "Cid")]
    boss = await hire(ports, site, acme, "Boss", Role.OWNER)
    await ends_soon(site, cid)
    glass = await granted_to(ports, acme, boss)
    counts: dict[str, int] = {}
    async with counting(ports, monkeypatch) as counted:
        for name, arguments in (
            ("acknowledge", {}), ("unacknowledge", {}), ("severity", {"severity": "SEV1"}),
            ("commander", {"commander": cid.member}), ("note", {"text": "Looking."}), ("mitigate", {}),
            ("hide", {"members": [bob.member], "reason": "An audit"}), ("break-glass", {"reason": "x"}),
            ("hide", {"members": [bob.member, cid.member]}), ("show", {}),
            ("resolve", {}), ("reopen", {}), ("close", {}), ("split", {"alerts": [folded]}),
        ):  # fmt: skip
            who = glass if name == "break-glass" else await granted(ports, acme)
            asked.clear()
            of = storm if name == "split" else incident.id
            done = await do(counted, who, of, name, f"key of {name} {arguments}", **arguments)
            assert done.performed.changed
            counts[name] = max(len(asked), counts.get(name, 0))
    assert counts.keys() == COMMANDS.keys()
    assert counts.pop("split") == SPLIT_MAX
    assert max(counts.values()) <= STATEMENTS_MAX, counts
    assert counts["acknowledge"] == counts["note"] == 7


async def storming(ports: Ports, org: Org) -> tuple[str, str]:
    """More new problems at once than a service may open incidents for: the storm, and an alert that it took
    in."""
    sent = await post(ports, org, [alarm(f"storm-{number}") for number in range(30)])
    await drain(ports, org)
    last = (await receipt(ports, org, sent)).items[-1]
    assert last.incident
    assert last.alert
    return last.incident, last.alert


async def ends_soon(site: Site, person: Person) -> None:
    """Give a membership an end, which a command has to set a timer for."""
    owner = await site.signed_in("owner@acme.example")
    path = f"/api/v1/orgs/acme/members/{person.member}"
    body = {"expires_at": "2090-01-01T00:00:00Z"}
    assert (await owner("PATCH", path, body, await version(owner, path))).code == 200


async def granted_to(ports: Ports, org: Org, person: Person) -> Grant:
    """A Grant of somebody's session."""
    token = sessions.open_cookie(ports.config, person.browser.cookie)
    credential = await credentials.find(ports, token or "")
    assert credential is not None
    return await access.authorize(ports, credential, org.slug, Action.INCIDENT_READ, CONTEXT)


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
        await incidents.page(counted, grant, Query(statuses=OPEN), 50, None)
        assert len(asked) == 2
        await incidents.timeline(counted, grant, incident.id, 50, None)
        assert len(asked) == 4  # the incident, then its events
