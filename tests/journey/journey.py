"""The journey: alerts of three formats go in while all in the middle is killed, emptied or restarted."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from senders import Sender, groups
from side import Side
from stage import Stage, Truth, behind_the_wall
from watching import Watcher

from hub.domain.sight import View
from hub.services.cursors import Cursors

SEED = 20_261_123
CATCH_UP = 15  # seconds; generous, nothing here asserts a time
LOG = (
    "SELECT position, e.kind, b.body FROM incident_event e JOIN event_body b USING (tenant_id, position)"
    " WHERE e.tenant_id = $1 ORDER BY position"
)
HEADS = (
    "SELECT h.tenant_id::text, h.position, (SELECT count(*) FROM audit_log a"
    " WHERE a.tenant_id = h.tenant_id) FROM head h ORDER BY 1"
)
NUMBER = (
    "SELECT i.number FROM incident i JOIN alert a ON a.tenant_id = i.tenant_id AND a.incident_id = i.id"
    " WHERE a.tenant_id = $1 AND a.dedup_key = $2"
)
STUCK = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO inbox%'"
)
REFUSED = "SELECT count(*) > 0 FROM incident_event WHERE tenant_id = $1 AND kind = 'request.refused'"


class Journey:
    """Runs once; the tests look at what it leaves behind."""

    def __init__(self, stage: Stage, watcher: Watcher | None) -> None:
        self.stage = stage
        self.watcher = watcher
        self.dice = random.Random(SEED)
        self.sides: dict[str, Side] = {}
        self.left_attempts = 0
        self.accepted_while_stuck = 0
        self.exit_codes: dict[str, int] = {}
        self.refusals: dict[tuple[str, str, str], tuple[int, dict[str, Any]]] = {}
        self.alerts: dict[str, list[tuple[Any, ...]]] = {}
        self.incidents: dict[str, list[dict[str, Any]]] = {}
        self.receipts: dict[str, list[dict[str, Any]]] = {}
        self.inbox: list[tuple[Any, ...]] = []
        self.heads: list[tuple[Any, ...]] = []

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
                    await self._the_web_is_killed(truth, other)
                    await self._people_work_and_senders_resolve(truth)
                    await self._strangers_knock(truth)
                    await self._everybody_has_caught_up(truth)
                    await self._reckon(truth)
                await self._seal_the_rest(truth)
        except BaseException as error:
            error.add_note(f"the processes' last words:\n{self.stage.log.read_text()[-4000:]}")
            raise
        finally:
            await self.stage.close()

    @asynccontextmanager
    async def _audience(self, truth: Truth) -> AsyncIterator[None]:
        """Two organizations, their senders, two kinds of readers, and a browser where there is one."""
        cursors = Cursors(self.stage.config)
        try:
            for slug in ("acme", "globex"):
                founded = await self.stage.found(slug)
                bot = await self.stage.responder_key(slug)
                tenant = await truth.tenant(slug)
                side = Side(self.stage.url, founded, tenant, Sender(self.stage.url, founded))
                self.sides[slug] = side
                admin = View(administrative=True, whole=True)
                await side.follow("admin", founded.api_key or "", admin, cursors, SEED)
                await side.follow("bot", bot, View(whole=True), cursors, SEED + 1)
            if self.watcher is not None:
                await self.watcher.sign_in(f"{self.stage.url}/orgs/acme?show=all", "owner@acme.example")
            yield
        finally:
            for side in self.sides.values():
                for recorder in side.recorders.values():
                    await recorder.stop()

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
            await truth.becomes(attempts, True, CATCH_UP, acme)
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

    async def _the_web_is_killed(self, truth: Truth, other: Truth) -> None:
        """SIGKILL while its inserts wait for a lock of ours: nothing of them may have been accepted."""
        before = sum(side.sender.accepted for side in self.sides.values())
        async with other.holding("LOCK TABLE inbox IN SHARE MODE"):
            sending = asyncio.create_task(self._send(7))
            await truth.becomes(STUCK, True, CATCH_UP)
            await self.stage.end("web", signal.SIGKILL)
            self.accepted_while_stuck = sum(side.sender.accepted for side in self.sides.values()) - before
        await self.stage.start("web")
        await sending
        await truth.settled()

    async def _people_work_and_senders_resolve(self, truth: Truth) -> None:
        for side in self.sides.values():
            for group in self.dice.sample(side.sender.sent, 3):
                number = await truth.value(NUMBER, side.tenant, group.keys[0])
                for command, body in (("acknowledge", {}), ("note", {"text": "Seen"})):
                    for _ in range(2):  # the second one is a repeat of the first
                        await side.perform(number, command, body)
            await side.sender.send(self.dice.sample(side.sender.sent, 10), "resolve", twice=True)
        await truth.settled()

    async def _strangers_knock(self, truth: Truth) -> None:
        """Each side's key asks for the other organization, and for one that does not exist."""
        for slug, other in (("acme", "globex"), ("globex", "acme")):
            for path in ("", "/incidents/1", "/stream"):
                for unknown in (other, "nowhere"):
                    self.refusals[slug, path, unknown] = await self.sides[slug].refusal(path, unknown)
            await truth.becomes(REFUSED, True, CATCH_UP, self.sides[slug].tenant)

    async def _caught_up(self, truth: Truth) -> None:
        """Read the log and wait until every recorder has as much of it as it may see."""
        for side in self.sides.values():
            side.log = await truth.rows(LOG, side.tenant)
            for name, recorder in side.recorders.items():
                side.due[name] = len(side.visible(name))
                await recorder.until(side.due[name], CATCH_UP)

    async def _everybody_has_caught_up(self, truth: Truth) -> None:
        """Those who were there all the time, and those who come now and want everything from the start."""
        for side in self.sides.values():
            for name in ("admin", "bot"):
                side.follow_late(name)
        await self._caught_up(truth)
        if self.watcher is not None:
            count = "SELECT count(*) FROM incident WHERE tenant_id = $1"
            await self.watcher.wait_for_rows(await truth.value(count, self.sides["acme"].tenant))

    async def _reckon(self, truth: Truth) -> None:
        """Look at everything, once all is quiet."""
        self.inbox = await truth.rows("SELECT state, count(*) FROM inbox GROUP BY 1")
        for slug, side in self.sides.items():
            self.alerts[slug] = await truth.rows(
                "SELECT format, dedup_key, episode, status, incident_id FROM alert WHERE tenant_id = $1",
                side.tenant,
            )
            self.incidents[slug] = (await side.get("/incidents?limit=200"))["data"]
            self.receipts[slug] = [
                await side.get(f"/receipts/{receipt}") for receipt in sorted(set(side.sender.receipts))
            ]

    async def _seal_the_rest(self, truth: Truth) -> None:
        """The web's last words (folded refusals) are on the log when it has ended; then all is sealed."""
        self.exit_codes["web at last"] = await self.stage.end("web")
        for side in self.sides.values():  # a fold of refusals may have been written since, and even been read
            side.log = await truth.rows(LOG, side.tenant)
        await truth.becomes("SELECT count(*) FROM head WHERE unsealed", 0, CATCH_UP)
        self.heads = await truth.rows(HEADS)
        self.exit_codes["worker"] = await self.stage.end("worker")
