"""What an embedded server keeps between starts: small private files, and a port."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Any

import msgspec

from hub.embedded.spec import EmbeddedError

LOOPBACK = "127.0.0.1"
# Below the range (32768 up on Linux, 49152 up on macOS) out of which the kernel numbers outgoing
# connections: one of those could take the port of a server while it is being restarted.
PORTS = range(15000, 32000)


def read_kept(path: Path) -> dict[str, Any]:
    """The object kept at `path`, or an empty one when nothing was kept yet."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise EmbeddedError(f"{path} cannot be read: {error}.") from error
    return kept


def write_kept(path: Path, kept: dict[str, Any]) -> None:
    """Keep the object at `path`, for our user only."""
    write_private(path, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")


def write_private(path: Path, content: bytes, owner: int = -1) -> None:
    """Replace the file whole, mode 0600, owned by user id `owner` (-1: ourselves): readers never see half."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if owner != -1:
                os.fchown(handle, owner, -1)
            with open(handle, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(handle)
        finally:
            os.close(handle)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise EmbeddedError(f"{path} cannot be written: {error.strerror or error}.") from error


def choose_port(kept: int | None) -> int:
    """The kept port when it is free on loopback, else another free one."""
    tries = [kept] if kept else []
    tries += [secrets.choice(PORTS) for _ in range(100)]
    for port in tries:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise EmbeddedError(f"no free port from {PORTS.start} to {PORTS.stop - 1} was found on {LOOPBACK}.")
