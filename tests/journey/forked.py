"""Processes of the hub forked off one that has imported it already: a start in a tenth of a second."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from multiprocessing import get_context
from typing import Any

from stage import Stage

from hub.config import read
from hub.embedded import Spec
from hub.embedded.spec import _follow

FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["hub.app", "hub.worker"])


class Forked:
    """What a stage asks of a process; its exit code is negative where a signal has ended it."""

    def __init__(self, name: str, spec: Spec, bound: tuple[socket.socket, ...], log: str) -> None:
        self._process = FORKING.Process(target=_run, args=(name, dict(spec.env), bound, log), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid
        os.kill(self._process.pid, number)

    def wait(self, seconds: float) -> int:
        self._process.join(seconds)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, seconds)
        return code


class QuickStage(Stage):
    """A stage for many starts. What is run is the same, but for the command line."""

    def _launch(self, name: str, spec: Spec) -> None:
        if name == "valkey":
            super()._launch(name, spec)
            return
        bound = (self.public, self.admin) if name == "web" else ()
        started: Any = Forked(name, spec, bound, str(self.log))
        self._running[name] = started


def _run(name: str, environment: dict[str, str], bound: tuple[socket.socket, ...], log: str) -> None:
    """In the new process: its log, its sockets, and then as the command line would."""
    _follow(os.getppid(), signal.SIGKILL)()
    with open(log, "ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    if name == "worker":
        from hub import worker

        raise SystemExit(worker.main(read(environment)))
    from hub import app

    public, admin = bound
    fds = {"HUB_LISTEN_FD": str(public.fileno()), "HUB_ADMIN_FD": str(admin.fileno())}
    app.main(read(environment | fds))
