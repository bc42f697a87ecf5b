"""What a process used and what machine it ran on, as Linux tells."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

SERVER_CORE = 0


def pin(pid: int) -> None:
    """Keep all threads of a process on the servers' core."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {SERVER_CORE})


def cpu_us(pid: int) -> float:
    """Microseconds of CPU that all threads of a process have used; those that have ended do not count."""
    total = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((thread / "schedstat").read_text().split()[0]) / 1000
    return total


def machine() -> str:
    """One line: cores, model, memory, kernel, Python, load."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()},"
        f" Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"
    )
