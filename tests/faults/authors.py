"""Writers who never give up, with a ledger of what was accepted: alerts, notes, severities."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import Any

import msgspec
from calls import AWAY, Answer, call
from chronicle import Chronicle

from hub.services.founding import Founded

PAUSE_MAX = 1.0
HEARD = 2.0  # seconds until each process knows of what became of somebody's rights
SEVERITIES = ("SEV1", "SEV4")
SECRET = 2  # the incident that is private
CONSUMERS = ("by-socket", "by-records")


class Author:
    """Writes to one organization. `sent` is written down before a request, `kept` after its answer."""

    def __init__(
        self, port: int, founded: Founded, sent: Chronicle, kept: Chronicle, dice: random.Random
    ) -> None:
        self.org = founded.organization
        self.key = founded.api_key
        self.troubles: list[tuple[float, str]] = []  # requests that failed, at a time
        self.accepted = 0
        self._port = port
        self._founded = founded
        self._sent = sent
        self._kept = kept
        self._dice = dice
        self._numbers = itertools.count(1)
        self._incidents: list[int] = []
        self._is_over = False

    def stop(self) -> None:
        """Finish what is under way, and begin nothing more."""
        self._is_over = True

    async def prepare(self) -> str:
        """Make the incidents that are written to, the last of them private from its beginning; consumers;
        and a responder's key, which is returned."""
        services = msgspec.json.decode((await self._until("GET", "/services")).body)["data"]
        for title in ("notes", "severities", "secrets"):
            asked: dict[str, Any] = {"service": services[0]["id"], "title": f"The incident of the {title}"}
            asked |= {"severity": "SEV4", "private": {}} if title == "secrets" else {"severity": "SEV1"}
            made = msgspec.json.decode((await self._until("POST", "/incidents", asked, title)).body)
            self._incidents.append(made["number"])
        await asyncio.sleep(HEARD)  # who opened the private one sees more since: a consumer begins with that
        for name in CONSUMERS:
            await self._until("POST", "/consumers", {"name": name}, name)
        return (await self.make_key("Bot"))[1]

    async def make_key(self, name: str) -> tuple[str, str]:
        """A responder's API key: its id and its secret."""
        for number in itertools.count():  # a replay shows no secret: then another one
            asked = {"name": name, "role": "responder"}
            answer = await self._until("POST", "/keys", asked, f"key {name} {number} {time.time()}")
            made = msgspec.json.decode(answer.body)
            if made["secret"]:
                return made["id"], made["secret"]
        raise AssertionError("no end")

    async def end_key(self, id: str) -> None:
        """End a key; when this returns it has ended."""
        while True:
            shown = await self._until("GET", f"/keys/{id}", known={200, 404})
            if shown.status == 404:
                return
            version = f'"{msgspec.json.decode(shown.body)["version"]}"'
            await self._until("DELETE", f"/keys/{id}", known={204, 404, 412}, If_Match=version)

    async def note(self, name: str, incident: int = 0) -> None:
        """Write a note that is called so, in one of the incidents."""
        self._sent.write(org=self.org, name=name)
        await self._until("POST", f"/incidents/{self._incidents[incident]}/note", {"text": name}, name)
        self._keep(name)

    async def alert(self, name: str) -> None:
        """Send an alert that is called so; sometimes twice, side by side."""
        self._sent.write(org=self.org, name=name)
        body = {"action": "trigger", "title": f"Trouble {name}", "source": "probe", "dedup_key": name}
        body |= {"event_id": name}
        times = 2 if self._dice.random() < 0.1 else 1
        path = "/api/v1/ingest/events"
        key = self._founded.integration_key
        await asyncio.gather(*(self._again("POST", path, key, body, {202}) for _ in range(times)))
        self._keep(name)

    async def write(self, rate: float) -> None:
        """Notes, alerts and changes of severity, about so many a second, until `stop`."""
        async with asyncio.TaskGroup() as group:
            places = asyncio.Semaphore(16)
            while not self._is_over:
                number = next(self._numbers)
                draw = self._dice.random()
                name = f"{self.org}-{number}"
                await places.acquire()
                if draw < 0.1:
                    work = self.note(f"secret {name}", SECRET)
                elif draw < 0.5:
                    work = self.note(f"note {name}")
                elif draw < 0.9:
                    work = self.alert(f"alert {name}")
                else:
                    work = self._severity(SEVERITIES[number % 2], f"severity {name}")
                group.create_task(work).add_done_callback(lambda _: places.release())
                await asyncio.sleep(self._dice.expovariate(rate))

    async def _severity(self, severity: str, name: str) -> None:
        path = f"/incidents/{self._incidents[1]}/severity"
        await self._until("POST", path, {"severity": severity}, name)

    def _keep(self, name: str) -> None:
        self.accepted += 1
        self._kept.write(org=self.org, name=name)

    async def _until(
        self, method: str, path: str, body: Any = None, key: str = "", known: set[int] | None = None,
        **headers: str,
    ) -> Answer:  # fmt: skip
        if key:
            headers["Idempotency-Key"] = key
        path = f"/api/v1/orgs/{self.org}{path}"
        return await self._again(method, path, self.key, body, known or {200, 201, 204}, **headers)

    async def _again(
        self, method: str, path: str, key: str, body: Any, known: set[int], **headers: str
    ) -> Answer:
        """Ask until there is an answer; 503 and silence mean: again. Anything else would be a bug."""
        pause = 0.1
        while True:
            began = time.time()
            try:
                answer = await call(self._port, method, path, key, body, seconds=10, **headers)
            except AWAY as error:
                self.troubles.append((began, f"{method} {path}: {error!r}"))
            else:
                if answer.status in known:
                    return answer
                said = answer.body.decode()[:200]
                self.troubles.append((began, f"{method} {path}: {answer.status} {said}"))
                assert answer.status == 503, (path, answer)
            await asyncio.sleep(self._dice.uniform(0, pause))
            pause = min(PAUSE_MAX, 2 * pause)
