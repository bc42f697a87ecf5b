"""One crash at a known point: an alert and a note go in, a process is killed there, and all goes on."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

import msgspec
from recorder import Recorder
from stage import Stage, Truth
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from hub.embedded.spec import until
from hub.services.founding import Founded

PATIENCE = 30  # seconds; generous, nothing here asserts a time
DONE = "SELECT count(*) FILTER (WHERE state = 'done') = 1 AND count(*) = 1 FROM inbox WHERE tenant_id = $1"
NOTED = "SELECT count(*) > 0 FROM incident_event WHERE tenant_id = $1 AND kind = 'incident.noted'"
SEALED = "SELECT NOT unsealed FROM head WHERE tenant_id = $1"
LOG = (
    "SELECT e.position, e.kind, b.body, a.hash FROM incident_event e"
    " JOIN event_body b USING (tenant_id, position) LEFT JOIN audit_log a USING (tenant_id, position)"
    " WHERE e.tenant_id = $1 AND e.position > $2 ORDER BY e.position"
)


@dataclass
class Crash:
    """One organization, its sender, and its follower. `accepted` is what the sender was told that it is;
    `log` is what there is in the end, from where the follower began."""

    stage: Stage
    truth: Truth
    founded: Founded
    tenant: Any
    follower: Recorder
    began_at: int = 0
    accepted: set[str] = field(default_factory=set)
    log: list[tuple[Any, ...]] = field(default_factory=list)

    async def in_the_worker(self, point: str) -> None:
        """The worker that is to take up an accepted alert is killed at a point of its work."""
        await self.stage.end("worker", signal.SIGKILL)
        await self._alert()
        await self.stage.start("worker", HUB_CRASH_AT=point)
        assert await self.stage.ended("worker") == -signal.SIGKILL
        await self.stage.start("worker")
        await self._go_on()

    async def in_the_web_process(self, point: str) -> None:
        """The process that answers is killed: while it accepts the alert, or while it writes the note."""
        await self.stage.end("web", signal.SIGKILL)  # a polite end would take the time of its streams
        await self.stage.start("web", HUB_CRASH_AT=point)
        if point.startswith("accept."):
            await self._try_alert()
        else:
            await self._alert()
            await self.truth.becomes(DONE, True, PATIENCE, self.tenant)
            await self._try_note()
        assert await self.stage.ended("web") == -signal.SIGKILL
        await self.stage.start("web")
        await self._go_on()

    async def _go_on(self) -> None:
        """Send again only what nobody has accepted; once it has its effect, send everything once more."""
        await self._alert()
        await self.truth.becomes(DONE, True, PATIENCE, self.tenant)
        await self._note()
        await self.truth.becomes(NOTED, True, PATIENCE, self.tenant)
        assert await self._try_alert()
        assert await self._try_note()

    async def _alert(self) -> None:
        if "alert" not in self.accepted:
            await until(self._try_alert, PATIENCE)

    async def _note(self) -> None:
        if "note" not in self.accepted:
            await until(self._try_note, PATIENCE)

    async def settle(self) -> None:
        """Wait until all is sealed, and the follower has as many events as there are; take down the log."""
        await self.truth.becomes(SEALED, True, PATIENCE, self.tenant)
        self.log = await self.truth.rows(LOG, self.tenant, self.began_at)
        await self.follower.until(len(self.log), PATIENCE)

    async def _try_alert(self) -> bool:
        path, key = "/api/v1/ingest/events", self.founded.integration_key
        body = {"title": "Disk full", "severity": "critical", "source": "db-1", "dedup_key": "disk"}
        return await self._is_accepted("alert", 202, path, key, body)

    async def _try_note(self) -> bool:
        path = f"/api/v1/orgs/{self.founded.organization}/incidents/1/note"
        return await self._is_accepted("note", 200, path, self.founded.api_key, {"text": "looking at it"})

    async def _is_accepted(self, what: str, wanted: int, path: str, key: str | None, body: object) -> bool:
        """Whether one request was; nobody answers where the process is killed meanwhile."""
        asked = HTTPRequest(
            self.stage.url + path,
            method="POST",
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": what,
            },
            body=msgspec.json.encode(body),
            connect_timeout=5,
            request_timeout=10,
        )
        try:
            status = (await AsyncHTTPClient().fetch(asked, raise_error=False)).code
        except (OSError, HTTPClientError):
            return False
        # An answer that is neither "done" nor "come again" would be a bug, not a fault of the day.
        assert status in {wanted, 503}, status
        if status == wanted:
            self.accepted.add(what)
        return status == wanted


async def begun(stage: Stage, truth: Truth, slug: str) -> Crash:
    """An organization whose log is sealed so far, and somebody who follows it from there."""
    founded = await stage.found(slug)
    tenant = await truth.tenant(slug)
    await truth.becomes(SEALED, True, PATIENCE, tenant)
    follower = Recorder(f"{stage.url}/api/v1/orgs/{slug}/stream", founded.api_key or "", seed=1)
    follower.start()
    await follower.live()
    head = await truth.value("SELECT position FROM head WHERE tenant_id = $1", tenant)
    return Crash(stage, truth, founded, tenant, follower, began_at=head)
