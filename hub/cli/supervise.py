"""The supervisor: keeps children running with back-off, and ends each with exactly one signal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.cli.output import Output, Pipe
from hub.embedded import Spec


@dataclass(frozen=True)
class Patience:
    """Seconds: the first pause before a restart and the longest, and how long a child has to run before a
    crash counts as its first; from the start of stop(), `grace` until services and `total` until servers
    that have not finished are made to."""

    first: float = 0.5
    longest: float = 30
    healthy: float = 60
    grace: float = 8
    total: float = 9.2


@dataclass(eq=False)
class Child:
    """One child process of the supervisor, whichever run of it is the present one."""

    spec: Spec
    output: Output | None
    server: bool
    failures: int = 0  # ends in a row, each sooner than `healthy`
    last_words: str = ""
    process: asyncio.subprocess.Process | None = None
    ending: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Starts children and keeps them running until stop(); belongs to the event loop of the main thread.

    (The main thread, because a child ends with the thread that started it: embedded/spec.py.)
    `report` is called with one sentence for the person at the terminal when a child ended by itself.
    """

    def __init__(self, report: Callable[[str], None], patience: Patience | None = None) -> None:
        self._report = report
        self._patience = patience or Patience()
        self._keepers: dict[Child, asyncio.Task[None]] = {}

    def start(self, spec: Spec, output: Output | None = None, *, server: bool = False) -> Child:
        """Keep this child running from now on; without an `output` it shares ours. A server ends last."""
        child = Child(spec, output, server)
        self._keepers[child] = asyncio.create_task(self._keep(child), name=spec.name)
        return child

    async def stop(self) -> None:
        """End the children and return when all are gone: the servers last.

        The web and worker processes may need the servers to finish what they have begun. Each gets one
        signal only: a second TERM would make the task queue drop the tasks that are running.
        """
        loop, patience = asyncio.get_running_loop(), self._patience
        began = loop.time()
        for server, until in ((False, patience.grace), (True, patience.total)):
            grace = began + until - loop.time()
            children = [child for child in self._keepers if child.server is server]
            await asyncio.gather(*(self._end(child, grace) for child in children))

    async def _end(self, child: Child, grace: float) -> None:
        child.ending.set()
        _signal(child, child.spec.stop)
        keeper = self._keepers.pop(child)
        for force in (child.spec.kill, signal.SIGKILL):
            done, _ = await asyncio.wait({keeper}, timeout=grace)
            if done:
                break
            self._report(f"{child.spec.name} did not end within {grace:.1f} s and is made to ({force.name}).")
            _signal(child, force)
            grace = 0.5
        await keeper

    async def _keep(self, child: Child) -> None:
        patience, loop = self._patience, asyncio.get_running_loop()
        while not child.ending.is_set():
            began = loop.time()
            reason = await self._run(child)
            if child.ending.is_set():
                return
            child.failures = 1 if loop.time() - began >= patience.healthy else child.failures + 1
            pause = min(patience.first * 2 ** min(child.failures - 1, 30), patience.longest)
            lines = child.output.take_tail() if child.output else []
            child.last_words = lines[-1] if lines else reason
            self._report(
                "\n    ".join([f"{child.spec.name} {reason}; it is started again in {pause:g} s.", *lines])
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.ending.wait(), pause)

    async def _run(self, child: Child) -> str:
        """Run the child once, to its end, and say how it ended."""
        pipe = Pipe(child.output) if child.output else None
        writing = pipe.writing if pipe else None
        try:
            child.process = await asyncio.create_subprocess_exec(
                *child.spec.argv, stdout=writing, stderr=writing, **child.spec.options()
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"cannot be started ({error})"
        finally:
            if writing is not None:
                os.close(writing)
        if child.ending.is_set():  # asked while it was being started, when there was nobody to signal
            _signal(child, child.spec.stop)
        code = await child.process.wait()
        child.process = None
        if pipe:
            pipe.drain()
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _signal(child: Child, number: signal.Signals) -> None:
    """Signal the child; with SIGKILL its whole session, so that nothing it started stays."""
    if child.process is None or child.process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        if number is signal.SIGKILL:
            os.killpg(child.process.pid, number)
        else:
            child.process.send_signal(number)
