"""The offline checker: holds histories against the log as it is in the end, invariant by invariant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from histories import Fact, Finding, History, Log, Place, Read

GRACE = 2.0  # seconds after a revocation (I10)


@dataclass
class Inspector:
    """Checks histories one by one; `findings` is what is wrong. `place` reads a cursor of an organization."""

    logs: dict[str, Log]
    place: Read
    grace: float = GRACE
    findings: list[Finding] = field(default_factory=list)
    _cursors: dict[tuple[str, str, Place], str] = field(default_factory=dict)

    def check(self, history: History) -> None:
        """One history, from its first record to its last."""
        _Walk(self, history).go()

    def see(self, history: History, cursor: str, place: Place) -> None:
        """One place in one view is always the same text, on every transport and process (I6)."""
        known = self._cursors.setdefault((history.org, history.view, place), cursor)
        if known != cursor:
            self.find("I6", history.reader, f"two cursors for one place of {history.view}")

    def find(self, invariant: str, where: str, what: str) -> None:
        """Take down what is broken."""
        self.findings.append(Finding(invariant, where, what))


class _Walk:
    """Goes through one history, holding what its reader held."""

    def __init__(self, inspector: Inspector, history: History) -> None:
        self._inspector = inspector
        self._history = history
        self._log = inspector.logs[history.org]
        self._held: str | None = None
        self._at = 0  # the position of the held cursor
        self._acknowledged = 0  # what the server has said that it keeps
        self._begins = False  # where the server keeps its place
        self._marked = -1
        self._seen: set[str] = set()
        self._left: list[str] = []  # incidents that have left what it asked for, which it was not told yet
        self._moved_to: str | None = None  # a welcome elsewhere, which only a reset explains

    def go(self) -> None:
        for record in self._history.records:
            what = record["what"]
            if self._moved_to is not None and what not in {"dial", "reset", "end", "snapshot"}:
                self._find("I1", "welcomed at another place than its own, without a reset")
                self._moved_to = None
            if what in {"events", "snapshot", "end"}:
                self._is_late(record)
            getattr(self, f"_{what}", self._nothing)(record)
        if self._history.is_whole:
            missing = self._log.within(self._at, self._log.due, self._history.sees)
            if self._held is None or self._at < self._log.due:
                self._find("I12", f"ended at {self._at} of {self._log.due}, {len(missing)} events too early")
            if self._left:
                self._find("I1", f"was never told that {self._left[0]} has left")

    def _dial(self, record: dict[str, Any]) -> None:
        """Begin where it was told to, or go on; what a lost connection said of another place is void."""
        self._moved_to = None
        if self._held is None and record["after"]:
            self._held = record["after"]
        if self._history.is_durable and not record["after"]:
            self._begins = True
        elif self._held is not None:  # what it is owed there is told, again if need be
            owed = self._place(self._held).owed
            self._left = [owed] if owed else []
            self._hold(self._held)

    def _nothing(self, record: dict[str, Any]) -> None:
        """Ends move no cursor."""

    def _hidden(self, record: dict[str, Any]) -> None:
        """Once, for each incident that has left; and no other one is named."""
        if record["incident"] in self._left:
            self._left.remove(record["incident"])
        else:
            self._find("I10", f"told that {record['incident']} has left, which it has not, or again")

    def _ack(self, record: dict[str, Any]) -> None:
        """The server has answered: it keeps this place, or a further one."""
        self._acknowledged = max(self._acknowledged, self._position(record["cursor"]))

    def _begin_where_it_is_kept(self, cursor: str) -> None:
        """Not before what the server said it keeps, not behind what the reader has; the rest comes again."""
        at = self._position(cursor)
        if at < self._acknowledged:
            self._find("I2", f"its place went back from {self._acknowledged} to {at}")
        elif self._held is not None and at > self._at:
            self._find("I1", f"its place is {at}, and it has no more than {self._at}")
        self._begins = False
        self._seen = {id for id in self._seen if self._log.by_id[id].position <= at}
        self._marked = -1
        self._hold(cursor)

    def _welcome(self, record: dict[str, Any]) -> None:
        if self._begins:
            self._begin_where_it_is_kept(record["cursor"])
        elif self._held is None:
            self._hold(record["cursor"])
        elif record["cursor"] != self._held:
            self._moved_to = record["cursor"]

    def _events(self, record: dict[str, Any]) -> None:
        if record["after"] != self._held:
            self._find("I1", "a batch after a cursor that it does not hold")
        begins, ends = self._position(record["after"]), self._position(record["cursor"])
        expected = {fact.id: fact for fact in self._log.within(begins, ends, self._history.sees)}
        last = begins
        for id, bytes_ in record["events"]:
            fact = self._known(id, bytes_)
            if fact is None:
                continue
            if id in self._seen:
                self._find("I2", f"{fact.kind} at {fact.position} came twice")
            elif fact.position <= self._marked:
                self._find("I9", f"{fact.position} came after the mark {self._marked}")
            elif fact.position <= last:
                self._find("I3", f"{fact.position} came after {last}")
            elif id not in expected:
                self._find("I1", f"{fact.position} is not between the batch's cursors")
            self._seen.add(id)
            expected.pop(id, None)
            last = max(last, fact.position)
            if self._history.leaves(fact):
                self._left.append(fact.incident)
        if expected:
            holes = [fact.position for fact in expected.values()]
            self._find("I1", f"{len(holes)} events are missing, the first at {holes[0]}")
        for incident in record.get("hidden", ()):
            self._hidden({"incident": incident})
        self._hold(record["cursor"])

    def _known(self, id: str, bytes_: str) -> Fact | None:
        fact = self._log.by_id.get(id)
        if fact is None:
            is_foreign = any(id in log.by_id for log in self._inspector.logs.values())
            self._find("I10" if is_foreign else "I4", f"{id} is not in the log of {self._history.org}")
            return None
        if fact.digest != bytes_:
            self._find("I6", f"{fact.position} has other bytes here")
        if not self._history.sees(fact):
            self._find("I10", f"{fact.kind} at {fact.position} is not in its view")
        return fact

    def _mark(self, record: dict[str, Any]) -> None:
        position = self._position(record["cursor"])
        if position < self._at:
            self._find("I9", f"a mark went back from {self._at} to {position}")
        passed = self._log.within(self._at, position, self._history.sees)
        if passed:
            self._find("I1", f"a mark passed over {len(passed)} events, the first at {passed[0].position}")
        self._marked = max(self._marked, position)
        self._hold(record["cursor"])

    def _reset(self, record: dict[str, Any]) -> None:
        if not self._history.may_reset:
            self._find("I1", f"reset ({record.get('reason')}) though nothing was done to its view")
        self._moved_to = None
        self._seen.clear()
        self._left.clear()
        self._marked = -1
        self._hold(record["cursor"])

    def _snapshot(self, record: dict[str, Any]) -> None:
        """The state as of a cursor is the fold of the events up to it: each incident at its version (I8)."""
        position = self._position(record["cursor"])
        versions: dict[str, int] = {}
        closed: set[str] = set()
        for fact in self._log.within(0, position, self._history.sees):
            if fact.incident and fact.version:
                versions[fact.incident] = fact.version
                (closed.add if fact.kind == "incident.closed" else closed.discard)(fact.incident)
        expected = {incident: version for incident, version in versions.items() if incident not in closed}
        if dict(record["items"]) != expected:
            wrong = set(dict(record["items"]).items()) ^ set(expected.items())
            self._find("I8", f"the snapshot at {position} differs in {len(wrong)} versions")
        self._seen.clear()
        self._left.clear()
        self._moved_to = None
        self._hold(record["cursor"])

    def _is_late(self, record: dict[str, Any]) -> None:
        revoked_at = self._history.revoked_at
        if revoked_at is not None and record["at"] > revoked_at + self._inspector.grace:
            late = record["at"] - revoked_at
            self._find("I10", f"{record['what']}: {late:.1f} s after its revocation")

    def _hold(self, cursor: str) -> None:
        """Move on. Who holds a cursor was told all that is behind it, but for what it says is owed."""
        place = self._place(cursor)
        self._held, self._at = cursor, place.position
        self._inspector.see(self._history, cursor, place)
        if self._left != ([place.owed] if place.owed else []):
            told = ", ".join(self._left) or "nothing"
            self._find("I1", f"{told} was still to be told to have left, and its cursor owes {place.owed!r}")
            self._left.clear()

    def _position(self, cursor: str) -> int:
        return self._place(cursor).position

    def _place(self, cursor: str) -> Place:
        place = self._inspector.place(self._history.org, cursor)
        if place is None:
            self._find("I10", "a cursor that is none of its organization")
            return Place(self._log.epoch, self._at)
        if place.epoch != self._log.epoch or place.position > self._log.head:
            self._find("I4", f"a cursor at {place.position} that the log does not have")
        return place

    def _find(self, invariant: str, what: str) -> None:
        self._inspector.find(invariant, self._history.reader, what)


def check_ledger(inspector: Inspector, sent: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
    """What was accepted is there (I5), once (I2), and nothing that nobody sent (I4)."""
    for org, log in inspector.logs.items():
        found = Counter(fact.name for fact in log.facts if fact.name)
        asked = {record["name"] for record in sent if record["org"] == org}
        accepted = {record["name"] for record in kept if record["org"] == org}
        for name in sorted(accepted - found.keys()):
            inspector.find("I5", org, f"{name} was accepted and is lost")
        for name in sorted(name for name, count in found.items() if count > 1):
            inspector.find("I2", org, f"{name} has {found[name]} effects")
        for name in sorted(found.keys() - asked):
            inspector.find("I4", org, f"{name} was sent by nobody")
        positions = [fact.position for fact in log.facts]
        if positions != list(range(1, len(positions) + 1)):
            inspector.find("I1", org, "the log itself has a hole")
