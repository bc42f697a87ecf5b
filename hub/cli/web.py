"""`web`: one web process, or several on one inherited socket."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack

import click
import msgspec

from hub.cli.children import web_processes
from hub.cli.sockets import listen_both
from hub.cli.supervise import Supervisor
from hub.config import read


def web(environment: Mapping[str, str], processes: int | None) -> None:
    """Serve until TERM or INT. A process that was given no listening socket binds its own."""
    config = read(environment)
    count = processes or config.web_processes
    with ExitStack() as stack:
        if config.listen_fd < 0:
            public, admin = listen_both(config, stack)
            if count > 1:
                asyncio.run(_several(count, environment, public, admin))
                return
            config = msgspec.structs.replace(config, listen_fd=public.detach(), admin_fd=admin.detach())
        from hub.app import main

        main(config)


async def _several(
    count: int, environment: Mapping[str, str], public: socket.socket, admin: socket.socket
) -> None:
    """Supervise several; the sockets stay open here, so that a crash or restart resets no connection."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    supervisor = Supervisor(lambda sentence: click.echo(f"web: {sentence}", err=True))
    for spec in web_processes(count, environment, public, admin):
        supervisor.start(spec)
    await asked.wait()
    public.close()
    admin.close()
    await supervisor.stop()
