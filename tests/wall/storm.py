"""Random operations of two tenants at once over one pool, and a checker that hears of every row they met."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from line import CONTEXT, alarm, do, granted, row, shown
from orgs import Org
from scratch import connection
from servers import Database

from hub.contract.words import Action
from hub.domain.errors import Contended, NotFound, TooSlow, Unavailable
from hub.services import access
from hub.services.credentials import hash_of
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage import directory
from hub.storage.statement import Statement, written
from hub.storage.tables import METADATA
from hub.storage.tx import Store, Tx

WORKERS = 24
SEED = 20260301
# None of them filters by tenant: what they meet is for the policy to say.
LOOK = [
    written(f"SELECT DISTINCT tenant_id FROM {table.name} WHERE :tenant IS NOT NULL", tenant="uuid")
    for table in METADATA.sorted_tables
]
TOUCH = Statement(sa.text("UPDATE service SET tier = tier RETURNING tenant_id"))
SLEEP = Statement(sa.text("SELECT tenant_id FROM organization, pg_sleep(0.5)"))
SOON = Statement(sa.text("SET LOCAL statement_timeout = '3ms'"))
ADD = written(
    "INSERT INTO team (tenant_id, id, name, created_at) VALUES (:whose, gen_random_uuid(), :name, now())",
    whose="uuid", name="text",
)  # fmt: skip
TWICE = written(
    "INSERT INTO service (tenant_id, id, name, created_at) SELECT tenant_id, gen_random_uuid(), name, now()"
    " FROM service RETURNING tenant_id",
)  # fmt: skip


@dataclass
class Storm:
    """One run. `leaks` says who met whose row; the tags in `kept` must be there, those in `dropped` not.
    `forgiven` is what may come of an operation besides; in a healthy hub, what asks to be tried again."""

    ports: Ports
    orgs: tuple[Org, Org]
    leaks: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    forgiven: tuple[type[Exception], ...] = (Unavailable, Contended)

    def __post_init__(self) -> None:
        self.receiver = Receiver(self.ports)

    async def run(self, operations: int, seed: int) -> None:
        """So many operations by 24 workers; what a worker does next is drawn from its own seed."""

        async def work(number: int) -> None:
            drawn = random.Random(f"{seed}/{number}")
            names, weights = zip(*WEIGHTS.items(), strict=True)
            for _ in range(operations // WORKERS + 1):
                [name] = drawn.choices(names, weights)
                mine, other = drawn.sample(self.orgs, 2)
                with contextlib.suppress(*self.forgiven):
                    await OPERATIONS[name](self, mine, other, drawn)
                    self.done[name] += 1

        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(work(number))

    def met(self, who: Org, whose: UUID | None, where: str) -> None:
        """Somebody met a row, or was told of a tenant."""
        if whose != who.tenant:
            self.leaks.append(f"{who.slug} met {whose} in {where}")

    async def ask(self, who: Org, tx: Tx, statement: Statement, **values: object) -> None:
        for found in await tx.fetch(statement, **values):
            self.met(who, found["tenant_id"], statement.text)

    def tag(self, org: Org) -> str:
        """A name that nobody else gives, and that says whose it is."""
        self.numbers += 1
        return f"{org.slug}:{self.numbers};"

    async def look(self, mine: Org, other: Org, drawn: random.Random) -> None:
        async with self.ports.store.begin(mine.tenant, snapshot=drawn.random() < 0.2) as tx:
            await self.ask(mine, tx, drawn.choice(LOOK))

    async def glance(self, mine: Org, other: Org, drawn: random.Random) -> None:
        async with self.ports.store.reading(mine.tenant) as tx:
            await self.ask(mine, tx, drawn.choice(LOOK))

    async def touch(self, mine: Org, other: Org, drawn: random.Random) -> None:
        async with self.ports.store.begin(mine.tenant) as tx:
            await self.ask(mine, tx, TOUCH)

    async def add(self, mine: Org, other: Org, drawn: random.Random) -> None:
        tag = self.tag(mine)
        async with self.ports.store.begin(mine.tenant, durable=drawn.random() < 0.5) as tx:
            await tx.fetch(ADD, whose=mine.tenant, name=tag)
        self.kept.add(tag)

    async def think_again(self, mine: Org, other: Org, drawn: random.Random) -> None:
        tag = self.tag(mine)
        with contextlib.suppress(LookupError):
            async with self.ports.store.begin(mine.tenant) as tx:
                await tx.fetch(ADD, whose=mine.tenant, name=tag)
                raise LookupError
        self.dropped.add(tag)

    async def trespass(self, mine: Org, other: Org, drawn: random.Random) -> None:
        tag = self.tag(mine)
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            async with self.ports.store.begin(mine.tenant) as tx:
                await tx.fetch(ADD, whose=other.tenant, name=tag)
            self.leaks.append(f"{mine.slug} wrote into {other.slug}")
        self.dropped.add(tag)

    async def repeat(self, mine: Org, other: Org, drawn: random.Random) -> None:
        with contextlib.suppress(asyncpg.UniqueViolationError):
            async with self.ports.store.begin(mine.tenant) as tx:
                await self.ask(mine, tx, TWICE)

    async def dawdle(self, mine: Org, other: Org, drawn: random.Random) -> None:
        with contextlib.suppress(TooSlow):
            async with self.ports.store.begin(mine.tenant) as tx:
                await tx.fetch(SOON)
                await self.ask(mine, tx, SLEEP)

    async def give_up(self, mine: Org, other: Org, drawn: random.Random) -> None:
        """Cancelled or out of time, somewhere between BEGIN and the end."""

        async def work() -> None:
            async with self.ports.store.begin(mine.tenant) as tx:
                await tx.fetch(ADD, whose=mine.tenant, name=self.tag(mine))
                await self.ask(mine, tx, SLEEP)

        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(work(), drawn.random() / 50)

    async def look_up(self, mine: Org, other: Org, drawn: random.Random) -> None:
        store = self.ports.store
        self.met(mine, await directory.find_organization(store, mine.slug), "find_organization")
        found = await directory.find_credential(store, hash_of(mine.integration_key))
        self.met(mine, found and found.tenant_id, "find_credential")

    async def read(self, mine: Org, other: Org, drawn: random.Random) -> None:
        for incident in await shown(self.ports, mine):
            if not incident.title.startswith(mine.slug):
                self.leaks.append(f"{mine.slug} was shown {incident.title}")

    async def knock(self, mine: Org, other: Org, drawn: random.Random) -> None:
        with contextlib.suppress(NotFound):
            await access.authorize(self.ports, mine.key, other.slug, Action.INCIDENT_READ, CONTEXT)
            self.leaks.append(f"{mine.slug} was let into {other.slug}")

    async def note(self, mine: Org, other: Org, drawn: random.Random) -> None:
        tag = self.tag(mine)
        await do(self.ports, await granted(self.ports, mine), "1", "note", text=tag)
        self.kept.add(tag)

    async def alert(self, mine: Org, other: Org, drawn: random.Random) -> None:
        """Group commit: the rows of both tenants in one insert."""
        tag = self.tag(mine)
        await self.receiver.keep(row(self.ports, mine, alarm(tag)))
        self.kept.add(tag)


WEIGHTS = {
    "look": 290, "glance": 290, "touch": 40, "add": 120, "think_again": 60, "trespass": 40, "repeat": 30,
    "dawdle": 15, "give_up": 10, "look_up": 35, "read": 20, "knock": 10, "note": 10, "alert": 30,
}  # fmt: skip
OPERATIONS: dict[str, Callable[[Storm, Org, Org, random.Random], Awaitable[None]]] = {
    name: getattr(Storm, name) for name in WEIGHTS
}
WRITTEN = """
SELECT tenant_id, name FROM team UNION ALL
SELECT tenant_id, convert_from(body, 'UTF8') FROM inbox UNION ALL
SELECT tenant_id, convert_from(body, 'UTF8') FROM event_body
"""


async def verdict(storm: Storm, database: Database) -> list[str]:
    """All that is wrong: rows that were met; tags that lie with the other one, are missing, or came back."""
    found, there = list(storm.leaks), set()
    async with connection(database.admin_url) as admin:
        texts = await admin.fetch(WRITTEN)
    for tenant, text in texts:
        for org in storm.orgs:
            for piece in text.split(f"{org.slug}:")[1:]:
                number = piece.partition(";")[0]
                if number.isdigit() and piece[len(number) :].startswith(";"):
                    there.add(f"{org.slug}:{number};")
                    if tenant != org.tenant:
                        found.append(f"a row of {org.slug} lies with {tenant}: {text[:80]}")
    found += [f"{tag} is missing" for tag in storm.kept - there]
    found += [f"{tag} was taken back and is there" for tag in storm.dropped & there]
    return found


async def stormed(
    ports: Ports, store: Store, orgs: tuple[Org, Org], operations: int, *forgiven: type[Exception]
) -> Storm:
    """A finished run over a store of its own."""
    await store.open()
    try:
        storm = Storm(dataclasses.replace(ports, store=store), orgs)
        storm.forgiven += forgiven
        await storm.run(operations, SEED)
    finally:
        await store.close()
    return storm
