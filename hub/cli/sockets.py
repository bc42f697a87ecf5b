"""Listening sockets, bound before anything is started and inherited by web processes."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack

from hub.config import Config
from hub.embedded import EmbeddedError

BACKLOG = 1024


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A bound and listening socket; raise EmbeddedError with one sentence that names `setting`.

    While a web process is away, connections wait in its queue: the socket is ours and stays.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedError(f"port {port} on {host} is in use; choose another with {setting}.") from None
        raise EmbeddedError(f"cannot listen on {host} port {port}: {error.strerror}.") from None


def listen_both(config: Config, stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    """The public socket, and the operator's on loopback whatever HUB_HOST is; closed with the stack."""
    public = stack.enter_context(listen(config.host, config.port, "HUB_PORT"))
    admin = stack.enter_context(listen("127.0.0.1", config.admin_port, "HUB_ADMIN_PORT"))
    return public, admin
