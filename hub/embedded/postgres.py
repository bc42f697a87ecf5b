"""Embedded PostgreSQL: a cluster of our own on loopback, with random passwords."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from hub.embedded import home
from hub.embedded.keep import LOOPBACK, choose_port, read_kept, write_kept, write_private
from hub.embedded.spec import EmbeddedError, Spec, run, until

ADMIN = "postgres"
ROLES = (ADMIN, "hub_migrator", "hub_runtime")
DATABASE = "hub"


class Postgres:
    """One cluster whose place, passwords and port are kept in `folder`.

    `settings` are given to the server on its command line. Call prepare() first, then start command(),
    then wait for is_ready(), then provision(); all of them may be repeated.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.settings = dict(settings or {})
        self.port = 0
        self.cluster = self.folder / "postgres"
        self._passwords: dict[str, str] = {}
        self._user: pwd.struct_passwd | None = None
        self._bin = Path()

    async def prepare(self) -> None:
        """Make the cluster when there is none and choose a port; raise EmbeddedError when that cannot be."""
        self._user = home.unprivileged_user()
        path = self.folder / "postgres.json"
        kept = read_kept(path)
        self._passwords = kept.get("passwords") or {role: secrets.token_urlsafe(24) for role in ROLES}
        self.cluster = self.folder / kept["cluster"] if "cluster" in kept else self._place()
        if self._is_made():
            self._user = home.owner_of(self.cluster)
        elif kept.get("made"):
            raise EmbeddedError(f"the PostgreSQL cluster of {self.folder} is missing: {self.cluster}.")
        self._bin = home.binaries(self._user)
        beside = self.cluster.parent == self.folder
        kept |= {
            "cluster": self.cluster.name if beside else str(self.cluster),  # a name, so the folder may move
            "passwords": self._passwords,
        }
        if not self._is_made():
            write_kept(path, kept)  # before the cluster is made with them
            await self._initdb()
        self._check_major()
        await self._wait_until_free(15)
        self.port = choose_port(kept.get("port"))
        write_kept(path, kept | {"port": self.port, "made": True})

    def _is_made(self) -> bool:
        return (self.cluster / "PG_VERSION").is_file()

    def _place(self) -> Path:
        """Beside our other files, or in the system's state directory where the server's user cannot reach."""
        if self._user is None or home.may_pass(self._user, self.folder):
            return self.folder / "postgres"
        return home.STATE / f"cluster-{secrets.token_hex(6)}"

    async def _initdb(self) -> None:
        """Make the cluster under another name first: what is found under its own name is whole."""
        draft = self.cluster.with_name(self.cluster.name + ".new")
        password = self.cluster.with_name(self.cluster.name + ".password")
        try:
            if draft.parent != self.folder:
                home.open_folder(draft.parent)
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            owner = -1 if self._user is None else self._user.pw_uid
            os.chown(draft, owner, -1 if self._user is None else self._user.pw_gid)
            write_private(password, self._passwords[ADMIN].encode(), owner)
            await run(
                self._spec(
                    "initdb",
                    f"--pgdata={draft}",
                    f"--username={ADMIN}",
                    f"--pwfile={password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--no-instructions",
                    directory=draft,
                ),
                seconds=120,
            )
            draft.rename(self.cluster)
        except OSError as error:
            raise EmbeddedError(f"{self.cluster} cannot be made: {error.strerror or error}.") from error
        finally:
            password.unlink(missing_ok=True)

    def _check_major(self) -> None:
        try:
            theirs = (self.cluster / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise EmbeddedError(f"{self.cluster} cannot be read: {error.strerror or error}.") from error
        ours = home.major()
        if theirs != ours:
            raise EmbeddedError(
                f"{self.cluster} was made by PostgreSQL {theirs} and this is {ours}: move {self.folder} away"
                f" to start empty, or keep the data with `pg_upgrade --username={ADMIN}"
                f" --old-bindir=/usr/lib/postgresql/{theirs}/bin --old-datadir={self.cluster}"
                f" --new-bindir={self._bin} --new-datadir=NEW`, where {self._bin}/initdb has made NEW."
            )

    async def _wait_until_free(self, seconds: float) -> None:
        """Wait for the last server on this cluster to be gone, as after a kill -9 of its supervisor."""
        try:
            await until(self._is_free, seconds)
        except TimeoutError:
            raise EmbeddedError(f"another PostgreSQL is still running on {self.cluster}.") from None

    async def _is_free(self) -> bool:
        return not self._is_running()

    def _is_running(self) -> bool:
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/comm").read_text()
        except (OSError, ValueError):
            return False  # no file, no process, or no /proc: the server itself looks again
        return command.strip() == "postgres"  # or the number went to another process since

    def _spec(self, program: str, *arguments: str, directory: Path) -> Spec:
        return Spec(
            name=program,
            argv=(str(self._bin / program), *arguments),
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=directory,
            user=self._user,
            stop=signal.SIGINT,  # "fast": it disconnects clients instead of waiting for them
            kill=signal.SIGQUIT,  # "immediate"; a SIGKILL would leave its shared memory behind
            orphan=signal.SIGQUIT,
        )

    def command(self) -> Spec:
        """The server as a child process: loopback TCP only, since a socket's path may not pass 107 bytes."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "synchronous_commit": "on",
            "fsync": "on",
        } | self.settings
        options = [f"--{name}={value}" for name, value in settings.items()]
        return self._spec("postgres", "-D", str(self.cluster), *options, directory=self.cluster)

    def url(self, role: str = "hub_runtime", database: str = DATABASE) -> str:
        """The address of a database for one of ROLES, the password in it."""
        return f"postgresql://{role}:{self._passwords[role]}@{LOOPBACK}:{self.port}/{database}"

    async def is_ready(self) -> bool:
        """Whether the server lets the administrator in at this moment."""
        try:
            connection = await asyncpg.connect(self.url(ADMIN, "postgres"), timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close(timeout=2)
        return True

    async def provision(self, roles: str) -> None:
        """Run `roles` (SQL that may be repeated) as the administrator, set passwords, make the database."""
        connection = await asyncpg.connect(self.url(ADMIN, "postgres"), timeout=10, command_timeout=30)
        try:
            await connection.execute(roles)
            for role in ROLES[1:]:  # url-safe letters only, so there is nothing to escape
                await connection.execute(f"ALTER ROLE {role} PASSWORD '{self._passwords[role]}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER hub_owner")
        finally:
            await connection.close(timeout=2)

    def discard(self) -> None:
        """Delete the cluster for good; the server must have been stopped."""
        shutil.rmtree(self.cluster, ignore_errors=True)
