"""One run: writers and readers of two organizations, faults in the order of a seed, then the reckoning."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from authors import Author
from chronicle import Chronicle, read
from histories import Finding
from mishaps import REDIS_ONLY, Mishaps
from mute import Mute
from sides import Side, responder
from theatre import WEBS, Theatre
from truths import Truths, read_truths
from visitors import TRANSPORTS

from hub.embedded.spec import until

ORGS = ("acme", "globex")
RATE = 12.0  # writes a second in each organization
CATCH_UP = 30.0  # seconds after which somebody who has not caught up never will
REVOKED = 15.0
MUTES = 2
# What every run does, however short it is.
ALWAYS = (
    "web killed", "postgres crashed", "redis killed", "killed between COMMIT and PUBLISH",
    "answers of COMMIT lost", "redis publishes: every trick",
)  # fmt: skip
HEADS = "SELECT o.slug, h.position FROM head h JOIN organization o USING (tenant_id)"


@dataclass
class Passed:
    """One fault that is over: when it began and was repaired, and how long it took all readers to be live
    again."""

    name: str
    began: float
    repaired: float
    live_after: float = -1.0


@dataclass
class Campaign:
    """`run` leaves histories and ledgers in the theatre's folder, and these."""

    theatre: Theatre
    seed: int
    seconds: float
    rate: float = RATE
    sides: dict[str, Side] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    memory: dict[str, list[int]] = field(default_factory=dict)
    chunk_reads: float = 0.0
    truths: Truths = field(default_factory=lambda: Truths({}, {}, []))
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    writing: list[asyncio.Task[None]] = field(default_factory=list)
    _beacons: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.mishaps = Mishaps(self.theatre, self.dice, 2.0 if self.seconds <= 120 else 6.0)

    async def run(self) -> None:
        """All of it; what is wrong on the way is in `findings`, the rest is for the checker."""
        theatre = self.theatre
        folder = theatre.folder
        with ExitStack() as stack:
            sent = stack.enter_context(Chronicle(folder / "sent.jsonl", durable=True))
            kept = stack.enter_context(Chronicle(folder / "kept.jsonl", durable=True))
            try:
                await theatre.open(random.Random(self.dice.random()))
                for slug in ORGS:
                    founded = await theatre.found(slug)
                    author = Author(theatre.port, founded, sent, kept, random.Random(self.dice.random()))
                    self.sides[slug] = Side(author, theatre, self.dice)
                    self.sides[slug].invite(await author.prepare(), with_state=slug == ORGS[0])
                async with self._everybody(), self._watching():
                    await self._faults()
                    await self._finish()
            except BaseException as error:
                error.add_note(f"the processes' last words:\n{theatre.log.read_text()[-4000:]}")
                raise
            finally:
                await theatre.close()

    def records(self, name: str) -> list[dict[str, object]]:
        """A ledger."""
        return read(self.theatre.folder / f"{name}.jsonl")

    @asynccontextmanager
    async def _everybody(self) -> AsyncIterator[None]:
        """Readers read, the mute are silent, writers write; at the end only the readers are left."""
        port = self.theatre.port
        mutes = [Mute(port, slug, side.author.key) for slug, side in self.sides.items() for _ in range(MUTES)]
        self.tasks = [asyncio.create_task(v.run()) for side in self.sides.values() for v in side.visitors]
        try:
            for mute in mutes:
                await mute.open()
            await until(self._all_dialled, CATCH_UP)
            self.writing = [asyncio.create_task(side.author.write(self.rate)) for side in self.sides.values()]
            yield
        finally:
            for mute in mutes:
                mute.close()
            self.tasks += self.writing
            await self._hang_up()

    async def _all_dialled(self) -> bool:
        return all(visitor.cursor for side in self.sides.values() for visitor in side.visitors)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self) -> None:
        """Metrics and memory of the web processes, once a second."""
        while True:
            for web in WEBS:
                if memory := self.theatre.memory(web):
                    self.memory.setdefault(web, []).append(memory)
                for line in (await self.theatre.metrics(web)).splitlines():
                    name, _, value = line.rpartition(" ")
                    if name.startswith("hub_invariants_broken_total") and float(value):
                        self.findings.append(Finding("metric", web, line))
                    if name == "hub_chunk_reads_total":
                        self.chunk_reads = max(self.chunk_reads, float(value))
            await asyncio.sleep(1)

    async def _faults(self) -> None:
        deadline = time.time() + self.seconds
        first = [*ALWAYS, "revocation", "revocation while redis is away", "rolling restart"]
        names = [*self.mishaps.all, *first[len(ALWAYS) :]]
        self.dice.shuffle(first)
        rest = [name for name in names if name not in first]
        self.dice.shuffle(rest)
        deck = [*first, *rest]
        while deck:
            await self._do(deck.pop(0))
            if time.time() > deadline and not set(first) & set(deck):
                return
            if not deck:
                deck = self.dice.sample(names, len(names))

    async def _do(self, name: str) -> None:
        began = time.time()
        if name == "rolling restart":
            codes = await self.mishaps.roll()
            if codes != [0, 0]:
                self.findings.append(Finding("rolling", "web", f"exit codes {codes}"))
        elif name == "revocation":
            await self._revoke()
        elif name == "revocation while redis is away":
            self.mishaps.meanwhile = self._revoke
            await self.mishaps.all["redis killed"]()
        else:
            is_of_redis = name.startswith(REDIS_ONLY)  # then all goes on while it lasts, by the poll
            self.mishaps.meanwhile = (
                partial(self._all_live, f"{name}, while it lasts") if is_of_redis else None
            )
            await self.mishaps.all[name]()
        passed = Passed(name, began, time.time())
        self.passed.append(passed)
        await self._all_live(name)
        passed.live_after = time.time() - passed.repaired

    async def _all_live(self, after: str) -> None:
        """Write a beacon in each organization, and wait until every reader has it."""
        self._beacons += 1
        beacon = f"beacon {self._beacons}"
        await asyncio.gather(*(side.author.note(f"{beacon} {slug}") for slug, side in self.sides.items()))
        late: list[str] = []

        async def is_seen() -> bool:
            late[:] = [
                f"{slug}-{visitor.name}"
                for slug, side in self.sides.items()
                for visitor in side.visitors
                if not (visitor.is_over or visitor.begins_with_state)  # whose state may hold it already
                and f"{beacon} {slug}" not in visitor.heard
            ]
            return not late

        try:
            await until(is_seen, CATCH_UP)
        except TimeoutError:
            self.findings += [Finding("I12", who, f"not live {CATCH_UP} s after: {after}") for who in late]

    async def _revoke(self) -> None:
        """Some follow, on each transport, with a key that ends in the middle."""
        side = self.sides[self.dice.choice(ORGS)]
        number = sum("guest" in visitor.name for visitor in side.visitors)
        id, secret = await side.author.make_key(f"Guest {number}")
        guests = [
            side.add(f"guest-{number}-{via}", secret, responder, (via,), view="bot", stay=(60, 60))
            for via in TRANSPORTS
        ]
        following = [asyncio.create_task(guest.run()) for guest in guests]
        self.tasks += following

        async def follow() -> bool:
            return all(guest.cursor for guest in guests)

        await until(follow, CATCH_UP)
        await side.author.end_key(id)
        for guest in guests:
            guest.revoked_at = time.time()
        await asyncio.wait(following, timeout=REVOKED)
        for guest in guests:
            if not guest.is_over:
                self.findings.append(Finding("I10", guest.name, "was not told that its access has ended"))

    async def _finish(self) -> None:
        """Writers end, all is processed and sealed, and everybody is at the head; then those who come late,
        with cursors of others."""
        for side in self.sides.values():
            side.author.stop()
        await asyncio.gather(*self.writing)
        connection = await self.theatre.admin()
        try:

            async def is_done() -> bool:
                waiting = "SELECT count(*) FROM inbox WHERE state = 'stored'"
                unsealed = "SELECT count(*) FROM head WHERE unsealed"
                return not await connection.fetchval(waiting) and not await connection.fetchval(unsealed)

            await until(is_done, 60)
        finally:
            await connection.close()
        for side in self.sides.values():
            for visitor in (*side.visitors[:3], side.visitors[4]):
                self.tasks.append(asyncio.create_task(side.come_late(visitor).run()))
        await self._all_live("the end")
        await self._everybody_to_the_head()

    async def _everybody_to_the_head(self) -> None:
        """Every reader hangs up, and asks once more; what is due is what the log held before."""
        connection = await self.theatre.admin()
        try:
            due = {row["slug"]: row["position"] for row in await connection.fetch(HEADS)}
            await self._hang_up()
            for side in self.sides.values():
                for visitor in side.visitors:
                    if visitor.revoked_at is None:
                        await visitor.catch_up()
                    visitor.close()
            self.truths = await read_truths(connection, due)
        finally:
            await connection.close()

    async def _hang_up(self) -> None:
        for task in self.tasks:
            task.cancel()
        ended = await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        for error in ended:
            if isinstance(error, Exception):
                raise error
