"""What this process knows of one log: a dense prefix. Append, drop, or read; pure, without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.realtime.hint import Hint
from hub.storage.log import LogEvent

UNREAD: Final = UUID(int=0)  # no log has this epoch


class Verdict(StrEnum):
    """What a hint is good for."""

    APPEND = "append"
    DROP = "drop"
    READ = "read"


class Hole(Exception):
    """Events that must exist are missing, so what comes after them may not be delivered (I1, I3)."""


class Prefix:
    """The epoch and head of one log as far as this process knows them, and how far the ear has heard.

    Only `start` changes the epoch, from a read of the head in PostgreSQL; a hint never does.
    """

    def __init__(self) -> None:
        self.epoch = UNREAD
        self.head = 0
        self.heard = 0

    @property
    def is_read(self) -> bool:
        """Whether the log was ever read; before that there is nothing to stand on."""
        return self.epoch != UNREAD

    def hear(self, hint: Hint) -> Verdict:
        """Judge an authentic hint: it continues the head, says nothing new, or asks for a read."""
        if hint.epoch != self.epoch:
            return Verdict.READ
        self.heard = max(self.heard, hint.head)
        if hint.head <= self.head:
            return Verdict.DROP
        first = hint.head - len(hint.events) + 1
        is_whole = [event.position for event in hint.events] == list(range(first, hint.head + 1))
        return Verdict.APPEND if hint.events and is_whole and first <= self.head + 1 else Verdict.READ

    def has_heard(self, epoch: UUID, head: int) -> bool:
        """Whether the ear knows of `head` by itself; true when the log has since moved to another epoch."""
        return epoch != self.epoch or self.heard >= head

    def take(self, events: Sequence[LogEvent]) -> list[LogEvent]:
        """Move the head over those of `events` that are above it and return them; raise Hole at a gap.

        What is at or below the head was known already (another hint or read came first) and is dropped.
        """
        new = [event for event in events if event.position > self.head]
        for position, event in enumerate(new, self.head + 1):
            if event.position != position:
                raise Hole(f"position {position} is missing before {event.position}")
        self.head += len(new)
        return new

    def start(self, epoch: UUID, head: int) -> None:
        """Begin anew at `head`: the first read, another epoch, or a log that was cut behind us."""
        if epoch != self.epoch:
            self.heard = 0
        self.epoch = epoch
        self.head = head
