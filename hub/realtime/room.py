"""Who is present in one organization: what connections here said, and what other processes told; no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from hub.contract.frames import Member

INCIDENTS_OF_ONE: Final = 8  # that one connection may be at
INCIDENTS_MAX: Final = 128
MEMBERS_MAX: Final = 50
PROCESSES_MAX: Final = 64
TYPING_SECONDS: Final = 10.0  # then somebody who says nothing more is only viewing
FORGET_SECONDS: Final = 25.0

Connection = TypeVar("Connection", bound=Hashable)
Tables = Mapping[UUID, tuple[Member, ...]]


class Present(msgspec.Struct, frozen=True, array_like=True):
    """Somebody at an incident."""

    incident: UUID
    actor: str
    name: str
    state: str

    @property
    def rank(self) -> tuple[str, str, bool]:
        """By name, and of one actor the typing tab first."""
        return self.name, self.actor, self.state != "typing"


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """All that one process knows of an organization, at a time of its clock (seconds since 1970). Who has
    just begun to listen asks the others to say what they know, too."""

    tenant: UUID
    process: UUID
    at: float
    present: list[Present]
    asks: bool = False


class Said(msgspec.Struct):
    """What a connection said of an incident, and until when it may be typing."""

    state: str
    until: float


class Heard(msgspec.Struct):
    """The newest statement of another process, and when it came."""

    statement: Statement
    came: float


class Room(Generic[Connection]):
    """Times are seconds of the loop's clock, but for a statement's own. `is_changed` says that the table of
    who is where may be another than the one that was told."""

    def __init__(self) -> None:
        self.said: dict[Connection, dict[UUID, Said]] = {}
        self.told: Tables = {}
        self.late: set[Connection] = set()  # who has to be told everything
        self.is_changed = False
        self.state_due = 0.0  # when to say what is known here, though it is the same
        self.stated: list[Present] = []
        self.asks = False
        self._heard: dict[UUID, Heard] = {}

    def enter(self, connection: Connection) -> None:
        """A connection listens; it has heard nothing yet."""
        self.said[connection] = {}
        self.late.add(connection)

    def exit(self, connection: Connection) -> None:
        """It is gone, and with it what it said."""
        self.is_changed |= bool(self.said.pop(connection, None))
        self.late.discard(connection)

    def say(self, connection: Connection, incident: UUID, state: str, now: float) -> None:
        """A connection is at an incident, or has gone from it; of too many, the oldest is forgotten."""
        mine = self.said.get(connection)
        if mine is None:
            return
        before = mine.pop(incident, None)
        if state != "gone":
            mine[incident] = Said(state, now + TYPING_SECONDS)
            if len(mine) > INCIDENTS_OF_ONE:
                del mine[next(iter(mine))]
        self.is_changed |= (before.state if before else "gone") != state

    def hear(self, statement: Statement, wall: float, now: float) -> bool:
        """Take what another process states; False for what is too old (or too new) by this clock, or not
        newer than its last word: so what is sent again changes nothing."""
        before = self._heard.get(statement.process)
        if abs(wall - statement.at) > FORGET_SECONDS:
            return False
        if before is not None and statement.at <= before.statement.at:
            return False
        if before is None and len(self._heard) >= PROCESSES_MAX:
            return False
        self._heard[statement.process] = Heard(statement, now)
        if statement.asks:
            self.state_due = 0.0
        self.is_changed |= statement.present != (before.statement.present if before else [])
        return True

    def age(self, now: float) -> None:
        """Let time pass: typing ends, and who was silent for too long is forgotten."""
        for mine in self.said.values():
            for said in mine.values():
                if said.state == "typing" and said.until <= now:
                    said.state, self.is_changed = "viewing", True
        for process in [id for id, heard in self._heard.items() if now - heard.came > FORGET_SECONDS]:
            del self._heard[process]
            self.is_changed = True

    def is_due(self, now: float) -> bool:
        """Whether to state what is known here, though it is the same."""
        return self.asks or (bool(self.stated) and now >= self.state_due)

    @property
    def incidents(self) -> list[UUID]:
        """Where anybody is, or was said to be: at most so many are told of."""
        here = [incident for mine in self.said.values() for incident in mine]
        there = [one.incident for heard in self._heard.values() for one in heard.statement.present]
        return list(dict.fromkeys([*here, *there]))[:INCIDENTS_MAX]

    def present(self, is_there: Callable[[Connection, UUID], Present | None]) -> list[Present]:
        """Who is where by the connections here; `is_there` knows them, and whether they may be."""
        found: dict[tuple[UUID, str], Present] = {}
        for connection, mine in self.said.items():
            for incident, said in mine.items():
                one = is_there(connection, incident)
                if one is None:
                    continue
                one = msgspec.structs.replace(one, state=said.state)
                key = (incident, one.actor)
                if key not in found or one.rank < found[key].rank:
                    found[key] = one
        return sorted(found.values(), key=lambda one: (one.incident, one.rank))

    def tables(self, here: list[Present], incidents: Mapping[UUID, object]) -> dict[UUID, tuple[Member, ...]]:
        """Who is at each of these incidents, each actor once; nobody at one that was told of before."""
        seen: dict[UUID, dict[str, Member]] = defaultdict(dict, {incident: {} for incident in self.told})
        there = [one for heard in self._heard.values() for one in heard.statement.present]
        for one in sorted([*here, *there], key=lambda one: one.rank):
            if one.incident in incidents and len(seen[one.incident]) < MEMBERS_MAX:
                seen[one.incident].setdefault(one.actor, Member(id=one.actor, name=one.name, state=one.state))
        return {incident: tuple(members.values()) for incident, members in seen.items()}
