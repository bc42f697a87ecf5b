"""The supervisor with real children: back-off, one signal each, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from running import is_gone

from hub.cli.output import Output
from hub.cli.supervise import Patience, Supervisor
from hub.embedded.spec import Spec, until

QUICK = Patience(first=0.01, longest=0.04, grace=5, total=9)
FOREVER = "import signal\nwhile True: signal.pause()\n"


def child(folder: Path, script: str, name: str = "child") -> Spec:
    """A child in `folder` that runs `script`, with `note(text)` to append to the file `notes`."""
    note = "import os\ndef note(text):\n    with open('notes', 'a') as file: file.write(text + '\\n')\n"
    return Spec(name, (sys.executable, "-c", note + script), dict(os.environ), folder)


def notes(folder: Path) -> list[str]:
    """What the children have noted, line by line."""
    file = folder / "notes"
    return file.read_text().splitlines() if file.exists() else []


def supervise(work: Callable[[Supervisor], Awaitable[None]], patience: Patience = QUICK) -> list[str]:
    """Run `work` with a supervisor that is stopped afterwards; return what it reported."""
    reports: list[str] = []

    async def run() -> None:
        supervisor = Supervisor(reports.append, patience)
        async with asyncio.timeout(30):
            try:
                await work(supervisor)
            finally:
                await supervisor.stop()

    asyncio.run(run())
    return reports


async def noted(folder: Path, count: int) -> list[str]:
    """Wait for so many notes."""

    async def enough() -> bool:
        return len(notes(folder)) >= count

    await until(enough, 20)
    return notes(folder)


async def gone(pid: int) -> bool:
    """Whether the process has ended, to wait for."""
    return is_gone(pid)


def test_a_child_that_ends_is_started_again_after_pauses_that_double_to_a_ceiling(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, "note('ran'); raise SystemExit(3)"))
        await noted(tmp_path, 5)

    reports = supervise(work)
    assert reports[:4] == [
        f"child ended with exit code 3; it is started again in {pause} s."
        for pause in (0.01, 0.02, 0.04, 0.04)
    ]


def test_a_crash_after_a_healthy_run_counts_as_the_first(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, "note('ran'); raise SystemExit(3)"))
        await noted(tmp_path, 4)

    reports = supervise(work, Patience(first=0.01, longest=1, healthy=0))
    assert {report.rsplit(" in ", 1)[1] for report in reports} == {"0.01 s."}


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, "note(str(os.getpid()))\n" + FOREVER))
        first = (await noted(tmp_path, 1))[0]
        os.kill(int(first), signal.SIGKILL)
        second = (await noted(tmp_path, 2))[1]
        assert second != first

    assert "was ended by SIGKILL" in supervise(work)[0]


def test_a_child_that_cannot_be_started_is_reported_and_tried_again(tmp_path: Path) -> None:
    missing = Spec("child", (str(tmp_path / "missing"),), {}, tmp_path)

    async def work(supervisor: Supervisor) -> None:
        kept = supervisor.start(missing)

        async def tried_again() -> bool:
            return kept.failures >= 2

        await until(tried_again, 20)

    assert "cannot be started" in supervise(work)[0]


def test_the_report_of_a_crash_has_the_last_lines(tmp_path: Path) -> None:
    script = "print('first', flush=True); raise SystemExit('the reason')"

    async def work(supervisor: Supervisor) -> None:
        kept = supervisor.start(child(tmp_path, script), Output(tmp_path / "child.log"))

        async def failed() -> bool:
            return kept.failures >= 1

        await until(failed, 20)
        assert kept.last_words == "the reason"

    assert supervise(work)[0].splitlines()[1:] == ["    first", "    the reason"]
    assert (tmp_path / "child.log").read_text().startswith("first\nthe reason\n")


def test_each_child_gets_exactly_one_signal(tmp_path: Path) -> None:
    # A real-time signal, since two that arrive together are counted as two; it waits for a second one.
    script = (
        "import signal\n"
        "signals = [signal.SIGRTMIN, signal.SIGTERM, signal.SIGINT]\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n"
        "note('ready'); note(signal.Signals(signal.sigwait(signals)).name)\n"
        "note('nothing more' if signal.sigtimedwait(signals, 0.5) is None else 'and another')\n"
    )

    async def work(supervisor: Supervisor) -> None:
        for name in ("one", "two"):
            spec = child(tmp_path, script, name)
            supervisor.start(replace(spec, stop=signal.SIGRTMIN))
        await noted(tmp_path, 2)

    reports = supervise(work)
    assert sorted(notes(tmp_path)) == ["SIGRTMIN"] * 2 + ["nothing more"] * 2 + ["ready"] * 2
    assert reports == []


def test_a_signal_to_the_terminals_group_does_not_reach_a_child(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, "note(str(os.getsid(0) == os.getpid()))\n" + FOREVER))
        assert await noted(tmp_path, 1) == ["True"]

    supervise(work)


def test_a_child_that_will_not_end_is_killed_with_all_it_has_started(tmp_path: Path) -> None:
    stubborn = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "note(str(os.getpid())); note(str(grandchild.pid))\n"
    )

    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, stubborn + FOREVER))
        await noted(tmp_path, 2)

    reports = supervise(work, Patience(grace=0.2))
    assert reports == ["child did not end within 0.2 s and is made to (SIGKILL)."]
    for pid in notes(tmp_path):
        asyncio.run(until(lambda pid=int(pid): gone(pid), 10))


def test_servers_end_after_the_services_that_use_them(tmp_path: Path) -> None:
    def obedient(word: str, seconds: float) -> str:
        return (
            "import signal, time\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
            "note('ready'); signal.sigwait([signal.SIGTERM])\n"
            f"time.sleep({seconds}); note({word!r})\n"
        )

    async def work(supervisor: Supervisor) -> None:
        supervisor.start(child(tmp_path, obedient("server", 0), "server"), server=True)
        supervisor.start(child(tmp_path, obedient("service", 0.3), "service"))
        await noted(tmp_path, 2)

    supervise(work)
    assert notes(tmp_path)[2:] == ["service", "server"]


def test_a_child_that_waits_for_its_restart_is_not_waited_for(tmp_path: Path) -> None:
    async def work(supervisor: Supervisor) -> None:
        kept = supervisor.start(child(tmp_path, "raise SystemExit(1)"))

        async def failed() -> bool:
            return kept.failures >= 1

        await until(failed, 20)

    supervise(work, Patience(first=3600, longest=3600, grace=0.01, total=0.01))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent's life")
def test_no_child_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from hub.cli.supervise import Supervisor\n"
        "from hub.embedded import Spec\n"
        "async def main():\n"
        "    code = \"import os, signal; open('notes', 'w').write(f'{os.getpid()}\\\\n'); signal.pause()\"\n"
        "    Supervisor(print).start(Spec('child', (sys.executable, '-c', code), os.environ, Path.cwd()))\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    try:
        pid = int(asyncio.run(noted(tmp_path, 1))[0])
        assert not is_gone(pid)
    finally:
        supervisor.kill()
        supervisor.wait(10)
    asyncio.run(until(lambda: gone(pid), 10))


def test_a_log_file_stays_within_twice_its_limit(tmp_path: Path) -> None:
    output = Output(tmp_path / "log" / "child.log", limit=1000)
    for number in range(100):
        output.write(f"line {number:03} {'x' * 60}\n".encode())
    files = sorted(file.name for file in (tmp_path / "log").iterdir())
    assert files == ["child.log", "child.log.1"]
    assert all(file.stat().st_size <= 1000 for file in (tmp_path / "log").iterdir())
    assert output.take_tail()[-1].startswith("line 099")
    assert output.take_tail() == []


def test_a_log_that_cannot_be_written_is_lost_without_an_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    output = Output(tmp_path / "log" / "child.log")
    output.write(b"lost on disk, kept for the report\n")
    assert output.take_tail() == ["lost on disk, kept for the report"]
