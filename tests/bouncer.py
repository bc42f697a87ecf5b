"""A pgbouncer in transaction mode before the tests' PostgreSQL: many clients, few server connections."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from servers import Database, Servers, open_folder, running, wait

from hub.embedded import Spec
from hub.embedded.home import unprivileged_user
from hub.embedded.keep import LOOPBACK, choose_port, write_private
from hub.embedded.spec import until

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")  # where Debian puts it
ROLE = "hub_runtime"
CONFIGURATION = """\
[databases]
* = host={host} port={server}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/userlist.txt
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 300
server_login_retry = 1
log_connections = 0
log_disconnections = 0
"""


class Bouncer:
    """One pgbouncer. It knows hub_runtime only, and any database of the server behind it."""

    def __init__(self, servers: Servers, folder: Path, size: int) -> None:
        self.port = choose_port(None)
        self._folder = folder
        self._user = unprivileged_user()  # it refuses root, as the server does
        owner = -1 if self._user is None else self._user.pw_uid
        password = urlsplit(servers.postgres.url(ROLE)).password
        settings = CONFIGURATION.format(
            host=LOOPBACK, server=servers.postgres.port, port=self.port, folder=folder, size=size
        )
        write_private(folder / "userlist.txt", f'"{ROLE}" "{password}"\n'.encode(), owner)
        write_private(folder / "pgbouncer.ini", settings.encode(), owner)
        self._any = servers.postgres.url(ROLE, "postgres")

    def command(self) -> Spec:
        """It as a child process."""
        assert PGBOUNCER
        return Spec(
            name="pgbouncer",
            argv=(PGBOUNCER, str(self._folder / "pgbouncer.ini")),
            env={"PATH": os.defpath, "LC_ALL": "C"},
            directory=self._folder,
            user=self._user,
            stop=signal.SIGTERM,  # at once; INT waits for the clients
        )

    def url(self, straight: str) -> str:
        """The address that leads through it to a database of the server."""
        split = urlsplit(straight)
        user = split.netloc.rpartition("@")[0]
        return urlunsplit(split._replace(netloc=f"{user}@{LOOPBACK}:{self.port}"))

    def before(self, database: Database) -> Database:
        """The same database, reached through it by the processes' role."""
        return replace(database, url=self.url(database.url), pooler="transaction")

    async def is_ready(self) -> bool:
        """Whether it lets a client through to the server."""
        try:
            connection = await asyncpg.connect(self.url(self._any), timeout=2, statement_cache_size=0)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close(timeout=2)
        return True


@contextmanager
def bouncing(servers: Servers, size: int = 20) -> Iterator[Bouncer]:
    """A running pgbouncer with so many server connections for each database."""
    if PGBOUNCER is None and not os.environ.get("CI"):
        pytest.skip("pgbouncer is not installed")
    with open_folder() as folder:
        bouncer = Bouncer(servers, folder, size)
        with running(bouncer.command(), folder / "pgbouncer.log"):
            wait(until(bouncer.is_ready, 10))
            yield bouncer


@pytest.fixture(scope="session")
def bouncer(servers: Servers) -> Iterator[Bouncer]:
    """A pgbouncer for every test of this process."""
    with bouncing(servers) as running_one:
        yield running_one
