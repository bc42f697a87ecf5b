"""Senders who never give up: alerts one by one and in lists, each again until it is accepted, some twice."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter

from calls import AWAY, call
from chronicle import Chronicle

from hub.services.founding import Founded

EVENTS = "/api/v1/ingest/events"
LIST = 25
REPEATED = 5  # problems that are triggered again and again
PAUSE_MAX = 0.5


class Besieger:
    """Sends to one organization. Names are written down before a request (`sent`) and after its 202 (`kept`).

    `triggers` counts how often each repeated problem was accepted, `tried` how often it was sent.
    """

    def __init__(
        self, port: int, founded: Founded, sent: Chronicle, kept: Chronicle, dice: random.Random
    ) -> None:
        self.org = founded.organization
        self.accepted = 0
        self.alone: list[str] = []  # deliveries with a name: however often they are sent, they count once
        self.triggers: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._port = port
        self._key = founded.integration_key or ""
        self._sent = sent
        self._kept = kept
        self._dice = dice
        self._numbers = itertools.count(1)

    async def send(self, alerts: int, senders: int) -> None:
        """Have this many alerts of their own accepted, by so many side by side."""
        async with asyncio.TaskGroup() as group:
            for _ in range(senders):
                group.create_task(self._send(alerts))

    async def _send(self, alerts: int) -> None:
        while self.accepted < alerts:
            draw = self._dice.random()
            if draw < 0.7:
                await self._alone()
            elif draw < 0.9:
                await self._many()
            else:
                await self._repeat()

    async def _alone(self) -> None:
        """One alert that has a name of its delivery: sent twice, side by side or in turn, it counts once."""
        name = f"{self.org}-{next(self._numbers)}"
        self._sent.write(org=self.org, names=[name])
        body = _alert(name) | {"event_id": name}
        times = self._dice.choices((1, 2), (0.8, 0.2))[0]
        await asyncio.gather(*(self._until(body) for _ in range(times)))
        self.alone.append(name)
        self._keep([name])

    async def _many(self) -> None:
        names = [f"{self.org}-{next(self._numbers)}" for _ in range(LIST)]
        self._sent.write(org=self.org, names=names)
        await self._until([_alert(name) for name in names])
        self._keep(names)

    async def _repeat(self) -> None:
        name = f"{self.org}-again-{self._dice.randrange(REPEATED)}"
        self._sent.write(org=self.org, names=[name])
        await self._until(_alert(name), counted=name)
        self.triggers[name] += 1
        self._kept.write(org=self.org, names=[name])

    def _keep(self, names: list[str]) -> None:
        self._kept.write(org=self.org, names=names)
        self.accepted += len(names)

    async def _until(self, body: object, counted: str = "") -> None:
        """Send until it is accepted; 503 and silence mean: again. Anything else would be a bug."""
        pause = 0.05
        while True:
            self.tried[counted] += 1
            try:
                answer = await call(self._port, "POST", EVENTS, self._key, body, seconds=5)
            except AWAY as error:
                self.refused[type(error).__name__] += 1
            else:
                if answer.status == 202:
                    return
                self.refused[str(answer.status)] += 1
                assert answer.status == 503, answer
            await asyncio.sleep(self._dice.uniform(0, pause))
            pause = min(PAUSE_MAX, 2 * pause)


def _alert(name: str) -> dict[str, object]:
    return {"title": f"Trouble {name}", "severity": "error", "source": "probe", "dedup_key": name}
