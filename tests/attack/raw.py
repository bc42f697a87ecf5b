"""Bytes on a socket, and what came back: statuses in order, and whether the other side hung up."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True)
class Said:
    """Everything that was answered until the connection ended."""

    raw: bytes
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        """The statuses of the answers, 100 among them."""
        return [int(status) for status in STATUS.findall(self.raw)]


def connect(port: int, seconds: float = 20) -> socket.socket:
    """A connection whose reads end after so many seconds."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def until_closed(connection: socket.socket) -> Said:
    """Read until the other side hangs up; a read that finds nothing in time means that it does not."""
    found = bytearray()
    try:
        while piece := connection.recv(65_536):
            found += piece
    except (ConnectionResetError, BrokenPipeError):
        pass
    except TimeoutError:
        return Said(bytes(found), is_closed=False)
    return Said(bytes(found), is_closed=True)


def exchange(port: int, sent: bytes) -> Said:
    """Send it all, and read until the other side hangs up. It may not read on: its answer is here then."""
    with connect(port) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(sent)
        return until_closed(connection)
