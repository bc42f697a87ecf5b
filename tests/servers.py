"""One PostgreSQL and one Valkey for the whole test session, and databases copied from a template."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from hub.embedded import Postgres, Spec, Valkey
from hub.embedded.spec import start, stop

# What a test may lose: everything. Nothing else differs from `up`.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "log_min_messages": "fatal",
}


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
        with self._admin() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER hub_owner')
        return self.database(name)

    def drop_database(self, database: Database) -> None:
        """Drop it and end every connection to it."""
        with self._admin() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.postgres.url("postgres", "postgres"), autocommit=True)


@contextmanager
def running(spec: Spec, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child process for the length of the block, its output in `log`."""
    with log.open("ab") as output:
        child = start(spec, output)
    try:
        yield child
    finally:
        stop(child, spec, timeout=10)


@contextmanager
def start_servers(roles: str) -> Iterator[Servers]:
    """Start both servers in a temporary folder with the roles that the SQL in `roles` makes."""
    folder = Path(tempfile.mkdtemp(prefix="incidenthub-test-", dir=_fast_folder()))
    folder.chmod(0o711)  # when root runs the tests, the server's own user has to pass through
    postgres, valkey = Postgres(folder, SETTINGS), Valkey(folder)
    try:
        postgres.prepare()
        valkey.prepare()
        with (
            running(postgres.command(), folder / "postgres.log"),
            running(valkey.command(), folder / "valkey.log"),
        ):
            postgres.wait_ready(timeout=30)
            postgres.provision(roles)
            valkey.wait_ready(timeout=10)
            yield Servers(postgres, valkey)
    finally:
        postgres.discard()
        shutil.rmtree(folder, ignore_errors=True)
