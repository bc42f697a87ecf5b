"""The stage of the journey: a Valkey of its own, real web and worker processes, a look behind the wall."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis
from servers import Servers
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from hub.cli.children import command, web_processes
from hub.cli.ports import opened
from hub.config import Config, read
from hub.contract.administration import KeyCreated
from hub.contract.ids import new
from hub.contract.words import Role, Scope
from hub.embedded import Spec, Valkey
from hub.embedded.spec import until
from hub.services import founding
from hub.services.access import system
from hub.services.change import change
from hub.services.credentials import hash_of, new_api_key
from hub.services.founding import Founded
from hub.storage import credentials, directory, people
from hub.storage.credentials import Credential

PASSWORD = "correct horse battery staple"


class Stage:
    """Processes by name: `web`, `worker`, `valkey`. The listening sockets are held here, as `up` does."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.database = servers.create_database("hub_template")
        self.valkey = Valkey(folder)
        self.valkey.prepare()
        self.public, self.admin = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2))
        self.port = self.public.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HUB_DATABASE_URL": self.database.url,
            "HUB_REDIS_URL": self.valkey.url(),
            "HUB_SECRET_KEYS": "a key for the journey that is long enough",
            "HUB_PORT": str(self.port),
            "HUB_ADMIN_PORT": str(self.admin.getsockname()[1]),
            "HUB_INSTALLATION": "journey",
        }
        self.config: Config = read(self.environment)
        self.log = folder / "processes.log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def _spec(self, name: str, settings: dict[str, str]) -> Spec:
        if name == "valkey":
            return self.valkey.command()
        if name == "web":
            return web_processes(1, self.environment | settings, self.public, self.admin)[0]
        return command("worker", "worker", environment=self.environment | settings)

    def _launch(self, name: str, spec: Spec) -> None:
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(spec.argv, stdout=log, stderr=log, **spec.options())

    async def start(self, name: str, **settings: str) -> None:
        """Start a process, and wait until it answers where it has somebody to answer."""
        self._launch(name, self._spec(name, settings))
        if name == "valkey":
            await until(self.valkey.is_ready, 10)
        elif name == "web":
            await until(self._serves, 20)

    async def _serves(self) -> bool:
        assert self._running["web"].poll() is None, self.log.read_text()[-4000:]
        try:
            await AsyncHTTPClient().fetch(f"{self.url}/readyz", request_timeout=1)
        except (OSError, HTTPClientError):
            return False
        return True

    async def end(self, name: str, number: signal.Signals = signal.SIGTERM, seconds: float = 12) -> int:
        """Signal a process once and wait for its end; its exit code."""
        process = self._running.pop(name)
        process.send_signal(number)
        return await asyncio.to_thread(process.wait, seconds)

    async def ended(self, name: str, seconds: float = 20) -> int:
        """Wait for a process that ends by itself; its exit code."""
        return await asyncio.to_thread(self._running.pop(name).wait, seconds)

    async def flush(self) -> None:
        """Empty Redis."""
        async with Redis.from_url(self.valkey.url(), protocol=2) as redis:
            await redis.flushall()

    async def found(self, slug: str) -> Founded:
        """An organization with everything that an alert needs; many incidents are no storm there."""
        async with opened(self.config) as ports:
            founded = await founding.found(ports, slug, slug.title(), f"owner@{slug}.example", PASSWORD)
        connection = await asyncpg.connect(self.database.admin_url, timeout=10)
        await connection.execute("UPDATE service SET storm_after = 100000")
        await connection.close()
        return founded

    async def responder_key(self, slug: str) -> str:
        """An API key that may work on incidents and see no administrative event."""
        async with opened(self.config) as ports:
            tenant = await directory.find_organization(ports.store, slug)
            assert tenant is not None
            key, secret, scope = new(), new_api_key(), (Scope.ORGANIZATION, tenant)
            async with change(ports, system("founder", tenant, slug), founding.CONTEXT) as changed:
                credential = Credential(
                    tenant_id=tenant, id=new(), kind="api_key", subject=key, scopes=(), expires_at=None,
                    last_used_at=changed.now, about={"name": "Bot"},
                )  # fmt: skip
                await credentials.add(changed.tx, hash_of(secret), credential, changed.now)
                await people.bind(changed.tx, new(), ("key", key), Role.RESPONDER, scope, changed.now)
                changed.happened(KeyCreated(name="Bot", scopes=()), key)
        return secret

    async def close(self) -> None:
        """End what runs."""
        for name in ("web", "worker", "valkey"):
            if name in self._running:
                await self.end(name)
        self.public.close()
        self.admin.close()


class Truth:
    """PostgreSQL as its administrator sees it: over all walls."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return [tuple(row.values()) for row in await self._connection.fetch(query, *values)]

    async def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        return await self._connection.fetchval(query, *values)

    async def tenant(self, slug: str) -> Any:
        """Whose rows an organization's are."""
        return await self.value("SELECT tenant_id FROM organization WHERE slug = $1", slug)

    async def becomes(self, query: str, wanted: Any, seconds: float, *values: Any) -> None:
        """Wait until a query's value is the wanted one."""

        async def is_so() -> bool:
            return bool(await self.value(query, *values) == wanted)

        try:
            await until(is_so, seconds)
        except TimeoutError:
            found = await self.value(query, *values)
            raise AssertionError(f"{query} is {found} after {seconds} s, not {wanted}") from None

    async def settled(self, seconds: float = 30) -> None:
        """Wait until every stored request was processed."""
        await self.becomes("SELECT count(*) FROM inbox WHERE state = 'stored'", 0, seconds)

    @asynccontextmanager
    async def holding(self, query: str, *values: Any) -> AsyncIterator[None]:
        """Hold the locks of a query for the length of the block."""
        async with self._connection.transaction():
            await self._connection.execute(query, *values)
            yield


@asynccontextmanager
async def behind_the_wall(stage: Stage) -> AsyncIterator[Callable[[], Awaitable[Truth]]]:
    """Makes connections of the administrator that are closed at the end."""
    async with AsyncExitStack() as stack:

        async def connect() -> Truth:
            connection = await asyncpg.connect(stage.database.admin_url, timeout=10)
            stack.push_async_callback(connection.close, timeout=5)
            return Truth(connection)

        yield connect
