"""The core of the stream under a random history in virtual time: every rule is a thing that happens."""

from __future__ import annotations

import asyncio

from hearer import ENCODINGS
from hosted import Hosted
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from world import INCIDENTS

from hub.domain import filter
from hub.domain.sight import View
from hub.realtime.hint import Hint
from hub.realtime.slow import BLOCKED_MAX

VIEWS = (
    View(whole=True),
    View(whole=True, administrative=True),
    View(whole=True, incidents=frozenset(INCIDENTS[:1])),
    View(whole=True, filter=filter.read("severity:<=2")),
    View(whole=True, administrative=True, filter=filter.read("kind:incident.noted")),
)
DEEDS = st.sampled_from(["note", "note", "administer", "turn", "turn", "turn", "hide", "show"])
WRITERS = st.lists(
    st.tuples(st.lists(DEEDS, min_size=1, max_size=3), st.integers(0, 1)), min_size=1, max_size=3
)
EYES = st.sampled_from(VIEWS)
VIAS = st.sampled_from(sorted(ENCODINGS))
PAUSES = st.sampled_from([0.0, 0.0005, 0.001, 0.003, 0.2, 3.0])
SIDES = st.integers(0, 1)
ANY = st.integers(0, 1 << 16)
READERS_MAX = 8
LONG = 300


class Stream(Hosted, RuleBasedStateMachine):
    """Two organizations, one process."""

    @initialize(
        lengths=st.tuples(st.integers(0, 3), st.integers(250, 258)),
        first=st.lists(st.tuples(SIDES, EYES, VIAS), min_size=3, max_size=6),
    )
    def begin(self, lengths: tuple[int, int], first: list[tuple[int, View, str]]) -> None:
        """Both logs are followed, by some; the second one is about to fill its first chunk."""
        self.host(lengths)
        for side, view, via in first:
            self._come(side, view, via, 0.2)

    @rule(side=SIDES, writers=WRITERS, is_heard=st.booleans(), pause=PAUSES)
    def write(self, side: int, writers: list[tuple[list[str], int]], is_heard: bool, pause: float) -> None:
        """Several commits, one behind the other; their hints are heard at once, or are on the way."""
        for deeds, which in writers:
            hint = self.worlds[side].write(deeds, which)
            if is_heard:
                self.run(self._call(self.feeds[side].hear, hint), pause)
            else:
                self.hints.append((side, hint))

    @precondition(lambda self: max(world.head for world in self.worlds) < LONG)
    @rule(side=SIDES, size=st.sampled_from([10, 256]))
    def write_much(self, side: int, size: int) -> None:
        """A commit too large for a hint."""
        hint = self.worlds[side].write(["note"] * size, 0)
        self.hints.append((side, Hint(hint.tenant, hint.epoch, hint.head, [])))

    @rule(which=ANY, keeps=st.booleans(), pause=PAUSES)
    def hear(self, which: int, keeps: bool, pause: float) -> None:
        """A hint arrives: any one, so they are reordered; it may come again, late."""
        if self.hints:
            side, hint = self.hints[which % len(self.hints)]
            if not keeps:
                self.hints.pop(which % len(self.hints))
            self.run(self._call(self.feeds[side].hear, hint), pause)

    @rule(pause=PAUSES)
    def hear_all(self, pause: float) -> None:
        """All hints arrive as they were rung."""
        for side, hint in self.hints:
            self.run(self._call(self.feeds[side].hear, hint))
        self.hints.clear()
        self.run(None, pause)

    @rule()
    def lose(self) -> None:
        """Redis is emptied."""
        self.hints.clear()

    @rule(side=SIDES, pause=PAUSES)
    def forge(self, side: int, pause: float) -> None:
        """Something arrives that does not open."""
        self.run(self._call(self.feeds[side].hear, None), pause)

    @rule(pause=PAUSES)
    def poll(self, pause: float) -> None:
        """The heads are asked for."""
        self.run(self.heads.look(), pause)

    @rule(pause=PAUSES)
    def wait(self, pause: float) -> None:
        """Time passes."""
        self.run(None, pause)

    @rule(side=SIDES, lost=st.integers(0, 3), pause=PAUSES)
    def fail_over(self, side: int, lost: int, pause: float) -> None:
        """Another server goes on, and may have lost the end; what was rung before still arrives."""
        world = self.worlds[side]
        world.fail_over(max(0, world.head - lost))
        self.run(None, pause)

    @rule(side=SIDES, deeds=st.lists(DEEDS, min_size=1, max_size=2), lost=st.none() | st.integers(0, 2))
    def happen_meanwhile(self, side: int, deeds: list[str], lost: int | None) -> None:
        """While the next rows are on their way, something is committed, or another server takes over."""
        world = self.worlds[side]

        def happen() -> None:
            if lost is not None:
                world.fail_over(max(0, world.head - lost))
            self.hints.append((side, world.write(deeds, 0)))

        world.before_rows = happen

    @rule(side=SIDES, view=EYES, via=VIAS, pause=PAUSES)
    def come(self, side: int, view: View, via: str, pause: float) -> None:
        """A new reader, live."""
        if len(self.visitors) < READERS_MAX:
            self._come(side, view, via, pause)

    @rule(which=ANY, via=VIAS, pause=PAUSES)
    def come_back(self, which: int, via: str, pause: float) -> None:
        """A reader dials again, on any transport."""
        if visitor := self._one(which):
            self.run(self._dial(visitor, via, visitor.judge.held), pause)

    @rule(which=ANY, other=ANY, place=ANY, via=VIAS, pause=PAUSES)
    def come_back_to(self, which: int, other: int, place: int, via: str, pause: float) -> None:
        """A reader dials with a cursor that it, or one with the same eyes, had some time ago."""
        visitor, source = self._one(which), self._one(other)
        if visitor and source and visitor.side == source.side and source.judge.places:
            before = source.judge.places
            self.run(self._dial(visitor, via, before[place % len(before)], is_another=True), pause)

    @rule(which=ANY, parts=st.integers(0, 3))
    def lose_connection(self, which: int, parts: int) -> None:
        """At once, or between two parts of what comes next."""
        visitor = self._one(which)
        if visitor and visitor.hearer:
            visitor.hearer.drops_after = parts
            visitor.hearer.is_gone = visitor.hearer.is_gone or parts == 0

    @rule(which=ANY)
    def stall(self, which: int) -> None:
        """A reader reads no more."""
        visitor = self._one(which)
        if visitor and visitor.hearer:
            visitor.hearer.is_slow = True

    @rule(which=ANY, pause=PAUSES)
    def read_on(self, which: int, pause: float) -> None:
        """It reads again."""
        visitor = self._one(which)
        if visitor and visitor.hearer:
            self.run(self._call(visitor.hearer.read_on), pause)

    @rule(which=ANY, view=EYES, pause=PAUSES)
    def see_otherwise(self, which: int, view: View, pause: float) -> None:
        """A reader's rights or filter change."""
        if visitor := self._one(which):
            self.run(self._look(visitor, view), pause)

    @rule(which=ANY)
    def beat(self, which: int) -> None:
        """A heartbeat."""
        visitor = self._one(which)
        if visitor and visitor.reader:
            self.run(self._call(self.pump.beat, visitor.reader))

    @rule()
    def cut_blocked(self) -> None:
        """Who blocks for too long is cut."""
        self.run(self._call(self.pump.cut_blocked), BLOCKED_MAX + 1)
        self.run(self._call(self.pump.cut_blocked))

    @invariant()
    def nothing_is_broken(self) -> None:
        """I1, I2, I3, I4, I6, I9, I10, I11 in every history; and no callback has raised."""
        if hasattr(self, "loop"):
            assert not self.loop.errors, self.loop.errors
            for visitor in self.visitors:
                assert not visitor.judge.findings, visitor.judge.findings

    def teardown(self) -> None:
        """Heal everything: within 5 s everybody is at the head, and owed nothing (I7, I12)."""
        if not hasattr(self, "loop"):
            return
        try:
            self.run(self._heal(), 5.0)
            self.nothing_is_broken()
            for visitor in self.visitors:
                place, world = visitor.judge.place, self.worlds[visitor.side]
                assert (place.epoch, place.position, place.owed) == (world.epoch, world.head, None), "I12"
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
