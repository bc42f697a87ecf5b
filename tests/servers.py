"""One PostgreSQL and one Valkey for the whole test session, and databases copied from a template."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

from hub.embedded import Postgres, Spec, Valkey
from hub.embedded.spec import until

# What a test may lose: everything. Nothing else differs from `up`.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "fatal",
}


T = TypeVar("T")
MEMORY = Path("/dev", "shm")


def _fast_folder() -> str | None:
    """Memory, where copying a database takes 16 ms instead of 100, if this machine has plenty of it."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 3 << 30:
        return str(MEMORY)
    return None


@dataclass(frozen=True)
class Database:
    """One database and its addresses for the roles that a process may have."""

    name: str
    admin_url: str  # the superuser
    owner_url: str  # hub_migrator, for HUB_DATABASE_OWNER_URL
    url: str  # hub_runtime, for HUB_DATABASE_URL
    pooler: str = ""  # the mode of what stands before it, for HUB_DATABASE_POOLER


class Servers:
    """The two running servers."""

    def __init__(self, postgres: Postgres, valkey: Valkey) -> None:
        self.postgres = postgres
        self.valkey = valkey
        self.redis_url = valkey.url()

    def database(self, name: str) -> Database:
        """The addresses of a database, whether it exists or not."""
        return Database(
            name=name,
            admin_url=self.postgres.url("postgres", name),
            owner_url=self.postgres.url("hub_migrator", name),
            url=self.postgres.url("hub_runtime", name),
        )

    def create_database(self, template: str = "template0", name: str = "") -> Database:
        """Make a database owned by hub_owner as a copy of `template`, to which nobody may be connected.

        Its name is a random one unless it is given.
        """
        name = name or f"test_{uuid4().hex}"
        wait(self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER hub_owner'))
        return self.database(name)

    def drop_database(self, database: Database) -> None:
        """Drop it and end every connection to it."""
        wait(self._execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)'))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.postgres.url("postgres", "postgres"), timeout=10)
        try:
            await connection.execute(statement, timeout=30)
        finally:
            await connection.close()


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Await something from a plain function, in a loop that leaves the test's own loop alone."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


@contextmanager
def running(spec: Spec, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child process for the length of the block, its output in `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(spec.argv, stdout=output, stderr=output, **spec.options())
    try:
        yield child
    finally:
        child.send_signal(spec.stop)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.send_signal(spec.kill)
            child.wait(10)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary data directory, which the server's user may pass when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="incidenthub-test-", dir=_fast_folder()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def start_servers(roles: str) -> Iterator[Servers]:
    """Start both servers in a temporary folder with the roles that the SQL in `roles` makes."""
    with open_folder() as folder:
        postgres, valkey = Postgres(folder, SETTINGS), Valkey(folder)
        try:
            wait(postgres.prepare())
            valkey.prepare()
            with (
                running(postgres.command(), folder / "postgres.log"),
                running(valkey.command(), folder / "valkey.log"),
            ):
                wait(until(postgres.is_ready, 30))
                wait(until(valkey.is_ready, 10))
                wait(postgres.provision(roles))
                yield Servers(postgres, valkey)
        finally:
            postgres.discard()  # it lies elsewhere when root's temporary folders are closed to all others
