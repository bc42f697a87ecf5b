"""A whole hub as a child process: `incidenthub up` in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hub.embedded.keep import choose_port


def environment(**settings: str) -> dict[str, str]:
    """Our environment with these settings, and no others of the hub's or of a make that runs the tests."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "MAKE", "MFLAGS"))
    }
    return own | settings


def hub(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command of the hub to its end."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "hub", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def eventually(question: Callable[[], Any], seconds: float = 30) -> Any:
    """The first answer that is true; fail when there was none within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{question} was never true"
        time.sleep(0.05)
    return answer


def ask(url: str, key: str = "", body: object = None, seconds: float = 10) -> tuple[int, Any]:
    """(status, JSON) of a request; status 0 where nobody answered."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None
    except OSError:
        return 0, None


def is_gone(pid: int) -> bool:
    """Whether no such process runs (one that waits for its parent to notice has ended too)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


def descendants(pid: int) -> dict[int, str]:
    """The processes below `pid`, with the commands that they run."""
    below: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                below |= {child: command} | descendants(child)
    return below


class Up:
    """One run of `up` (or of another command), in a session of its own, as a terminal's job has a group."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        ports = {"HUB_PORT": str(choose_port(None)), "HUB_ADMIN_PORT": str(choose_port(None))}
        settings = ports | settings
        self.url = f"http://127.0.0.1:{settings['HUB_PORT']}"
        arguments = arguments or ("up",)
        self._printed = folder / f"printed-by-{arguments[0]}"
        with self._printed.open("wb") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub", *arguments],
                env=environment(HUB_DATA_DIR=str(folder), **settings),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        """What it has said so far."""
        return self._printed.read_text()

    def wait_ready(self) -> None:
        """Wait until it says that it runs; fail when it ends instead."""

        def runs() -> bool:
            assert self.process.poll() is None, self.printed
            return "IncidentHub is running" in self.printed

        eventually(runs, 60)

    def first_run(self) -> dict[str, str]:
        """What first-run.json holds."""
        kept: dict[str, str] = json.loads((self.folder / "first-run.json").read_text())
        return kept

    def child(self, word: str) -> int:
        """The process of one child, named by a word of its command line: `hub web`, `postgres -D`."""
        return eventually(
            lambda: next(
                (pid for pid, command in descendants(self.process.pid).items() if word in command), None
            )
        )

    def stop(self, number: signal.Signals = signal.SIGTERM, times: int = 1) -> int:
        """Ask it to stop, as a terminal asks a group; return its code, and fail when a process is left."""
        children = descendants(self.process.pid)
        assert children
        for _ in range(times):
            os.killpg(self.process.pid, number)
        code = self.process.wait(15)
        left = {pid: command for pid, command in children.items() if not is_gone(pid)}
        assert not left
        return code


@contextmanager
def up(folder: Path, **settings: str) -> Iterator[Up]:
    """A hub that is ready, on free ports unless they are given, and gone after the block."""
    started = Up(folder, **settings)
    try:
        started.wait_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.stop()
