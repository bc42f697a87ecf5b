"""Real worker processes, and what they said."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from line import until
from running import environment

from hub.config import Config
from hub.contract.ids import new


class Worker:
    """`python -m hub worker`, and what it said."""

    def __init__(self, config: Config, folder: Path, **settings: str) -> None:
        self._log = folder / f"worker-{new().hex}.log"
        given = {
            "HUB_DATABASE_URL": config.database_url,
            "HUB_REDIS_URL": config.redis_url,
            "HUB_SECRET_KEYS": ",".join(config.secret_keys),
            "HUB_INSTALLATION": config.installation,
            "HUB_DATA_DIR": str(folder),
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub", "worker"],
                env=environment(**given | settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def lines(self) -> list[dict[str, object]]:
        """Its log lines so far."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]

    @property
    def said(self) -> str:
        return self._log.read_text()

    def has(self, event: str) -> bool:
        return any(line["event"] == event for line in self.lines)

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for something that it should do; fail when it has ended instead."""

        def runs() -> object:
            assert self.process.poll() is None, self.said
            return holds()

        await until(runs)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send one signal and wait for the end; its code."""
        self.process.send_signal(number)
        return self.process.wait(15)


@contextmanager
def working(config: Config, folder: Path, **settings: str) -> Iterator[Worker]:
    worker = Worker(config, folder, **settings)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
        worker.process.wait(5)
