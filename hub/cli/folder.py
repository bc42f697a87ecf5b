"""The data directory of `up`: made, locked against a second one, and keeping the hub's own secrets."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.embedded import EmbeddedError
from hub.embedded.keep import read_kept, write_kept


class Folder:
    """A context manager that holds the folder; no second `up` can enter it until then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # The kernel takes the lock away with the process, however that ends; a pid file would stay.
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip()
            raise EmbeddedError(f"a hub is already running on {self.path} (process {holder}).") from None
        except OSError as error:
            raise EmbeddedError(
                f"the data directory {self.path} cannot be written: {error.strerror};"
                " choose another with HUB_DATA_DIR."
            ) from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)

    def own_settings(self) -> dict[str, str]:
        """HUB_SECRET_KEYS and HUB_INSTALLATION, random and made once.

        The installation is a word in the cookie's name: browsers share cookies between ports, and two hubs
        on one machine would sign each other's people out.
        """
        file = self.path / "hub.json"
        kept = read_kept(file)
        if not kept:
            kept = {"HUB_SECRET_KEYS": secrets.token_urlsafe(32), "HUB_INSTALLATION": secrets.token_hex(4)}
            write_kept(file, kept)
        return kept
