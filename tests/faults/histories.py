"""What the checker compares: the log of an organization, and what a reader of it wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One event of a log. `levels` are its incident's severity after it and before; `name` is what its
    writer called it; a `secret` one is of an incident that was private from its beginning to the end."""

    position: int
    id: str
    digest: str
    kind: str
    incident: str = ""
    version: int = 0
    levels: tuple[str, str] = ("", "")
    name: str = ""
    is_secret: bool = False


Sees = Callable[[Fact], bool]


class Place(NamedTuple):
    """What a cursor says: an epoch, a position, and the incident whose leaving is not told yet."""

    epoch: str
    position: int
    owed: str = ""


Read = Callable[[str, str], Place | None]


def never(fact: Fact) -> bool:
    """Of who asked for everything, nothing leaves."""
    return False


class Log:
    """The log of one organization, read when all was over; `epoch` is its only one, `due` the position that
    every whole history has to reach."""

    def __init__(self, epoch: str, facts: Iterable[Fact], due: int | None = None) -> None:
        self.epoch = epoch
        self.facts = sorted(facts)
        self.due = len(self.facts) if due is None else due
        self.by_id = {fact.id: fact for fact in self.facts}

    @property
    def head(self) -> int:
        """How many there are: positions are dense."""
        return len(self.facts)

    def within(self, after: int, upto: int, sees: Sees) -> list[Fact]:
        """What a view contains of (after, upto]."""
        return [fact for fact in self.facts[max(after, 0) : max(upto, 0)] if sees(fact)]


@dataclass
class History:
    """What one reader wrote down. `leaves`: an event it sees took its incident out of what it asked for;
    `is_whole`: it had to reach the end of the log; `may_reset`: something was done to its view; `revoked_at`:
    since then it may see nothing; `is_durable`: the server keeps its place, where it begins at each dial."""

    reader: str
    org: str
    view: str
    sees: Sees
    records: list[dict[str, Any]]
    leaves: Sees = never
    is_whole: bool = True
    may_reset: bool = False
    revoked_at: float | None = None
    is_durable: bool = False


class Finding(NamedTuple):
    """A broken invariant, by its number, and where."""

    invariant: str
    where: str
    what: str
