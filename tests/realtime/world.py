"""A log in memory whose events are about incidents: noted, made worse or better, hidden and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace
from truth import Truth

from hub.contract.ids import TenantId, new
from hub.realtime.hint import Hint
from hub.storage.log import LogEvent

INCIDENTS: Final = (UUID(int=1), UUID(int=2))


class State(NamedTuple):
    """What a log says of an incident at one place."""

    is_private: bool = False
    severity: str = "SEV1"


class World(Truth):
    """One tenant's logs, of every epoch that it had; all of them stay known."""

    def __init__(self, length: int = 0) -> None:
        super().__init__()
        self.logs: dict[UUID, list[LogEvent]] = {self.epoch: self.events}
        self._states: dict[UUID, list[dict[UUID, State]]] = {self.epoch: [dict.fromkeys(INCIDENTS, State())]}
        self._changes: dict[UUID, list[tuple[int, UUID, bool]]] = {self.epoch: []}
        self._ids = 0
        self.write(["note"] * length, 0)

    def states(self, epoch: UUID, upto: int) -> dict[UUID, State]:
        """What is true of the incidents at a place."""
        return self._states[epoch][upto]

    def privacy(self, epoch: UUID, since: int, incident: UUID) -> set[bool]:
        """Whether it is private: all that was true of it since a place."""
        found = {self._states[epoch][since][incident].is_private}
        for position, changed, is_private in reversed(self._changes[epoch]):
            if position <= since:
                break
            found |= {is_private} if changed == incident else set()
        return found

    def write(self, deeds: Sequence[str], which: int) -> Hint:
        """Commit these about one of the incidents; the hint that is rung then."""
        incident, first = INCIDENTS[which], self.head + 1
        state = self.states(self.epoch, self.head)[incident]
        for deed in deeds:
            state = self._do(deed, incident, state)
        return Hint(self.tenant, self.epoch, self.head, self.events[first - 1 :])

    def fail_over(self, kept: int) -> None:
        """Another server goes on behind `kept`, in another epoch."""
        states = self._states[self.epoch][: kept + 1]
        changes = [change for change in self._changes[self.epoch] if change[0] <= kept]
        self.epoch = new()
        self._changes[self.epoch] = changes
        self.events = self.logs[self.epoch] = self.events[:kept]
        self._states[self.epoch] = states

    async def load(self, tenant: TenantId, first: int, last: int) -> list[LogEvent]:
        """Rows; whether their incidents are private is what is true now."""
        rows = await super().load(tenant, first, last)
        now = self.states(self.epoch, self.head)
        return [replace(row, private=now[row.incident].is_private) if row.incident else row for row in rows]

    def _do(self, deed: str, incident: UUID, state: State) -> State:
        data: dict[str, object] = {}
        kind = "incident.noted"
        if deed == "administer":
            kind = "team.created"
        elif deed == "turn":  # worse, or better
            kind, data = "incident.severity_set", {"was": state.severity}
            state = state._replace(severity="SEV4" if state.severity == "SEV1" else "SEV1")
        elif deed == "hide":
            kind, data = "incident.hidden", {"was_private": state.is_private}
            state = state._replace(is_private=True)
        elif deed == "show" and state.is_private:
            kind = "incident.shown"
            state = state._replace(is_private=False)
        self._ids += 1
        said = {"id": self._ids, "incidentseverity": state.severity, "data": data}
        about = None if kind == "team.created" else incident
        body = msgspec.json.encode(said)
        self.events.append(
            LogEvent(self.head + 1, kind, about, body, None, state.is_private if about else False)
        )
        states = self._states[self.epoch]
        if state != states[-1][incident]:
            self._changes[self.epoch].append((self.head, incident, state.is_private))
            states.append({**states[-1], incident: state})
        else:
            states.append(states[-1])
        return state
