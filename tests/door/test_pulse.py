"""The pulse: what stood still says so for a while, and what turns in time never does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.door import pulse
from hub.door.pulse import STUCK_SECONDS, TICK_SECONDS, TOLD_SECONDS, Pulse


@dataclass
class Loop:
    """A loop whose time is what the test says."""

    now: float = 100.0
    calls: list[tuple[float, Any, Any]] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_at(self, due: float, call: Any, *arguments: Any) -> Loop:
        self.calls.append((due, call, arguments))
        return self

    def cancel(self) -> None:
        self.calls.clear()

    def turn(self, late: float) -> None:
        """Make the call that is due, so many seconds late."""
        due, call, arguments = self.calls.pop()
        self.now = due + late
        call(*arguments)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(pulse.asyncio, "get_running_loop", lambda: made)
    return made


@pytest.mark.parametrize(("late", "is_stuck"), [(0.0, False), (4.99, False), (5.01, True), (600.0, True)])
def test_it_is_stuck_behind_a_tick_that_came_too_late(loop: Loop, late: float, is_stuck: bool) -> None:
    beating = Pulse()
    beating.start()
    assert not beating.is_stuck
    loop.turn(late)
    assert beating.is_stuck is is_stuck


def test_who_asks_before_the_overdue_tick_hears_of_it(loop: Loop) -> None:
    beating = Pulse()
    beating.start()
    loop.now += TICK_SECONDS + STUCK_SECONDS + 0.01
    assert beating.is_stuck


def test_it_is_told_for_a_while_and_then_forgotten(loop: Loop) -> None:
    beating = Pulse()
    beating.start()
    loop.turn(late=6.0)
    until = loop.now + TOLD_SECONDS
    while loop.now < until - TICK_SECONDS:
        loop.turn(late=0.0)
        assert beating.is_stuck is (loop.now < until)
    loop.turn(late=0.0)
    loop.turn(late=0.0)
    assert not beating.is_stuck


def test_what_was_never_started_or_has_stopped_is_not_stuck(loop: Loop) -> None:
    beating = Pulse()
    assert not beating.is_stuck
    beating.start()
    loop.now += 60
    assert beating.is_stuck
    beating.stop()
    assert not beating.is_stuck
    assert loop.calls == []
