"""A real worker process: it drains, it dies, it leaves politely, and it needs no Redis."""

from __future__ import annotations

import asyncio
import pickle
import signal
import urllib.request
from pathlib import Path

import msgspec
import pytest
import redis
from line import alarm, attempts, connected, kinds, post, put, receipt, row, shown, states, tries
from orgs import Org
from servers import Database
from workers import working

from hub.config import Config
from hub.contract.ids import new
from hub.embedded.keep import choose_port
from hub.services import seal
from hub.services.ports import Ports
from hub.tasks.queue import Ringer, make_huey

pytestmark = pytest.mark.gen_test(timeout=60)
BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def config(config: Config) -> Config:
    """An installation of this test's own, so that its list is nobody else's."""
    return msgspec.structs.replace(
        config, installation=f"test{new().hex[:12]}", secret_keys=("k" * 32, "o" * 32)
    )


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read(), "utf-8")


async def is_done(ports: Ports, org: Org, references: list[str]) -> bool:
    return set(await states(ports, org, references)) == {"done"}


def ring(config: Config, *orgs: Org) -> None:
    """Put a wake-up on the list."""
    ringer = Ringer(config)
    ringer("inbox", [org.tenant for org in orgs])
    ringer.start()
    ringer.stop()


async def test_a_wake_up_is_worked_off_and_the_log_is_sealed(
    ports: Ports, config: Config, database: Database, acme: Org, globex: Org, tmp_path: Path
) -> None:
    with working(config, tmp_path) as worker:
        await worker.until(lambda: worker.has("worker_started"))

        async def is_rung() -> bool:
            """Whether a task has drained a lane: the sweeper may have been faster."""
            references = await put(ports, row(ports, acme, alarm("disk")), row(ports, globex, alarm("disk")))
            ring(config, acme, globex)
            await worker.until(lambda: is_done(ports, acme, references[:1]))
            await worker.until(lambda: is_done(ports, globex, references[1:]))
            return any(line["event"] == "lane_drained" and "task_id" in line for line in worker.lines)

        await worker.until(is_rung)
        async with connected(database.admin_url) as admin:
            await worker.until(lambda: admin.fetchval("SELECT NOT bool_or(unsealed) FROM head"))
        assert worker.end() == 0, worker.said
        assert worker.lines[-1]["event"] == "worker_stopped"
    assert {verdict.problem for verdict in await seal.verify(ports)} == {""}
    for org in (acme, globex):
        assert await kinds(ports, org, "1") == ["incident.opened", "alert.fired"]
    drained = [line for line in worker.lines if line["event"] == "lane_drained"]
    assert all(line["request_ids"] for line in drained)


async def test_a_worker_that_is_killed_in_its_lane_leaves_it_free_and_nothing_is_done_twice(
    ports: Ports, config: Config, database: Database, acme: Org, globex: Org, tmp_path: Path
) -> None:
    references = await put(ports, row(ports, acme, alarm("a")), row(ports, acme, [alarm("b"), alarm("c")]))
    async with connected(database.admin_url) as admin:
        async with admin.transaction():
            await admin.execute("SELECT 1 FROM service WHERE tenant_id = $1 FOR UPDATE", acme.tenant)
            with working(config, tmp_path) as killed:
                await killed.until(lambda: admin.fetchval(BLOCKED))
                assert await attempts(database) == 1, "it is in the middle of the lane"
                assert killed.end(signal.SIGKILL) == -signal.SIGKILL
        assert await states(ports, acme, references) == ["stored", "stored"]
    with working(config, tmp_path) as next:
        await next.until(lambda: is_done(ports, acme, references))
        theirs = await put(ports, row(ports, globex, alarm("a")))
        await next.until(lambda: is_done(ports, globex, theirs))
        assert next.end() == 0, next.said
    assert [await tries(database, one) for one in references] == [1, 1], "each was looked at alone"
    assert await attempts(database) == 0
    assert [incident.title for incident in await shown(ports, acme)] == [f"{key} is broken" for key in "abc"]
    for number in "123":
        assert await kinds(ports, acme, number) == ["incident.opened", "alert.fired"]


async def test_a_worker_that_is_asked_to_end_finishes_what_it_has(
    ports: Ports, config: Config, database: Database, acme: Org, tmp_path: Path
) -> None:
    references = await put(ports, row(ports, acme, alarm("a")))
    async with connected(database.admin_url) as admin:
        with working(config, tmp_path) as worker:
            async with admin.transaction():
                await admin.execute("SELECT 1 FROM service WHERE tenant_id = $1 FOR UPDATE", acme.tenant)
                await worker.until(lambda: admin.fetchval(BLOCKED))
                worker.process.send_signal(signal.SIGTERM)
            assert worker.process.wait(10) == 0, worker.said
    assert await states(ports, acme, references) == ["done"]
    assert await attempts(database) == 0


async def test_without_redis_everything_still_happens(
    ports: Ports, config: Config, database: Database, acme: Org, tmp_path: Path
) -> None:
    with working(config, tmp_path, HUB_REDIS_URL="redis://nobody:wrong@127.0.0.1:1/0") as worker:
        await worker.until(lambda: worker.has("worker_started"))
        reference = await post(ports, acme, alarm("a"))
        await worker.until(lambda: is_done(ports, acme, [reference]))
        async with connected(database.admin_url) as admin:
            await worker.until(lambda: admin.fetchval("SELECT NOT bool_or(unsealed) FROM head"))
        assert worker.end() == 0, worker.said
    loud = [line for line in worker.lines if line["level"] in {"warning", "error"}]
    assert len(loud) < 10, loud
    assert "wrong" not in worker.said, "an address may hold a password"


async def test_an_emptied_redis_loses_nothing(
    ports: Ports, config: Config, acme: Org, globex: Org, tmp_path: Path
) -> None:
    references = [await post(ports, org, alarm("a")) for org in (acme, globex)]
    ring(config, acme, globex)
    with redis.Redis.from_url(config.redis_url) as client:
        assert client.llen(make_huey(config, 1.0).storage.queue_key) == 1
        client.flushall()
    with working(config, tmp_path) as worker:
        await worker.until(lambda: worker.has("worker_started"))
        await worker.until(lambda: is_done(ports, acme, references[:1]))
        await worker.until(lambda: is_done(ports, globex, references[1:]))
        assert worker.end() == 0, worker.said


async def test_a_task_that_comes_again_and_again_to_two_workers_has_one_effect(
    ports: Ports, config: Config, database: Database, acme: Org, globex: Org, tmp_path: Path
) -> None:
    references = await put(ports, row(ports, acme, alarm("a")), row(ports, acme, [alarm("b"), alarm("b")]))
    ring(config, acme)
    list_key = make_huey(config, 1.0).storage.queue_key
    with redis.Redis.from_url(config.redis_url) as client:
        [message] = client.lrange(list_key, 0, -1)
        client.lpush(list_key, *[message] * 4)
        async with connected(database.admin_url) as admin:
            with working(config, tmp_path) as one, working(config, tmp_path) as two:
                async with admin.transaction():  # whoever comes first stops in the middle of the lane
                    await admin.execute("SELECT 1 FROM service WHERE tenant_id = $1 FOR UPDATE", acme.tenant)
                    await one.until(lambda: admin.fetchval(BLOCKED))
                    await two.until(lambda: client.llen(list_key) == 0)
                await one.until(lambda: is_done(ports, acme, references))
                client.lpush(list_key, *[message] * 5)
                await two.until(lambda: client.llen(list_key) == 0)
                assert (one.end(), two.end()) == (0, 0), one.said + two.said
            assert await admin.fetch("SELECT dedup_key, count FROM alert ORDER BY 1") == [("a", 1), ("b", 2)]
    for number in "12":
        assert await kinds(ports, acme, number) == ["incident.opened", "alert.fired"]
    drained = [line for worker in (one, two) for line in worker.lines if line["event"] == "lane_drained"]
    assert len(drained) == 1, "one of the tasks, or of the sweeps beside them, did it all"
    assert await attempts(database) == 0
    assert await shown(ports, globex) == []


async def test_its_metrics_are_served_where_one_asks_for_it_and_a_second_worker_does_without(
    config: Config, database: Database, tmp_path: Path
) -> None:
    port = choose_port(None)
    with (
        working(config, tmp_path, HUB_WORKER_METRICS_PORT=str(port)) as first,
        working(config, tmp_path, HUB_WORKER_METRICS_PORT=str(port)) as second,
    ):
        await first.until(lambda: first.has("worker_started"))
        await second.until(lambda: second.has("worker_started"))
        said = await asyncio.to_thread(scraped, port)
        assert 'hub_invariants_broken_total{invariant="I14"} 0.0' in said
        refused = [each.has("the metrics of this worker are not served") for each in (first, second)]
        assert sorted(refused) == [False, True]


async def test_a_hostile_list_does_not_stop_the_worker(
    ports: Ports, config: Config, acme: Org, tmp_path: Path
) -> None:
    crater = tmp_path / "crater"
    bomb = b"cos\nmkdir\n(V" + str(crater).encode() + b"\ntR."
    with redis.Redis.from_url(config.redis_url) as client:
        list_key = make_huey(config, 1.0).storage.queue_key
        client.lpush(list_key, bomb, b"", b"{}", b"\xff" * 1000)
        with working(config, tmp_path) as worker:
            await worker.until(lambda: client.llen(list_key) == 0)
            reference = await post(ports, acme, alarm("a"))
            await worker.until(lambda: is_done(ports, acme, [reference]))
            assert (await receipt(ports, acme, reference)).items[0].decision == "opened"
            assert worker.end() == 0, worker.said
    assert not crater.exists()
    assert pickle.loads(bomb) is None  # noqa: S301 - it would have gone off
    assert crater.is_dir()


async def test_a_worker_with_a_role_that_may_too_much_does_not_start(
    config: Config, database: Database, tmp_path: Path
) -> None:
    with working(config, tmp_path, HUB_DATABASE_URL=database.owner_url) as worker:
        assert worker.process.wait(20) == 1, worker.said
        assert "could bypass row-level security" in worker.said
        assert "Traceback" not in worker.said


async def test_a_worker_waits_for_its_database_and_can_be_ended_meanwhile(
    config: Config, tmp_path: Path
) -> None:
    with working(config, tmp_path, HUB_DATABASE_URL="postgresql://hub_runtime:x@127.0.0.1:1/hub") as worker:
        await worker.until(lambda: worker.has("waiting for the database"))
        assert worker.end() == 0, worker.said
        assert "Traceback" not in worker.said


async def test_a_worker_that_is_asked_to_end_while_it_starts_ends_as_politely(
    ports: Ports, config: Config, database: Database, acme: Org, tmp_path: Path
) -> None:
    """The sweeper is at work before Huey's consumer takes the signals."""
    references = await put(ports, row(ports, acme, alarm("a")))
    async with connected(database.admin_url) as admin:
        connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'incidenthub'"
        before = await admin.fetchval(connections)
        with working(config, tmp_path) as worker:

            async def is_connected() -> bool:
                return bool(await admin.fetchval(connections) > before)

            await worker.until(is_connected)
            assert worker.end() == 0, worker.said
    assert await attempts(database) == 0
    with working(config, tmp_path) as next:
        await next.until(lambda: next.has("worker_started"))
        await next.until(lambda: is_done(ports, acme, references))
        assert next.end() == 0, next.said
    assert await tries(database, references[0]) == 0
