"""`up`: everything on one machine, from an empty folder to a running hub."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from hub.cli import children, firstrun, settings
from hub.cli.folder import Folder
from hub.cli.output import Output
from hub.cli.sockets import listen_both
from hub.cli.supervise import Child, Supervisor
from hub.config import Config, ConfigError, assets, read
from hub.embedded import EmbeddedError, Postgres, Spec, Valkey
from hub.embedded.spec import run, until

GIVE_UP_AFTER = 3  # crashes in a row of a server that has never answered


def up(environment: Mapping[str, str]) -> None:
    """Run the hub until SIGINT or SIGTERM; raise EmbeddedError or ConfigError when it cannot start."""
    with Folder(settings.data_directory(environment)) as folder, ExitStack() as stack:
        own = {name: value for name, value in environment.items() if value}
        own = folder.own_settings() | own | {"HUB_DATA_DIR": str(folder.path)}
        if bool(own.get("HUB_DATABASE_URL")) != bool(own.get("HUB_DATABASE_OWNER_URL")):
            raise ConfigError("HUB_DATABASE_URL and HUB_DATABASE_OWNER_URL are set together or not at all.")
        # The addresses of embedded servers are known later: a busy port stops us before they are touched.
        unknown = {"HUB_DATABASE_URL": "later", "HUB_REDIS_URL": "later"}
        public, admin = listen_both(read(unknown | own), stack)
        asyncio.run(Up(folder.path, own, public, admin).run())


class Up:
    """One run of the hub in `folder`."""

    def __init__(
        self, folder: Path, environment: dict[str, str], public: socket.socket, admin: socket.socket
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.public = public
        self.admin = admin
        self.supervisor = Supervisor(report)

    async def run(self) -> None:
        """Start everything, wait for a signal, and leave nothing running, whatever happened before."""
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Setting it again changes nothing: an impatient second Ctrl-C does no harm.
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
        waiting = asyncio.create_task(asked.wait())
        starting = asyncio.create_task(self.start())
        try:
            await asyncio.wait({waiting, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()  # raises what went wrong
                await waiting
            report("stopping")
        finally:
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await starting
            self.public.close()  # a new connection is refused at once instead of waiting for nobody
            self.admin.close()
            await self.supervisor.stop()

    async def start(self) -> None:
        """Servers, schema, first organization, then the hub's own processes; print how to reach it."""
        await self.start_servers()
        config = read(self.environment)
        settings.keep_environment(self.folder, self.environment)
        await run(children.command("migrate", "migrate", environment=self.environment), seconds=300)
        welcome = await firstrun.welcome(self.folder, config)
        # They have no use for the migrating role, so they do not get to know its password.
        environment = {**self.environment, "HUB_DATABASE_OWNER_URL": ""}
        for spec in children.web_processes(config.web_processes, environment, self.public, self.admin):
            self.child(spec)
        self.child(children.command("worker", "worker", environment=environment))
        try:
            await until(partial(answers, config), 30)
        except TimeoutError:
            report(f"the hub is not ready after 30 s and goes on trying; see {self.folder / 'log'}")
        click.echo(welcome)

    async def start_servers(self) -> None:
        """Start those embedded servers whose address the environment does not give."""
        if not self.environment.get("HUB_REDIS_URL"):
            valkey = Valkey(self.folder)
            valkey.prepare()
            self.environment["HUB_REDIS_URL"] = valkey.url()
            await ready(self.child(valkey.command(), server=True), valkey.is_ready)
        if not self.environment.get("HUB_DATABASE_URL"):
            postgres = Postgres(self.folder)
            await postgres.prepare()
            self.environment["HUB_DATABASE_URL"] = postgres.url("hub_runtime")
            self.environment["HUB_DATABASE_OWNER_URL"] = postgres.url("hub_migrator")
            await ready(self.child(postgres.command(), server=True), postgres.is_ready)
            await postgres.provision((assets("migrations") / "roles.sql").read_text())

    def child(self, spec: Spec, *, server: bool = False) -> Child:
        """Keep a child running, its output in our folder."""
        return self.supervisor.start(spec, Output(self.folder / "log" / f"{spec.name}.log"), server=server)


async def ready(child: Child, is_ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a server's first answer; raise EmbeddedError when it keeps crashing or takes a minute."""

    async def answered() -> bool:
        if child.failures >= GIVE_UP_AFTER:
            raise EmbeddedError(f"{child.spec.name} does not start: {child.last_words}")
        return await is_ready()

    try:
        await until(answered, 60)
    except TimeoutError:
        raise EmbeddedError(f"{child.spec.name} did not answer within a minute.") from None


async def answers(config: Config) -> bool:
    """Whether a web process answers that it is ready."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(config.host, config.port)
            try:
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1:{config.port}\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except OSError:
        return False
    return b" 200 " in status


def report(sentence: str) -> None:
    """Tell the person at the terminal, beside the programs that read our standard output."""
    click.echo(f"up: {sentence}", err=True)
