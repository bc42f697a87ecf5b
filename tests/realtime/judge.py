"""What one reader may be told: each thing it hears is held against the log, invariant by invariant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from world import INCIDENTS, World

from hub.contract.ids import parse
from hub.domain.resume import Place
from hub.domain.sight import View
from hub.realtime.feed import Feed
from hub.services.cursors import Cursors
from hub.storage.log import LogEvent

# What a batch must not pass over, and what is wrong if it does.
WRONG = {
    "seen": ("I1", "an event is missing"),
    "gained": ("I1", "an incident was shown without a reset"),
    "lost": ("I10", "was not told that an incident was hidden"),
}
Texts = dict[tuple[object, ...], str]


class Judge:
    """Holds what the reader holds. `findings` are broken invariants; `places` are all the cursors it had."""

    def __init__(self, world: World, feed: Feed, cursors: Cursors, view: View, texts: Texts) -> None:
        self.findings: list[str] = []
        self.places: list[str] = []
        self.view = view
        self.held = ""
        self.place = Place(epoch=UUID(int=0), position=0, view=b"")
        self.may_reset = False
        self._world = world
        self._feed = feed
        self._cursors = cursors
        self._texts = texts
        self._since = 0
        self._left: list[UUID] = []  # they have left, and it was not told yet
        self._early: list[UUID] = []  # told before the cursor behind it
        self._seen: set[bytes] = set()

    def dial(self, cursor: str, is_another: bool) -> None:
        """Begin or go on at a cursor, which may be one of long ago, or `another` reader's."""
        self.held = cursor
        self.place = self._read(cursor)
        self._since = self._feed.prefix.head
        self._left = [self.place.owed] if self.place.owed else []
        self._early.clear()
        if is_another:
            self._seen.clear()

    def hidden(self, incident: str) -> None:
        """Told that an incident has left."""
        id = _incident(incident)
        if id in self._left:
            self._left.remove(id)
        else:
            self._early.append(id)

    def batch(self, after: str, cursor: str, bodies: list[bytes], hidden: Sequence[str] = ()) -> None:
        """Told what is in (after, cursor], and with it what is hidden."""
        self._early += [_incident(each) for each in hidden]
        if after != self.held:
            self._find("I1", "a batch after another cursor than its own")
        before, place = self.place, self._read(cursor)
        if place.epoch != before.epoch or place.position < before.position:
            self._find("I3", "went back, or into another epoch, without a reset")
            return
        rest, known, now = list(bodies), self._known(self._since), self._known(self._feed.prefix.head)
        for event in self._world.logs[place.epoch][before.position : place.position]:
            fates = self._fates(event, known)
            if rest and rest[0] == event.body:
                rest.pop(0)
                self._deliver(event, now)
            elif event.incident is not None and "lost" in fates and event.incident in self._early:
                self._early.remove(event.incident)
            elif fates <= WRONG.keys():
                self._find(*WRONG[min(fates)], event)
        for told in [each for each in self._early if each in self._left]:
            self._early.remove(told)
            self._left.remove(told)
        if rest:
            known = any(event.body in rest for log in self._world.logs.values() for event in log)
            self._find("I3" if known else "I4", "an event that is not in the log there, or in another order")
        if self._early:
            self._find("I10", "told that an incident has left, which it has not")
        self._move(cursor, place)

    def mark(self, cursor: str) -> None:
        """Told that everything up to here was sent (I9)."""
        self.batch(self.held, cursor, [])

    def reset(self, reason: str, cursor: str) -> None:
        """Told to drop all."""
        place, before = self._read(cursor), self.place
        passed = self._world.logs[place.epoch][before.position : place.position]
        known = self._known(self._since)
        is_due = {
            "epoch": place.epoch != before.epoch,
            "view": self.may_reset or any("gained" in self._fates(event, known) for event in passed),
        }
        if not is_due.get(reason, False):
            self._find("I1", f"reset for no reason: {reason}")
        self._seen.clear()
        self._left.clear()
        self._early.clear()
        self.may_reset = False
        self._move(cursor, place)

    def _deliver(self, event: LogEvent, now: dict[UUID, set[bool]]) -> None:
        if "seen" not in self._fates(event, now):
            self._find("I10", f"{event.kind} at {event.position} is out of its view")
        if event.body in self._seen:
            self._find("I2", f"{event.position} came twice")
        self._seen.add(event.body)
        if event.incident is not None and self.view.loses(replace(event, private=False)):
            self._left.append(event.incident)

    def _known(self, since: int) -> dict[UUID, set[bool]]:
        """Whether the incidents are private, by all that was true since a place: that of the feed's head, for
        what is sent now; or where it was when the reader's cursor last moved, since what was passed over
        meanwhile was judged by then."""
        since = since if self._feed.prefix.epoch == self.place.epoch else 0
        return {each: self._world.privacy(self.place.epoch, since, each) for each in INCIDENTS}

    def _fates(self, event: LogEvent, known: dict[UUID, set[bool]]) -> set[str]:
        """What an event may be to this view."""
        if event.incident is None or known[event.incident] == {event.private}:
            return {self._fate(event)}
        return {self._fate(replace(event, private=each)) for each in known[event.incident]}

    def _fate(self, event: LogEvent) -> str:
        if self.view.gains(event):
            return "gained"
        if self.view.lost(event):
            return "lost"
        return "seen" if self.view.sees(event) else "unseen"

    def _move(self, cursor: str, place: Place) -> None:
        self.held, self.place = cursor, place
        self._since = self._feed.prefix.head
        self.places.append(cursor)
        if self._left != ([place.owed] if place.owed else []):
            self._find("I1", "a cursor that says nothing of what is still to be told to have left")
            self._left.clear()

    def _read(self, cursor: str) -> Place:
        place = self._cursors.read(self._feed.tenant, cursor)
        if place is None:
            self._find("I10", "a cursor of another organization")
            return self.place
        if place.position > len(self._world.logs[place.epoch]):
            self._find("I4", f"a cursor at {place.position}, which the log does not have")
        key: tuple[Any, ...] = (place.epoch, place.position, place.view, place.owed)
        if self._texts.setdefault(key, cursor) != cursor:
            self._find("I6", "two cursors of one place")
        return place

    def _find(self, invariant: str, what: str, event: LogEvent | None = None) -> None:
        where = f" ({event.kind} at {event.position})" if event is not None else ""
        self.findings.append(f"{invariant}: {what}{where}")


def _incident(told: str) -> UUID:
    id = parse("incident", told)
    assert id is not None
    return id
