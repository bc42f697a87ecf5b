"""Where a child's output goes: a bounded file, and its last lines for the report of a crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from pathlib import Path

LIMIT = 10_000_000
LINE = 500
LINES = 12


class Output:
    """The log file of one child: at most two files of `limit` bytes, `name.log` and `name.log.1`.

    A full or failing disk loses lines and never stops or blocks the child that writes them.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._tail: deque[bytes] = deque(maxlen=LINES)
        self._open = b""

    def write(self, chunk: bytes) -> None:
        """Keep what the child printed."""
        *lines, self._open = (self._open + chunk).split(b"\n")
        self._open = self._open[-LINE:]
        self._tail.extend(line[:LINE] for line in lines if line.strip())
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size + len(chunk) > self._limit:
                self.path.replace(self.path.with_name(self.path.name + ".1"))
            with open(self.path, "ab", opener=_private) as file:
                file.write(chunk)

    def take_tail(self) -> list[str]:
        """The last lines since this was asked before, oldest first."""
        lines = [*self._tail, *([self._open] if self._open.strip() else [])]
        self._tail.clear()
        self._open = b""
        return [line.decode(errors="replace") for line in lines]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Pipe:
    """The writing end of a pipe whose other end is read into an Output until its last writer is gone.

    (asyncio's own pipes would make a child's end wait for whatever it has started itself.)
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        asyncio.get_running_loop().add_reader(self._reading, self.drain)

    def drain(self) -> None:
        """Read what is there now."""
        while self._reading >= 0:
            try:
                chunk = os.read(self._reading, 65536)
            except BlockingIOError:
                return
            self._output.write(chunk)
            if not chunk:
                asyncio.get_running_loop().remove_reader(self._reading)
                os.close(self._reading)
                self._reading = -1
