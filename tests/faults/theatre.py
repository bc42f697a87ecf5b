"""The stage of a run: servers of its own, two web processes on one socket, a worker, and proxies between."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from bellproxy import BellProxy
from calls import AWAY, call
from running import descendants, is_gone
from servers import SETTINGS, Database, Servers, open_folder, running, wait
from tableproxy import TableProxy

from hub.cli.admin import migrate
from hub.cli.children import command
from hub.cli.ports import opened
from hub.config import Config, read
from hub.embedded import Postgres, Spec, Valkey
from hub.embedded.spec import until
from hub.services import founding
from hub.services.founding import Founded

ROOT = Path(__file__).resolve().parents[2]
WEBS = ("web-1", "web-2")
HUB = (*WEBS, "worker")
SECRET = "the key of a run of faults that is long enough"


class Theatre:
    """Processes by name: `postgres`, `valkey`, those of HUB. Each of these has proxies of its own: `bells`
    in front of Valkey, `tables` in front of PostgreSQL."""

    def __init__(self, postgres: Postgres, valkey: Valkey, database: Database, folder: Path) -> None:
        self.folder = folder
        self.database = database
        self.bells: dict[str, BellProxy] = {}
        self.tables: dict[str, TableProxy] = {}
        self.log = folder / "processes.log"
        self.pids_seen: dict[int, str] = {}
        self._postgres = postgres
        self._valkey = valkey
        self._public = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._operators = {name: socket.create_server(("127.0.0.1", 0)) for name in WEBS}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.port = int(self._public.getsockname()[1])
        self.config: Config = read(self._environment(database.url, valkey.url()))

    async def open(self, dice: random.Random) -> None:
        """Start everything."""
        await asyncio.gather(self.start("postgres"), self.start("valkey"))
        for name in HUB:
            self.bells[name] = BellProxy(self._valkey.url(), dice)
            self.tables[name] = TableProxy(self.database.url)
            await self.bells[name].open()
            await self.tables[name].open()
        await asyncio.gather(*(self.start(name) for name in HUB))

    async def close(self) -> None:
        """End what runs, the servers last."""
        for bell in self.bells.values():
            bell.flow()
        for table in self.tables.values():
            table.flow()
        for names in (HUB, ("valkey", "postgres")):
            for name in names:
                self.resume(name)
            await asyncio.gather(*(self.end(name) for name in names if name in self._running))
        for bell in self.bells.values():
            await bell.close()
        for table in self.tables.values():
            await table.shut()
        for bound in (self._public, *self._operators.values()):
            bound.close()

    async def start(self, name: str) -> None:
        """Start a process, and wait until it answers where it has somebody to answer."""
        self._launch(name)
        if name == "postgres":
            await until(self._postgres.is_ready, 30)
        elif name == "valkey":
            await until(self._valkey.is_ready, 10)
        elif name in WEBS:
            await until(lambda: self._serves(name), 30)

    def _launch(self, name: str) -> None:
        spec = self._spec(name)
        with self.log.open("ab") as log:
            process = subprocess.Popen(spec.argv, stdout=log, stderr=log, **spec.options())
        self._running[name] = process
        self.pids_seen[process.pid] = name

    async def end(self, name: str, number: signal.Signals | None = None, seconds: float = 20) -> int:
        """Signal a process once and wait for its end; its exit code."""
        process = self._running.pop(name)
        process.send_signal(number or self._spec(name).stop)
        return await asyncio.to_thread(process.wait, seconds)

    def kill(self, name: str) -> None:
        """SIGKILL, at once; `reap` waits for the end."""
        self._running[name].kill()

    async def reap(self, name: str) -> None:
        """Wait for the end of a process that was killed."""
        await asyncio.to_thread(self._running.pop(name).wait, 20)

    def pause(self, name: str) -> None:
        """SIGSTOP, with all that it has started (a backend of PostgreSQL is a process)."""
        self._signal_all(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        if name in self._running:
            self._signal_all(name, signal.SIGCONT)

    def left(self) -> list[str]:
        """Processes that we have started and that run still."""
        return [name for pid, name in self.pids_seen.items() if not is_gone(pid)]

    async def metrics(self, web: str) -> str:
        """What the operator sees of a web process; nothing where it does not answer."""
        port = self._operators[web].getsockname()[1]
        try:
            answer = await call(port, "GET", "/metrics", seconds=2)
        except AWAY:
            return ""
        return answer.body.decode() if answer.status == 200 else ""

    def memory(self, web: str) -> int:
        """Resident bytes of a web process; 0 where it does not run."""
        process = self._running.get(web)
        try:
            fields = Path(f"/proc/{process.pid if process else 0}/statm").read_text().split()
        except OSError:
            return 0
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    async def valkey_command(self, *words: str) -> None:
        """One command past the hub and its proxies."""
        await self.bells["worker"].ask(*words)

    async def found(self, slug: str) -> Founded:
        """An organization with everything that an alert needs; many incidents are no storm there."""
        async with opened(self.config) as ports:
            founded = await founding.found(
                ports, slug, slug.title(), f"owner@{slug}.example", "a long pass phrase"
            )
        admin = await self.admin()
        await admin.execute("UPDATE service SET storm_after = 100000")
        await admin.close()
        return founded

    async def admin(self) -> asyncpg.Connection:
        """PostgreSQL over all walls."""
        return await asyncpg.connect(self.database.admin_url, timeout=10)

    def _signal_all(self, name: str, number: signal.Signals) -> None:
        pid = self._running[name].pid
        for one in (pid, *descendants(pid)):
            os.kill(one, number)

    async def _serves(self, name: str) -> bool:
        assert self._running[name].poll() is None, self.log.read_text()[-4000:]
        port = self._operators[name].getsockname()[1]
        try:
            return (await call(port, "GET", "/metrics", seconds=1)).status == 200
        except AWAY:
            return False

    def _environment(self, database: str, redis: str, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HUB_DATABASE_URL": database,
            "HUB_REDIS_URL": redis,
            "HUB_SECRET_KEYS": SECRET,
            "HUB_PORT": str(self.port),
            "HUB_INSTALLATION": "faults",
            "HUB_REQUESTS_PER_CREDENTIAL": "1000000",
            "HUB_REQUESTS_PER_ORGANIZATION": "1000000",
            "HUB_WEB_PROCESSES": "2",
            "HUB_LOG_LEVEL": "warning",
        } | more

    def _spec(self, name: str) -> Spec:
        if name == "postgres":
            return self._postgres.command()
        if name == "valkey":
            return self._valkey.command()
        database, redis = self.tables[name].url, self.bells[name].url
        if name == "worker":
            return command("worker", "worker", environment=self._environment(database, redis))
        operator = self._operators[name]
        fds = (self._public.fileno(), operator.fileno())
        own = {
            "HUB_LISTEN_FD": str(fds[0]),
            "HUB_ADMIN_FD": str(fds[1]),
            "HUB_ADMIN_PORT": str(operator.getsockname()[1]),
        }
        return command(name, "web", environment=self._environment(database, redis, **own), fds=fds)


@contextmanager
def theatre() -> Iterator[Theatre]:
    """A theatre whose database is made and migrated; its servers have ended again, for it to start."""
    with open_folder() as folder:
        postgres, valkey = Postgres(folder, SETTINGS), Valkey(folder)
        try:
            wait(postgres.prepare())
            valkey.prepare()
            with running(postgres.command(), folder / "postgres.log"):
                wait(until(postgres.is_ready, 30))
                wait(postgres.provision((ROOT / "migrations" / "roles.sql").read_text()))
                database = Servers(postgres, valkey).create_database()
                migrate({"HUB_DATABASE_OWNER_URL": database.owner_url})
            made = Theatre(postgres, valkey, database, folder)
            yield made
            assert made.left() == []
        finally:
            postgres.discard()
