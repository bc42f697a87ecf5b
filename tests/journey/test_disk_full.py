"""A full disk under PostgreSQL: no 202 for what is not kept, what is there can be read, and all goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
from crashing import PATIENCE, SEALED
from forked import QuickStage
from servers import SETTINGS, Servers, open_folder, running, wait
from stage import Truth, behind_the_wall
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from hub.cli.admin import migrate
from hub.cli.ports import opened
from hub.embedded import Postgres, Valkey
from hub.embedded.spec import until
from hub.services import seal
from hub.services.founding import Founded

ROOT = Path(__file__).resolve().parents[2]
MEGABYTES = 192
SOME = {"shared_buffers": "16MB", "max_wal_size": "64MB", "min_wal_size": "64MB", "fsync": "on"}
STATES = "SELECT convert_from(body, 'UTF8')::json ->> 'dedup_key', state FROM inbox WHERE tenant_id = $1"
FIRED = "SELECT dedup_key, count FROM alert WHERE tenant_id = $1"


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own, which is gone after the block."""
    with open_folder() as folder:
        size = f"size={MEGABYTES}m,mode=711"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False)
        if mounted.returncode:
            pytest.skip("nobody here may mount a file system")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk() as folder:
        yield folder


@pytest.fixture
def stage(disk: Path, tmp_path: Path) -> Iterator[QuickStage]:
    """PostgreSQL on the small disk; everything else, logs too, lies elsewhere."""
    postgres = Postgres(disk, SETTINGS | SOME)
    wait(postgres.prepare())
    with running(postgres.command(), tmp_path / "postgres.log"):
        wait(until(postgres.is_ready, 30))
        wait(postgres.provision((ROOT / "migrations" / "roles.sql").read_text()))
        servers = Servers(postgres, Valkey(tmp_path))
        template = servers.create_database(name="hub_template")
        migrate({"HUB_DATABASE_OWNER_URL": template.owner_url})
        made = QuickStage(servers, tmp_path)
        try:
            yield made
        finally:
            asyncio.run(made.close())


class Sender:
    """Sends alerts of 100 KB, each with a name of its own; `accepted` is its ledger of 202s."""

    def __init__(self, stage: QuickStage, founded: Founded) -> None:
        self.sent: list[str] = []
        self.accepted: list[str] = []
        self.refused_in_a_row = 0
        self._stage = stage
        self._founded = founded

    async def send(self) -> int:
        name = f"alert-{len(self.sent)}"
        self.sent.append(name)
        noise = os.urandom(50_000).hex()  # PostgreSQL would make a text of one letter small
        body = {"title": name, "severity": "info", "source": "db-1", "dedup_key": name, "details": noise}
        answer = await self._ask("POST", "/api/v1/ingest/events", self._founded.integration_key, body)
        assert answer.code in {202, 503}, answer.body
        if answer.code == 202:
            self.accepted.append(name)
        else:
            assert answer.headers["Retry-After"]
        self.refused_in_a_row = 0 if answer.code == 202 else self.refused_in_a_row + 1
        return answer.code

    async def read(self, path: str) -> HTTPResponse:
        return await self._ask(
            "GET", f"/api/v1/orgs/{self._founded.organization}{path}", self._founded.api_key
        )

    async def _ask(self, method: str, path: str, key: str | None, body: object = None) -> HTTPResponse:
        return await AsyncHTTPClient().fetch(
            self._stage.url + path,
            method=method,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            body=None if body is None else msgspec.json.encode(body),
            request_timeout=20,
            raise_error=False,
        )


def test_on_a_full_disk_alerts_are_refused_and_nothing_that_was_accepted_is_lost(
    stage: QuickStage, disk: Path
) -> None:
    async def go() -> None:
        for name in ("valkey", "web", "worker"):
            await stage.start(name)
        async with behind_the_wall(stage) as connect:
            truth, sender = await connect(), Sender(stage, await stage.found("acme"))
            await sender.send()
            await truth.settled(PATIENCE)
            filler = disk / "filler"
            fill(filler)
            while sender.refused_in_a_row < 5:
                await sender.send()
            incidents = await sender.read("/incidents")
            assert incidents.code == 200
            assert b"alert-0" in incidents.body
            await until(lambda: is_said(stage), PATIENCE)
            filler.unlink()
            await until(lambda: is_accepted(sender), PATIENCE)
            await check(stage, truth, sender)

    try:
        asyncio.run(go())
    except BaseException as error:
        error.add_note(f"the processes' last words:\n{stage.log.read_text()[-4000:]}")
        raise


def fill(file: Path) -> None:
    """Take all that is left of the disk."""
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while filler.write(b"\0" * 65536):
            pass
    assert shutil.disk_usage(file.parent).free == 0


async def is_said(stage: QuickStage) -> bool:
    return "the disk of the database is full" in stage.log.read_text()


async def is_accepted(sender: Sender) -> bool:
    return await sender.send() == 202


async def check(stage: QuickStage, truth: Truth, sender: Sender) -> None:
    """What was accepted is there and done, once; a row of what was refused may be there, as always."""
    await truth.settled(PATIENCE)
    tenant = await truth.tenant("acme")
    states = await truth.rows(STATES, tenant)
    assert set(sender.accepted) <= {name for name, _ in states} <= set(sender.sent)
    assert {state for _, state in states} == {"done"}
    assert sorted(await truth.rows(FIRED, tenant)) == sorted((name, 1) for name, _ in states)
    assert await truth.value("SELECT count(*) FROM attempt") == 0
    await truth.becomes(SEALED, True, PATIENCE, tenant)
    async with opened(stage.config) as ports:
        assert {verdict.problem for verdict in await seal.verify(ports)} == {""}
