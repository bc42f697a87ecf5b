"""Portions: how much work one transaction of the worker takes, by the time that the last ones took."""

from __future__ import annotations

from typing import Final

SECONDS: Final = 0.1  # what a command may wait for locks that a batch holds
LEAST: Final = 250  # below, the statements that a transaction has anyway cost more than its signals
MOST: Final = 1_000


class Portion:
    """A size that halves after a portion that took too long, and grows by a quarter after one that was full
    and took no more than half of the time."""

    def __init__(self) -> None:
        self.size = 500

    def took(self, count: int, seconds: float) -> None:
        """A portion of `count` has been done. Small ones that took long have waited for something else."""
        if seconds > SECONDS and count * 2 > self.size:
            self.size = max(LEAST, self.size // 2)
        elif seconds < SECONDS / 2 and count >= self.size:
            self.size = min(MOST, self.size + self.size // 4)
