"""How a child process is started: the same way by the supervisor and by the tests."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
# Loaded before any fork: in the child only the bare system call is left to make. Elsewhere than Linux
# there is no such call, and a killed supervisor's children have to be stopped by hand.
_prctl: Callable[[int, int], int] | None = (
    getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None
)


class EmbeddedError(Exception):
    """Why an embedded server cannot start; the text is one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Spec:
    """One child process: what to run, as whom, and which signals end it.

    `stop` asks it to finish, `kill` makes it end at once, and `orphan` is what the kernel sends it when
    the process that started it is gone. `user` is None for our own user.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    directory: Path
    user: pwd.struct_passwd | None = None
    fds: tuple[int, ...] = ()
    stop: signal.Signals = signal.SIGTERM
    kill: signal.Signals = signal.SIGKILL
    orphan: signal.Signals = signal.SIGKILL

    def options(self) -> dict[str, Any]:
        """The keyword arguments for subprocess.Popen, or asyncio's, that this child needs.

        Each child leads a session of its own: Ctrl-C in the terminal reaches the supervisor only.
        Start it from a thread that lives as long as the child: Linux counts the thread as the parent.
        """
        identity: dict[str, Any] = {}
        if self.user is not None:
            identity = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return identity | {
            "env": dict(self.env),
            "cwd": self.directory,
            "stdin": subprocess.DEVNULL,
            "pass_fds": self.fds,
            "start_new_session": True,
            "preexec_fn": _follow(os.getpid(), self.orphan),
        }


def _follow(parent: int, orphan: signal.Signals) -> Callable[[], None]:
    """Tie the child to its parent's life, so that not even SIGKILL of the supervisor leaves it running.

    It runs after the change of user, which would clear the setting (prctl(2), PR_SET_PDEATHSIG).
    """

    def in_child() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, orphan)
            if os.getppid() != parent:  # it died between our fork and this line
                os._exit(1)

    return in_child


async def run(spec: Spec, seconds: float) -> None:
    """Run a short program to its end; raise EmbeddedError with the last line it printed if it fails.

    It is made to end when we are cancelled, or after so many seconds.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *spec.argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **spec.options()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"{spec.name} cannot be run: {error}.") from error
    try:
        async with asyncio.timeout(seconds):
            printed, _ = await child.communicate()
    except TimeoutError as error:
        raise EmbeddedError(f"{spec.name} was not done in {seconds:g} seconds.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        lines = printed.decode(errors="replace").strip().splitlines() or ["it printed nothing"]
        raise EmbeddedError(f"{spec.name} failed: {lines[-1].strip().rstrip('.')}.")


async def until(is_ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Ask again and again until the answer is yes; raise TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            if await is_ready():
                return
            await asyncio.sleep(0.03)
