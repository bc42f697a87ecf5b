"""What a run leaves behind: histories and a ledger, as JSON lines that can be checked long after it."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

_encoder = msgspec.json.Encoder()


def digest(body: bytes) -> str:
    """What stands for the bytes of an event: transports that send other bytes for it are found out."""
    return hashlib.blake2b(body, digest_size=12).hexdigest()


class Chronicle:
    """Appends records. A durable one has each on the disk before `write` returns: what it says, happened."""

    def __init__(self, path: Path, durable: bool = False) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0 if durable else -1)
        self._durable = durable

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def flush(self) -> None:
        """Hand over what was written, so that it can be read."""
        self._file.flush()

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def write(self, **record: Any) -> None:
        """Append one record, with the time of now."""
        self._file.write(_encoder.encode({"at": round(time.time(), 4), **record}) + b"\n")
        if self._durable:
            os.fsync(self._file.fileno())


def read(path: Path) -> list[dict[str, Any]]:
    """All records; a last line that was cut off is none."""
    lines = path.read_bytes().split(b"\n")
    return [msgspec.json.decode(line) for line in lines[:-1]]
