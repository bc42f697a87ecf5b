"""Crash points: wherever a process is killed on the way of an alert or a note, each has its one effect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from crashing import Crash, begun
from forked import QuickStage
from servers import Servers
from stage import behind_the_wall

from hub.cli.ports import opened
from hub.crash import POINTS
from hub.services import seal

WEB = [point for point in POINTS if point.split(".")[0] in {"accept", "append", "commit", "announce"}]
WORKER = [point for point in POINTS if not point.startswith("accept.")]
COUNTS = (
    "SELECT (SELECT count(*) FROM inbox WHERE tenant_id = $1),"
    " (SELECT count(*) FROM alert WHERE tenant_id = $1),"
    " (SELECT count(*) FROM incident WHERE tenant_id = $1),"
    " (SELECT count(*) FROM attempt WHERE tenant_id = $1)"
)


@pytest.fixture(scope="module")
def stage(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickStage]:
    """Valkey, a web process and a worker, for all cases; each has an organization of its own."""
    made = QuickStage(servers, Path(tmp_path_factory.mktemp("crashes")))

    async def open() -> None:
        for name in ("valkey", "web", "worker"):
            await made.start(name)

    asyncio.run(open())
    yield made
    asyncio.run(made.close())
    servers.drop_database(made.database)


@pytest.mark.parametrize(
    ("process", "point"),
    [*(("web", point) for point in WEB), *(("worker", point) for point in WORKER)],
)
def test_there_is_one_effect_wherever_a_process_is_killed(
    stage: QuickStage, process: str, point: str
) -> None:
    async def go() -> None:
        async with behind_the_wall(stage) as connect:
            crash = await begun(stage, await connect(), f"{process}-{point.replace('.', '-')}")
            try:
                await (crash.in_the_web_process(point) if process == "web" else crash.in_the_worker(point))
                await crash.settle()
            except BaseException as error:
                error.add_note(f"the processes' last words:\n{stage.log.read_text()[-4000:]}")
                raise
            finally:
                await crash.follower.stop()
            await check(crash)

    asyncio.run(go())


async def check(crash: Crash) -> None:
    """What must be true in the end, whoever was killed where."""
    positions, kinds, bodies, hashes = (list(column) for column in zip(*crash.log, strict=True))
    assert kinds == ["incident.opened", "alert.fired", "incident.noted"]
    assert positions == [crash.began_at + n for n in (1, 2, 3)]
    assert crash.follower.history == bodies, "the follower has another history"
    assert crash.follower.resets == []
    assert all(hashes), "something is not sealed"
    assert [msgspec.json.decode(body)["incidentversion"] for body in bodies] == [1, 2, 3]
    assert await crash.truth.rows(COUNTS, crash.tenant) == [(1, 1, 1, 0)]
    async with opened(crash.stage.config) as ports:
        verdicts = await seal.verify(ports)
    assert {verdict.problem for verdict in verdicts} == {""}
    assert {verdict.waiting for verdict in verdicts if verdict.tenant == crash.tenant} == {0}
