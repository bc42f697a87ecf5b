"""The hub's own processes as children: the same command line, with sockets that they inherit."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.embedded import Spec


def command(name: str, *arguments: str, environment: Mapping[str, str], fds: tuple[int, ...] = ()) -> Spec:
    """One of our own commands as a child (-P: whatever lies in the present folder is not imported)."""
    return Spec(
        name=name,
        argv=(sys.executable, "-P", "-m", "hub", *arguments),
        env=environment,
        directory=Path.cwd(),
        fds=fds,
    )


def web_processes(
    count: int, environment: Mapping[str, str], public: socket.socket, admin: socket.socket
) -> list[Spec]:
    """So many web processes on one public socket; the first has the operator's as well."""
    specs = []
    for number in range(1, count + 1):
        admin_fd = admin.fileno() if number == 1 else -1
        inherited = {
            "HUB_LISTEN_FD": str(public.fileno()),
            "HUB_ADMIN_FD": str(admin_fd),
            "HUB_WEB_PROCESSES": str(count),  # its share of the limits that each process keeps for itself
        }
        fds = (public.fileno(),) if admin_fd == -1 else (public.fileno(), admin_fd)
        name = "web" if count == 1 else f"web-{number}"
        specs.append(command(name, "web", environment={**environment, **inherited}, fds=fds))
    return specs
