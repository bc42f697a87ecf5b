"""Ground: crash points. A test starts a process with HUB_CRASH_AT=POINT, and it is killed right there."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

# The walk of an alert, and of a command from "append" on (docs/faults.md).
STEPS = ("accept", "lock", "process", "append", "commit", "announce", "link", "seal")
POINTS = tuple(f"{step}.{side}" for step in STEPS for side in ("before", "after"))
WANTED = re.compile(rf"({'|'.join(POINTS).replace('.', '[.]')})(:[1-9][0-9]{{0,3}})?")

_at = ""
_passes = 0


def is_wanted(text: str) -> bool:
    """Whether HUB_CRASH_AT may say this: a point, or POINT:N for the time that it is reached after N."""
    return WANTED.fullmatch(text) is not None


def arm(wanted: str) -> None:
    """Have this process killed at a point, the first time that it is reached or after N passes; "" for no
    point at all. To be called once, when the process starts."""
    global _at, _passes
    _at, _, passes = wanted.partition(":")
    _passes = int(passes or 0)


def reached(point: str) -> None:
    """Go on; or end here by SIGKILL, which nothing can catch, tidy up after or delay."""
    if point == _at:
        _crash()


@contextmanager
def around(step: str) -> Iterator[None]:
    """The two points of a step: before the block, and after it where it raised nothing."""
    reached(f"{step}.before")
    yield
    reached(f"{step}.after")


def _crash() -> None:
    global _passes
    _passes -= 1
    if _passes < 0:
        os.kill(os.getpid(), signal.SIGKILL)
