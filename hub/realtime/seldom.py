"""Says what repeats at most once in a while, with the number of times it was swallowed."""

from __future__ import annotations

import time
from collections.abc import Callable


class Seldom:
    """One line in `seconds` for a trouble that comes back every second; the first one at once."""

    def __init__(self, say: Callable[..., object], seconds: float = 30) -> None:
        self._say = say
        self._seconds = seconds
        self._next_at = 0.0
        self._swallowed = 0

    def __call__(self, event: str, **fields: object) -> None:
        """Log `event`, or count it."""
        now = time.monotonic()
        if now < self._next_at:
            self._swallowed += 1
            return
        self._say(event, swallowed=self._swallowed, **fields)
        self._next_at = now + self._seconds
        self._swallowed = 0
