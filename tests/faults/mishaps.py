"""The faults: each is done, held for a while, and repaired when its function returns."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from functools import partial

from bellproxy import TRICKS
from theatre import HUB, WEBS, Theatre

from hub.embedded.spec import until

# Only Redis is away or lies: no connection may end by it.
REDIS_ONLY = "redis"


class Mishaps:
    """`all` names them; those of Redis begin with REDIS_ONLY. `length` is how long one is held at most."""

    def __init__(self, theatre: Theatre, dice: random.Random, length: float) -> None:
        self.meanwhile: Callable[[], Awaitable[None]] | None = None  # awaited before a repair
        self._theatre = theatre
        self._dice = dice
        self._length = length
        self.all: dict[str, Callable[[], Awaitable[None]]] = {
            "web killed": partial(self._killed, WEBS),
            "worker killed": partial(self._killed, ("worker",)),
            "killed between COMMIT and PUBLISH": self._killed_before_publish,
            "web stopped": partial(self._stopped, WEBS),
            "worker stopped": partial(self._stopped, ("worker",)),
            "postgres crashed": self._postgres_crashed,
            "postgres stopped": partial(self._stopped, ("postgres",)),
            "postgres connections reset": self._postgres_reset,
            "postgres black-holed": self._postgres_black_holed,
            "answers of COMMIT lost": self._commits_lost,
            "redis killed": partial(self._killed, ("valkey",)),
            "redis stopped": partial(self._stopped, ("valkey",)),
            "redis black-holed": self._redis_black_holed,
            "redis flaps": self._redis_flaps,
            "redis flushed, subscribers cut": self._redis_flushed,
            "redis subscribers half-open": self._redis_deaf,
            "redis publishes: every trick": self._redis_tricky,
            **{f"redis publishes: {trick}": partial(self._redis_tricked, trick) for trick in TRICKS},
        }

    async def hold(self, least: float = 0.4) -> None:
        """Leave it as it is for a while."""
        await asyncio.sleep(self._dice.uniform(least, max(least, self._length)))
        if self.meanwhile is not None:
            await self.meanwhile()

    async def roll(self) -> list[int]:
        """Restart both web processes, one after the other; their exit codes."""
        codes = []
        for name in WEBS:
            codes.append(await self._theatre.end(name))
            await self._theatre.start(name)
        return codes

    async def _killed(self, names: tuple[str, ...]) -> None:
        name = self._dice.choice(names)
        self._theatre.kill(name)
        await self._theatre.reap(name)
        await self.hold(0.1)
        await self._theatre.start(name)

    async def _stopped(self, names: tuple[str, ...]) -> None:
        name = self._dice.choice(names)
        self._theatre.pause(name)
        await self.hold()
        self._theatre.resume(name)

    async def _killed_before_publish(self) -> None:
        name = self._dice.choice(HUB)
        dead = asyncio.Event()

        def crash() -> None:
            self._theatre.kill(name)
            dead.set()

        self._theatre.bells[name].crash = crash
        async with asyncio.timeout(20):
            await dead.wait()
        await self._theatre.reap(name)
        await self.hold(0.1)
        await self._theatre.start(name)

    async def _postgres_crashed(self) -> None:
        """As `pg_ctl stop -m immediate`: no checkpoint, recovery from WAL."""
        await self._theatre.end("postgres", signal.SIGQUIT)
        await self.hold(0.1)
        await self._theatre.start("postgres")

    async def _postgres_reset(self) -> None:
        for _ in range(3):
            for name in HUB:
                self._theatre.tables[name].cut()
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _postgres_black_holed(self) -> None:
        names = self._dice.sample(HUB, self._dice.randint(1, len(HUB)))
        for name in names:
            self._theatre.tables[name].silence()
        await self.hold()
        for name in names:
            self._theatre.tables[name].flow()

    async def _commits_lost(self) -> None:
        tables = self._theatre.tables.values()
        before = sum(table.lost for table in tables)
        for table in tables:
            table.lose_commits = self._dice.randint(1, 3)

        async def is_lost() -> bool:
            return sum(table.lost for table in tables) > before

        await until(is_lost, 20)
        await self.hold()
        for table in tables:
            table.lose_commits = 0

    async def _redis_black_holed(self) -> None:
        for bell in self._theatre.bells.values():
            bell.silence()
        await self.hold()
        for bell in self._theatre.bells.values():
            bell.flow()

    async def _redis_flaps(self) -> None:
        for _ in range(4):
            for bell in self._theatre.bells.values():
                await bell.shut()
            await asyncio.sleep(self._dice.uniform(0.1, self._length / 3))
            for bell in self._theatre.bells.values():
                await bell.open()
            await asyncio.sleep(self._dice.uniform(0.1, self._length / 3))

    async def _redis_flushed(self) -> None:
        for _ in range(5):
            await self._theatre.valkey_command("FLUSHALL")
            await self._theatre.valkey_command("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _redis_deaf(self) -> None:
        for bell in self._theatre.bells.values():
            bell.is_deaf = True
        await self.hold(2.0)
        for bell in self._theatre.bells.values():
            bell.is_deaf = False

    async def _redis_tricked(self, trick: str) -> None:
        for bell in self._theatre.bells.values():
            bell.trick = trick
        await self.hold(1.0)
        for bell in self._theatre.bells.values():
            bell.trick = ""

    async def _redis_tricky(self) -> None:
        for trick in self._dice.sample(TRICKS, len(TRICKS)):
            for bell in self._theatre.bells.values():
                bell.trick = trick
            await asyncio.sleep(self._dice.uniform(0.4, 0.6))
        for bell in self._theatre.bells.values():
            bell.trick = ""
