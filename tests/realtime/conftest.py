"""Fixtures of the streams: a Valkey that a test may stop, empty and kill, and a server that really rings."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from following import make_key
from orgs import Org
from scene import Scene, build
from servers import Database, running, wait
from tornado.ioloop import IOLoop
from web import Site

from hub.config import Config
from hub.contract.words import Role
from hub.embedded import Valkey
from hub.embedded.spec import until
from hub.realtime.doorbell import Doorbell
from hub.realtime.link import dial
from hub.realtime.station import Station
from hub.services.ports import Ports

KEY = "the key of a test with a Valkey of its own"


class Bell:
    """One Valkey of this test's own, whose port stays the same."""

    def __init__(self, folder: Path) -> None:
        self._valkey = Valkey(folder)
        self._valkey.prepare()
        self._log = folder / "valkey.log"
        self._stack = ExitStack()
        self.process: subprocess.Popen[bytes] | None = None
        self.config = Config(database_url="", redis_url=self._valkey.url(), secret_keys=(KEY,))

    def start(self) -> None:
        self.process = self._stack.enter_context(running(self._valkey.command(), self._log))

    async def ready(self) -> None:
        await until(self._valkey.is_ready, 10)

    def stop(self) -> None:
        self._stack.close()

    async def ask(self, *command: object) -> Any:
        """One command past the hub."""
        async with dial(self.config.redis_url) as redis:
            return await redis.execute_command(*command)


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    made = Bell(tmp_path)
    made.start()
    wait(made.ready())
    yield made
    made.stop()


@pytest.fixture
def doorbell(io_loop: IOLoop, config: Config) -> Iterator[Doorbell]:
    """The doorbell of the server's own commits."""
    made = Doorbell(config)
    io_loop.run_sync(made.start)
    yield made
    io_loop.run_sync(made.stop)


@pytest.fixture
def ports(ports: Ports, doorbell: Doorbell) -> Ports:
    """The ports of all tests, with a real bell."""
    return replace(ports, announce=doorbell)


@pytest.fixture
def live(io_loop: IOLoop, site: Site, station: Station) -> Iterator[Site]:
    """The server with its streams running, asked by nobody in particular."""
    io_loop.run_sync(station.start)
    yield site
    io_loop.run_sync(station.stop)


@pytest.fixture
def observer_key(io_loop: IOLoop, ports: Ports, acme: Org) -> str:
    """An API key of acme that may look and follow, and sees nothing administrative."""
    return io_loop.run_sync(partial(make_key, ports, acme, Role.OBSERVER))


@pytest.fixture
def belled(config: Config, bell: Bell) -> Config:
    """The settings of a process whose Valkey is this test's own."""
    return msgspec.structs.replace(config, redis_url=bell.config.redis_url)


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, live: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, live, acme), timeout=20)
    return made
