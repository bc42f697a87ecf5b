"""A real web process to attack: `incidenthub web` with its own settings, and two organizations behind it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from orgs import Org, Rung
from running import environment, eventually
from servers import Database, Servers, wait

from hub.config import Config
from hub.contract.ids import new, parse
from hub.services import credentials, founding
from hub.services.ports import Ports
from hub.storage import directory
from hub.storage.tx import Store

PASSWORD = "correct horse battery staple"
MANY = "1000000"  # requests a minute: what is tested here is not the quota


@dataclass
class Victim:
    """The process, and what an attacker may hold: the keys of acme."""

    process: subprocess.Popen[bytes]
    database: Database
    config: Config
    port: int
    operator_port: int
    acme: Org
    globex: Org
    log: Path
    settings: dict[str, str]

    @property
    def host(self) -> str:
        """What belongs into Host."""
        return f"127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged so far, each whole line one JSON object."""
        return [json.loads(line) for line in self.log.read_text().rpartition("\n")[0].split("\n")]

    def ask(
        self, method: str, path: str, body: bytes | None = None, operator: bool = False, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask like a well-behaved client: status, headers, body. An underline in a name is a hyphen."""
        url = f"http://127.0.0.1:{self.operator_port if operator else self.port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, body, named, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=20)  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, dict(answer.headers), answer.read()

    def rows(self, statement: str) -> list[Any]:
        """What an administrator of the database reads."""

        async def read() -> list[Any]:
            connection = await asyncpg.connect(self.database.admin_url, timeout=10)
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        return wait(read())

    def memory(self) -> int:
        """Its resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def found(config: Config) -> tuple[Org, Org]:
    """Make acme and globex."""
    store = Store(config.database_url)
    await store.open()
    rung = Rung()
    ports = Ports(store=store, announce=rung.announce, enqueue=rung.enqueue, config=config)
    made = []
    for slug in ("acme", "globex"):
        founded = await founding.found(ports, slug, slug.title(), f"owner@{slug}.example", PASSWORD)
        tenant = await directory.find_organization(store, slug)
        key = await credentials.find(ports, founded.api_key or "")
        assert tenant
        assert key
        assert founded.integration_id
        made.append(Org(founded, tenant, slug, key, parse("integration", founded.integration_id)))
    await store.close()
    return made[0], made[1]


@contextmanager
def attacked(servers: Servers, folder: Path) -> Iterator[Victim]:
    """A web process that serves; killed after the block, where a test has not ended it."""
    database = servers.create_database("hub_template")
    config = Config(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url=servers.redis_url,
        secret_keys=("the key of a victim has letters enough",),
        installation=f"attack-{new().hex[:12]}",
    )
    acme, globex = wait(found(config))
    log = folder / "log"
    with (
        socket.create_server(("127.0.0.1", 0)) as public,
        socket.create_server(("127.0.0.1", 0)) as admin,
        log.open("wb") as said,
    ):
        port, operator_port = public.getsockname()[1], admin.getsockname()[1]
        settings = environment(
            PYTHONPATH=os.pathsep.join(sys.path),
            HUB_DATABASE_URL=config.database_url,
            HUB_REDIS_URL=config.redis_url,
            HUB_SECRET_KEYS=config.secret_keys[0],
            HUB_INSTALLATION=config.installation,
            HUB_REQUESTS_PER_CREDENTIAL=MANY,
            HUB_REQUESTS_PER_ORGANIZATION=MANY,
            HUB_REQUESTS_PER_ADDRESS=MANY,
            HUB_PORT=str(port),
            HUB_ADMIN_PORT=str(operator_port),
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "web"],
            env=settings | {"HUB_LISTEN_FD": str(public.fileno()), "HUB_ADMIN_FD": str(admin.fileno())},
            pass_fds=(public.fileno(), admin.fileno()),
            stderr=said,
        )
    try:
        eventually(lambda: process.poll() is not None or '"serving"' in log.read_text())
        assert process.poll() is None, log.read_text()
        yield Victim(process, database, config, port, operator_port, acme, globex, log, settings)
    finally:
        process.kill()
        process.wait(10)
        servers.drop_database(database)
