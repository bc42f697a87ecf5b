"""The queue: signed JSON with ids only, bounded, and a bell that never keeps its ringer waiting."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from huey import RedisHuey
from itsdangerous import Signer
from line import alarm, connected, put, row, shown, until
from orgs import Org, Rung
from proxy import proxied
from servers import Database, Servers

from hub.config import Config
from hub.contract.ids import TenantId, new
from hub.services import work
from hub.services.ports import Ports
from hub.storage.tx import Store
from hub.tasks import queue
from hub.tasks.queue import Ringer, make_huey
from hub.tasks.work import register

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.fixture
def config(config: Config) -> Config:
    """Settings of an installation of this test's own: its list is nobody else's."""
    return msgspec.structs.replace(config, installation=f"test-{new().hex[:12]}")


@pytest.fixture
def client(servers: Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.redis_url) as made:
        yield made


def key(config: Config) -> str:
    """Where Huey keeps our list."""
    name: str = make_huey(config, 1.0).storage.queue_key
    return name


def signed(config: Config, message: dict[str, Any], purpose: str = "queue", salt: str = "queue") -> bytes:
    return Signer(config.keys(purpose)[0].hex(), salt=salt).sign(msgspec.json.encode(message))


def message(**fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "1", "name": "hub.tasks.queue.drain", "eta": None, "retries": 0, "retry_delay": 0,
        "priority": None,
        "args": ["inbox", [str(new())]], "kwargs": {}, "on_complete": None, "on_error": None, "expires": None,
        "expires_resolved": None,
    }  # fmt: skip
    return made | fields


class Bomb:
    """What a pickle can be: code of whoever can write to Redis."""

    def __init__(self, folder: Path) -> None:
        self.crater = folder / "crater"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.crater),)


@pytest.fixture
def done(config: Config) -> tuple[RedisHuey, list[tuple[str, list[str]]]]:
    """A worker's Huey, and what its task was called with."""
    calls: list[tuple[str, list[str]]] = []
    huey = make_huey(config, 2.0)
    queue.drain_task(huey, lambda kind, tenants, id: calls.append((kind, tenants)))
    return huey, calls


def take(huey: RedisHuey) -> None:
    """What a worker's thread does once."""
    task = huey.dequeue()
    if task is not None:
        huey.execute(task)


# --- what is on the list -------------------------------------------------------------------------------


def test_a_wake_up_is_signed_json_of_ids_and_nothing_else_is_in_redis(
    config: Config, client: redis.Redis, done: Any
) -> None:
    huey, calls = done
    tenants = [TenantId(new()) for _ in range(3)]
    before = set(client.keys())
    ringer = Ringer(config)
    ringer.start()
    ringer("inbox", tenants)
    ringer.stop()
    [raw] = client.lrange(key(config), 0, -1)
    body, _, _ = raw.rpartition(b".")
    written = msgspec.json.decode(body)
    assert (written["name"], written["args"][0]) == ("hub.tasks.queue.drain", "inbox")
    assert sorted(written["args"][1]) == sorted(map(str, tenants))
    assert set(client.keys()) - before == {key(config).encode()}
    take(huey)
    assert calls == [("inbox", sorted(map(str, tenants)))]
    assert set(client.keys()) <= before, "no result, no lock, nothing stays"


def test_a_pickle_on_the_list_is_refused_and_not_opened(
    config: Config, client: redis.Redis, done: Any, tmp_path: Path
) -> None:
    huey, calls = done
    bomb = Bomb(tmp_path)
    plain = pickle.dumps(bomb)
    signer = Signer(config.keys("queue")[0].hex(), salt="queue")
    for raw in (plain, pickle.dumps((bomb,)), signer.sign(plain), b"x." + plain, b"\x1f\x8b" + plain):
        client.lpush(key(config), raw)
        with pytest.raises(ValueError, match="not one of ours"):
            take(huey)
    pickle.loads(plain)  # noqa: S301 - it would have gone off
    assert bomb.crater.is_dir()
    assert calls == []


def test_only_what_we_signed_for_the_queue_is_run(config: Config, client: redis.Redis, done: Any) -> None:
    huey, calls = done
    fine = message()
    foreign = msgspec.structs.replace(config, secret_keys=("a key of somebody else, 32 letters",))
    for raw in (
        msgspec.json.encode(fine),
        signed(foreign, fine),
        signed(config, fine, purpose="cookie"),
        signed(config, fine, salt="session"),
        Signer(config.secret_keys[0], salt="queue").sign(msgspec.json.encode(fine)),
        signed(config, fine)[:-1],
        signed(config, fine).replace(b"inbox", b"inbex"),
        signed(config, fine | {"extra": 1}),
        b"", b".", b"null", b"\x00", b"[" * 100_000,
    ):  # fmt: skip
        client.lpush(key(config), raw)
        with pytest.raises(ValueError, match="not one of ours"):
            take(huey)
    assert calls == []
    rotated = msgspec.structs.replace(config, secret_keys=config.secret_keys[1:])
    for raw in (signed(rotated, fine), signed(config, fine)):
        client.lpush(key(config), raw)
        take(huey)
    assert calls == [("inbox", fine["args"][1])] * 2, "an older key still verifies"


def test_a_task_that_we_do_not_have_is_not_run(config: Config, client: redis.Redis, done: Any) -> None:
    huey, calls = done
    for name in ("os.system", "builtins.eval", "drain.__class__", ""):
        client.lpush(key(config), signed(config, message(name=name)))
        with pytest.raises(Exception, match=r"not found|registered"):
            take(huey)
    assert calls == []


# --- the ringer ----------------------------------------------------------------------------------------


def test_what_is_rung_while_the_ringer_is_busy_is_joined(
    config: Config, client: redis.Redis, done: Any
) -> None:
    huey, calls = done
    tenants = [TenantId(new()) for _ in range(450)]
    ringer = Ringer(config)  # not started: all of it is meanwhile
    for _ in range(20):
        for tenant in tenants:
            ringer("inbox", [tenant])
        ringer("log", tenants[:3])
    ringer.start()
    ringer.stop()
    assert client.llen(key(config)) == 4, "200, 200 and 50 for the inbox, 3 for the log"
    for _ in range(4):
        take(huey)
    assert sorted(len(some) for _, some in calls) == [3, 50, 200, 200]
    assert {tenant for kind, some in calls if kind == "inbox" for tenant in some} == set(map(str, tenants))


def test_the_list_is_bounded(config: Config, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "WAITING_MAX", 5)
    for _ in range(9):
        ringer = Ringer(config)
        ringer("inbox", [TenantId(new())])
        ringer.start()
        ringer.stop()
    assert client.llen(key(config)) == 5


def test_what_waits_in_the_process_is_bounded(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "TENANTS_MAX", 10)
    ringer = Ringer(config)
    for _ in range(100):
        ringer("inbox", [TenantId(new())])
    assert len(ringer._waiting["inbox"]) == 10


async def test_a_silent_redis_keeps_nobody_waiting_and_is_rung_when_it_is_back(
    config: Config, client: redis.Redis
) -> None:
    async with proxied(config.redis_url) as proxy:
        ringer = Ringer(msgspec.structs.replace(config, redis_url=proxy.url))
        ringer.start()
        ringer("inbox", [TenantId(new())])
        await until(lambda: client.llen(key(config)) == 1)
        proxy.silence()
        for _ in range(10_000):  # the test's time-out is far below 10,000 socket time-outs
            ringer("inbox", [TenantId(new())])
        proxy.flow()

        def ring() -> bool:
            ringer("inbox", [TenantId(new())])
            return bool(client.llen(key(config)) > 1)

        await until(ring)
        await asyncio.to_thread(ringer.stop)


async def test_an_absent_redis_keeps_nobody_waiting_and_the_ringer_ends(config: Config) -> None:
    ringer = Ringer(msgspec.structs.replace(config, redis_url="redis://127.0.0.1:1/0"))
    ringer.start()
    for _ in range(1000):
        ringer("inbox", [TenantId(new())])
    await asyncio.to_thread(ringer.stop)
    assert not ringer._thread.is_alive()


# --- the task ------------------------------------------------------------------------------------------


def runner(loop: asyncio.AbstractEventLoop) -> Callable[..., Any]:
    return lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)


async def test_the_task_drains_its_tenants_and_rings_again_for_what_is_left(
    ports: Ports, config: Config, acme: Org, globex: Org, rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "ROUNDS", 1)
    huey = make_huey(config, 2.0)
    register(huey, ports, runner(asyncio.get_running_loop()))
    ringer = Ringer(config)
    for org in (acme, globex):
        await put(ports, row(ports, org, alarm("disk")))
    rung.enqueued.clear()
    ringer("inbox", [acme.tenant])
    ringer.start()
    await asyncio.to_thread(ringer.stop)
    await asyncio.to_thread(take, huey)
    assert [incident.title for incident in await shown(ports, acme)] == ["disk is broken"]
    assert await shown(ports, globex) == [], "it was not asked for"
    assert ("inbox", {acme.tenant}) in rung.enqueued


async def test_the_task_is_safe_without_a_database_and_twice(
    ports: Ports, config: Config, database: Database, acme: Org
) -> None:
    away = dataclasses.replace(ports, store=Store("postgresql://nobody@127.0.0.1:1/none"))
    await away.store.open()
    await put(ports, row(ports, acme, alarm("disk")))
    loop = asyncio.get_running_loop()
    for which in (away, ports, ports):
        huey = make_huey(config, 2.0)
        register(huey, which, runner(loop))
        ringer = Ringer(config)
        ringer("inbox", [acme.tenant])
        ringer.start()
        await asyncio.to_thread(ringer.stop)
        await asyncio.to_thread(take, huey)
    assert len(await shown(ports, acme)) == 1
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("SELECT count(*) FROM attempt") == 0
    assert threading.active_count() < 50
