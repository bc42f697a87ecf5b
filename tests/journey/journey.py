"""The journey: alerts of three formats go in while all in the middle is killed, emptied or restarted."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from recorder import Recorder
from senders import Sender, groups
from stage import Stage, Truth, behind_the_wall
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from watching import Watcher

from hub.domain.sight import View
from hub.services.cursors import Cursors
from hub.services.founding import Founded

SEED = 20_261_123
CATCH_UP = 15  # seconds; generous, nothing here asserts a time


@dataclass
class Side:
    """One organization: who sends, who follows, and what PostgreSQL holds of it in the end."""

    founded: Founded
    sender: Sender
    tenant: Any
    recorders: dict[str, Recorder] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    begins_at: dict[str, int] = field(default_factory=dict)
    log: list[tuple[int, str, bytes]] = field(default_factory=list)

    def visible(self, name: str) -> list[bytes]:
        """The events of the log, after the place where a recorder began, that its view contains."""
        view, begins_at = self.views[name], self.begins_at[name]
        return [body for position, kind, body in self.log if position > begins_at and view.sees(kind)]


class Journey:
    """Runs once; the tests look at what it leaves behind."""

    def __init__(self, stage: Stage, watcher: Watcher | None) -> None:
        self.stage = stage
        self.watcher = watcher
        self.dice = random.Random(SEED)
        self.sides: dict[str, Side] = {}
        self.alerts: dict[str, list[tuple[Any, ...]]] = {}
        self.incidents: dict[str, list[dict[str, Any]]] = {}
        self.receipts: dict[str, list[dict[str, Any]]] = {}
        self.inbox: list[tuple[Any, ...]] = []
        self.left_attempts = -1
        self.exit_codes: dict[str, int] = {}
        self.heads: list[tuple[Any, ...]] = []
        self.refusals: dict[tuple[str, str, str], tuple[int, dict[str, Any]]] = {}

    async def run(self) -> None:
        """All acts, then the reckoning."""
        for name in ("valkey", "web", "worker"):
            await self.stage.start(name)
        try:
            async with behind_the_wall(self.stage) as connect:
                truth, other = await connect(), await connect()
                async with self._audience(truth):
                    await self._all_is_well(truth)
                    await self._the_worker_is_killed(truth, other)
                    await self._redis_is_flushed_and_stopped(truth)
                    await self._the_web_is_restarted(truth)
                    await self._people_work_and_senders_resolve(truth)
                    await self._strangers_knock(truth)
                    await self._everybody_has_caught_up(truth)
                    await self._reckon(truth)
                await self._seal_the_rest(truth)
        finally:
            await self.stage.close()

    @asynccontextmanager
    async def _audience(self, truth: Truth) -> AsyncIterator[None]:
        """Two organizations, their senders, two kinds of readers, and a browser where there is one."""
        for slug in ("acme", "globex"):
            founded = await self.stage.found(slug)
            side = Side(founded, Sender(self.stage.url, founded), await truth.tenant(slug))
            self.sides[slug] = side
            keys = {"admin": founded.api_key or "", "bot": await self.stage.responder_key(slug)}
            for index, (name, key) in enumerate(keys.items()):
                side.views[name] = View(administrative=name == "admin")
                side.recorders[name] = Recorder(self._stream(slug), key, SEED + index)
        recorders = [recorder for side in self.sides.values() for recorder in side.recorders.values()]
        for recorder in recorders:
            recorder.start()
        cursors = Cursors(self.stage.config)
        for side in self.sides.values():
            for name, recorder in side.recorders.items():
                await recorder.live()
                place = cursors.read(side.tenant, recorder.begins_at)
                assert place is not None
                side.begins_at[name] = place.position
        if self.watcher is not None:
            await self.watcher.sign_in(f"{self.stage.url}/orgs/acme?show=all", "owner@acme.example")
        try:
            yield
        finally:
            for recorder in recorders:
                await recorder.stop()

    def _stream(self, slug: str) -> str:
        return f"{self.stage.url}/api/v1/orgs/{slug}/stream"

    async def _send(self, act: int, count: int = 15, twice: bool = False) -> None:
        """New problems for both organizations, side by side."""
        await asyncio.gather(
            *(
                side.sender.send(groups(self.dice, slug, act, count), twice=twice)
                for slug, side in self.sides.items()
            )
        )

    async def _all_is_well(self, truth: Truth) -> None:
        await self._send(1, twice=True)
        await truth.settled()

    async def _the_worker_is_killed(self, truth: Truth, other: Truth) -> None:
        """SIGKILL while it holds a lane: it waits for a lock that is ours, so that is certain."""
        attempts = "SELECT count(*) > 0 FROM attempt WHERE tenant_id = $1"
        acme = self.sides["acme"].tenant
        async with other.holding("SELECT FROM service WHERE tenant_id = $1 FOR UPDATE", acme):
            await self._send(2)
            await truth.becomes(attempts, True, 10, acme)
            await self.stage.end("worker", signal.SIGKILL)
        await self._send(3)
        self.left_attempts = await truth.value("SELECT count(*) FROM attempt")
        await self.stage.start("worker")
        await truth.settled()

    async def _redis_is_flushed_and_stopped(self, truth: Truth) -> None:
        flushing = asyncio.create_task(self._flush(20))
        await self._send(4)
        await flushing
        await self.stage.end("valkey")
        await self._send(5)
        await truth.settled()
        await self._caught_up(truth)  # by the poll alone: Redis is away
        await self.stage.start("valkey")

    async def _flush(self, times: int) -> None:
        for _ in range(times):
            await self.stage.flush()

    async def _the_web_is_restarted(self, truth: Truth) -> None:
        """TERM while senders send; connections that come meanwhile wait in the socket that is kept."""
        sending = asyncio.create_task(self._send(6, 30))
        await self.sides["acme"].sender.some_accepted.wait()
        self.exit_codes["web"] = await self.stage.end("web")
        await self.stage.start("web")
        await sending
        await truth.settled()

    async def _people_work_and_senders_resolve(self, truth: Truth) -> None:
        for slug, side in self.sides.items():
            for group in self.dice.sample(side.sender.sent, 3):
                number = await truth.value(
                    "SELECT i.number FROM incident i JOIN alert a ON a.tenant_id = i.tenant_id"
                    " AND a.incident_id = i.id WHERE a.tenant_id = $1 AND a.dedup_key = $2",
                    side.tenant, group.keys[0],
                )  # fmt: skip
                for command, body in (("acknowledge", {}), ("note", {"text": f"Seen at {slug}"})):
                    for _ in range(2):  # the second one is a repeat of the first
                        await self._command(slug, side, number, command, body)
            resolved = self.dice.sample(side.sender.sent, 10)
            await side.sender.send(resolved, "resolve", twice=True)
        await truth.settled()

    async def _strangers_knock(self, truth: Truth) -> None:
        """Each side's key asks for the other organization, for one that does not exist, and for a stream."""
        for slug, other in (("acme", "globex"), ("globex", "acme")):
            side = self.sides[slug]
            for path in ("", "/incidents/1", "/stream"):
                for unknown in (other, "nowhere"):
                    answer = await self._fetch(side, f"/api/v1/orgs/{unknown}{path}")
                    self.refusals[slug, path, unknown] = answer.code, _without_its_own_id(answer)
            await truth.becomes(
                "SELECT count(*) > 0 FROM incident_event WHERE tenant_id = $1 AND kind = 'request.refused'",
                True,
                CATCH_UP,
                side.tenant,
            )

    async def _command(
        self, slug: str, side: Side, number: int, command: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        request = HTTPRequest(
            f"{self.stage.url}/api/v1/orgs/{slug}/incidents/{number}/{command}",
            method="POST",
            headers={
                "Authorization": f"Bearer {side.founded.api_key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{number}/{command}",
            },
            body=msgspec.json.encode(body),
        )
        answer: dict[str, Any] = msgspec.json.decode((await AsyncHTTPClient().fetch(request)).body)
        return answer

    async def _caught_up(self, truth: Truth) -> None:
        """Read the log and wait until every recorder has as much of it as it may see."""
        for side in self.sides.values():
            side.log = await truth.rows(
                "SELECT position, e.kind, b.body FROM incident_event e"
                " JOIN event_body b USING (tenant_id, position) WHERE e.tenant_id = $1 ORDER BY position",
                side.tenant,
            )
            for name, recorder in side.recorders.items():
                await recorder.until(len(side.visible(name)), CATCH_UP)

    async def _everybody_has_caught_up(self, truth: Truth) -> None:
        """Those who were there all the time, and one who comes now and wants everything from the start."""
        for slug, side in self.sides.items():
            for name in ("admin", "bot"):
                first = side.recorders[name]
                late = Recorder(self._stream(slug), "", 0, after=first.begins_at)
                late._headers = first._headers
                side.recorders[f"late {name}"], side.views[f"late {name}"] = late, side.views[name]
                side.begins_at[f"late {name}"] = side.begins_at[name]
                late.start()
        await self._caught_up(truth)
        for side in self.sides.values():
            for name in ("late admin", "late bot"):
                await side.recorders[name].stop()
        if self.watcher is not None:
            total = await truth.value(
                "SELECT count(*) FROM incident WHERE tenant_id = $1", self.sides["acme"].tenant
            )
            await self.watcher.wait_for_rows(total)

    async def _reckon(self, truth: Truth) -> None:
        """Look at everything, once all is quiet."""
        self.inbox = await truth.rows("SELECT state, count(*) FROM inbox GROUP BY 1")
        for slug, side in self.sides.items():
            self.alerts[slug] = await truth.rows(
                "SELECT format, dedup_key, episode, status, incident_id FROM alert WHERE tenant_id = $1",
                side.tenant,
            )
            path = f"/api/v1/orgs/{slug}/incidents?limit=200"
            self.incidents[slug] = (await self._get(side, path))["data"]
            self.receipts[slug] = [
                await self._get(side, f"/api/v1/orgs/{slug}/receipts/{receipt}")
                for receipt in sorted(set(side.sender.receipts))
            ]

    async def _seal_the_rest(self, truth: Truth) -> None:
        """The web's last words (folded refusals) are on the log when it has ended; then all is sealed."""
        self.exit_codes["web at last"] = await self.stage.end("web")
        await truth.becomes("SELECT count(*) FROM head WHERE unsealed", 0, CATCH_UP)
        self.heads = await truth.rows(
            "SELECT h.tenant_id::text, h.position, (SELECT count(*) FROM audit_log a"
            " WHERE a.tenant_id = h.tenant_id) FROM head h ORDER BY 1"
        )
        self.exit_codes["worker"] = await self.stage.end("worker")

    async def _get(self, side: Side, path: str) -> Any:
        answer = await self._fetch(side, path)
        assert answer.code == 200, answer.body
        return msgspec.json.decode(answer.body)

    async def _fetch(self, side: Side, path: str) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {side.founded.api_key}"}
        return await AsyncHTTPClient().fetch(self.stage.url + path, headers=headers, raise_error=False)


def _without_its_own_id(answer: HTTPResponse) -> dict[str, Any]:
    problem: dict[str, Any] = msgspec.json.decode(answer.body)
    del problem["request_id"]
    return problem
