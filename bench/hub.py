"""A hub for a benchmark: what `make up` runs, in a folder and on ports of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.cli.ports import opened
from hub.config import Config, read
from hub.embedded import home
from hub.embedded.keep import choose_port
from hub.services import founding
from hub.services.founding import Founded

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90


@dataclass(frozen=True)
class Hub:
    """A running one. `config` is that of its processes."""

    folder: Path
    port: int
    config: Config
    pid: int

    def child(self, name: str) -> int:
        """The process id of its `web`, `worker` or another child, by the last word of its command line."""
        for line in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = int(line.read_text().rpartition(")")[2].split()[1])
                words = (line.parent / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                if parent == self.pid and words[-1] == name.encode():
                    return int(line.parent.name)
        raise SystemExit(f"the hub has no {name} process")

    async def found(self, slug: str) -> Founded:
        """An organization with a service, an integration and an API key."""
        async with opened(self.config) as ports:
            return await founding.found(ports, slug, slug.title(), f"owner@{slug}.example")


@contextmanager
def running(web_processes: int = 1, settings: Mapping[str, str] | None = None) -> Iterator[Hub]:
    """`python -m hub up` for the length of the block; the folder is deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="incidenthub-bench-"))
    folder.chmod(0o711)  # when root measures, the database's own user has to pass through
    port, admin_port = choose_port(None), choose_port(None)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),  # its children too are those of this checkout
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_PORT": str(port),
        "HUB_ADMIN_PORT": str(admin_port),
        "HUB_WEB_PROCESSES": str(web_processes),
        **(settings or {}),
    }
    with (folder / "up.log").open("wb") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "hub", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        _wait_until_ready(hub, port, folder / "up.log")
        kept = (folder / "data" / "env").read_text()
        own = dict(word.split("=", 1) for word in shlex.split(kept))
        yield Hub(folder, port, read(own | environment), hub.pid)
    finally:
        hub.terminate()
        hub.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(hub: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if hub.poll() is not None:
            raise SystemExit(f"the hub did not start: {log.read_text()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the hub was not ready in {START_SECONDS} s: {log.read_text()}")


def fsync_ms(folder: Path) -> float:
    """One fdatasync of this disk in milliseconds, as PostgreSQL's own pg_test_fsync measures it."""
    program = home.binaries(None) / "pg_test_fsync"
    with subprocess.Popen(
        [program, "-s", "1", "-f", folder / "fsync.test"], stdout=subprocess.PIPE, text=True
    ) as test:
        assert test.stdout is not None
        for line in test.stdout:
            name, *figures = line.split() or [""]
            if name == "fdatasync" and figures:
                test.terminate()  # the other ways to write are not ours
                return 1000 / float(figures[0])
    raise SystemExit("pg_test_fsync said nothing of fdatasync")
