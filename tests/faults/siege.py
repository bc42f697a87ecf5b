"""A siege: alerts go in while processes are killed, then everything is held against what was accepted."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

import asyncpg
from besiegers import Besieger
from chronicle import Chronicle, read
from theatre import WEBS, Theatre

from hub.cli.ports import opened
from hub.embedded.spec import until
from hub.services import seal

ORGS = ("acme", "globex")
SENDERS = 6  # of each organization
VICTIMS = ("web", "worker", "valkey", "postgres")
STUCK = 120.0  # seconds in which nothing is processed or sealed, after which nothing ever will be
LEFT = """
    SELECT (SELECT count(*) FROM inbox WHERE state = 'stored') AS requests,
      (SELECT coalesce(sum(h.position - coalesce(
        (SELECT max(a.position) FROM audit_log a WHERE a.tenant_id = h.tenant_id), h.cut)), 0)
      FROM head h WHERE h.unsealed)::bigint AS events
"""
FIRED = """
    SELECT convert_from(b.body, 'UTF8')::jsonb #>> '{data,dedup_key}' AS name, count(*) AS times
    FROM incident_event e JOIN event_body b USING (tenant_id, position)
    WHERE e.kind = 'alert.fired' AND e.tenant_id = $1 GROUP BY 1
"""


class Found(NamedTuple):
    """What the database holds, by dedup key: how often it fired, how many alerts it has, what they count."""

    fired: dict[str, int]
    alerts: dict[str, int]
    counted: dict[str, int]


def wrong(
    kept: set[str], sent: set[str], alone: Iterable[str], found: Found
) -> Iterator[tuple[str, set[str]]]:
    """What is not as it must be, and of which alerts; `alone` are those whose deliveries have a name."""
    fired, alerts, counted = found
    for what, names in (
        ("lost", kept - fired.keys()),
        ("phantom", fired.keys() - sent),
        ("fired more than once", {name for name, times in fired.items() if times > 1}),
        ("more than one alert", {name for name, times in alerts.items() if times > 1}),
        ("no alert of its own", fired.keys() ^ alerts.keys()),
        ("counted twice", {name for name in alone if counted.get(name, 1) != 1}),
    ):
        if names:
            yield what, names


@dataclass
class Siege:
    """`run` leaves ledgers in the theatre's folder, and what is wrong in `findings`."""

    theatre: Theatre
    seed: int
    alerts: int
    kills: int
    findings: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.besiegers: list[Besieger] = []

    async def run(self) -> None:
        """All of it."""
        theatre = self.theatre
        with ExitStack() as stack:
            sent = stack.enter_context(Chronicle(theatre.folder / "sent.jsonl", durable=True))
            kept = stack.enter_context(Chronicle(theatre.folder / "kept.jsonl", durable=True))
            try:
                await theatre.open(random.Random(self.dice.random()))
                for slug in ORGS:
                    founded = await theatre.found(slug)
                    dice = random.Random(self.dice.random())
                    self.besiegers.append(Besieger(theatre.port, founded, sent, kept, dice))
                await self._storm()
                await self._reckon()
            except BaseException as error:
                error.add_note(f"the processes' last words:\n{theatre.log.read_text()[-4000:]}")
                raise
            finally:
                await theatre.close()

    async def _storm(self) -> None:
        each = self.alerts // len(self.besiegers)
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            sending = [group.create_task(one.send(each, SENDERS)) for one in self.besiegers]
            group.create_task(self._kill(sending))
        self.figures["seconds of sending"] = round(time.monotonic() - began)

    async def _kill(self, sending: list[asyncio.Task[None]]) -> None:
        """Kill one after the other, whenever a share of the alerts has been accepted; everybody at least once
        in every round."""
        deck: list[str] = []
        for number in range(1, self.kills + 1):
            share = self.alerts * number // (self.kills + 1)

            async def is_due(share: int = share) -> bool:
                return sum(one.accepted for one in self.besiegers) >= share or all(
                    task.done() for task in sending
                )

            await until(is_due, 600)
            deck = deck or self.dice.sample(VICTIMS, len(VICTIMS))
            await self._kill_one(deck.pop())

    async def _kill_one(self, victim: str) -> None:
        name = self.dice.choice(WEBS) if victim == "web" else victim
        self.figures[f"killed: {victim}"] += 1
        await asyncio.sleep(self.dice.uniform(0, 0.2))
        if name == "postgres":  # as pg_ctl stop -m immediate
            await self.theatre.end(name, signal.SIGQUIT)
        else:
            self.theatre.kill(name)
            await self.theatre.reap(name)
        await asyncio.sleep(self.dice.uniform(0, 0.5))
        await self.theatre.start(name)

    async def _reckon(self) -> None:
        """Wait until all is processed and sealed, then count."""
        connection = await self.theatre.admin()
        try:
            began = time.monotonic()

            left, since = None, began
            while any(now := await connection.fetchrow(LEFT)):
                if now != left:
                    left, since = now, time.monotonic()
                elif time.monotonic() - since > STUCK:
                    raise TimeoutError(f"nothing has moved for {STUCK:.0f} s: {dict(now)}")
                await asyncio.sleep(0.5)
            self.figures["seconds until drained"] = round(time.monotonic() - began)
            for besieger in self.besiegers:
                await self._check(connection, besieger)
        finally:
            await connection.close()
        async with opened(self.theatre.config) as ports:
            for verdict in await seal.verify(ports):
                if verdict.problem or verdict.waiting:
                    self._find(f"the chain of {verdict.tenant}: {verdict}")
                self.figures["sealed events"] += verdict.sealed

    async def _check(self, connection: asyncpg.Connection, besieger: Besieger) -> None:
        org = besieger.org
        tenant = await connection.fetchval("SELECT tenant_id FROM organization WHERE slug = $1", org)
        fired = {row["name"]: row["times"] for row in await connection.fetch(FIRED, tenant)}
        rows = await connection.fetch("SELECT dedup_key, count FROM alert WHERE tenant_id = $1", tenant)
        alerts = Counter(row["dedup_key"] for row in rows)
        counted = {row["dedup_key"]: row["count"] for row in rows}
        found = Found(fired, alerts, counted)
        for what, names in wrong(self._names("kept", org), self._names("sent", org), besieger.alone, found):
            self._find(f"{org}: {what}: {len(names)}, such as {sorted(names)[:3]}")
        for name, accepted in besieger.triggers.items():
            if not accepted <= counted.get(name, 0) <= besieger.tried[name]:
                tried = besieger.tried[name]
                self._find(f"{org}: {name} counts {counted.get(name)}, of {accepted} to {tried}")
        dead = await connection.fetchval(
            "SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state <> 'done'", tenant
        )
        if dead:
            self._find(f"{org}: {dead} requests are not done")
        gaps = await connection.fetchval(
            "SELECT h.position - count(e.position) FROM head h LEFT JOIN incident_event e USING (tenant_id)"
            " WHERE h.tenant_id = $1 GROUP BY h.position",
            tenant,
        )
        if gaps:
            self._find(f"{org}: {gaps} positions are missing")
        self.figures["alerts accepted"] += len(self._names("kept", org))
        self.figures["alerts fired"] += len(fired)
        self.figures["requests refused or cut, and sent again"] += sum(besieger.refused.values())

    def _names(self, ledger: str, org: str) -> set[str]:
        records = read(self.theatre.folder / f"{ledger}.jsonl")
        return {name for record in records if record["org"] == org for name in record["names"]}

    def _find(self, what: str) -> None:
        self.findings.append(what)

    def __str__(self) -> str:
        lines = [f"{name}: {count}" for name, count in self.figures.items()]
        return "\n".join([*lines, *(f"BROKEN {finding}" for finding in self.findings)])
