"""A state machine of troubles with hints and servers: readers see the dense log, once, or a reset."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from client import Client, Rig, settled
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from truth import Truth, other_epoch
from warp import Warped

from hub.realtime.heads import Heads
from hub.realtime.hint import Hint


class Trouble(RuleBasedStateMachine):
    """Commits, while hints are lost, doubled, reordered, replayed and forged, and servers fail over."""

    @initialize(length=st.integers(0, 600), behind=st.integers(0, 600))
    def begin(self, length: int, behind: int) -> None:
        self.loop = Warped()
        self.runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.truth = Truth(length)
        self.rig = Rig(self.truth)
        self.heads = Heads(self.truth.source, lambda: [self.rig.feed], lambda: None)
        self.air: list[Hint] = []
        self.heard: list[Hint] = []
        self.run(self.rig.feed.behind())
        self.run(self.connect(max(0, length - behind)))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.runner.run(work)

    async def connect(self, position: int) -> None:
        self.client = Client(self.rig, position)

    async def deliver(self, hint: Hint | None) -> None:
        self.rig.feed.hear(hint)

    @rule(count=st.integers(1, 5) | st.integers(200, 600))
    def commit(self, count: int) -> None:
        self.air.append(self.truth.commit(count))

    @rule(data=st.data(), is_doubled=st.booleans())
    def hear_any_of_the_air(self, data: st.DataObject, is_doubled: bool) -> None:
        if self.air:
            hint = self.air.pop(data.draw(st.integers(0, len(self.air) - 1)))
            self.heard.append(hint)
            for _ in range(2 if is_doubled else 1):
                self.run(self.deliver(hint))

    @rule()
    def lose_what_is_in_the_air(self) -> None:
        self.air.clear()

    @rule(data=st.data())
    def hear_an_old_one_again(self, data: st.DataObject) -> None:
        if self.heard:
            self.run(self.deliver(data.draw(st.sampled_from(self.heard))))

    @rule()
    def hear_a_forgery(self) -> None:
        self.run(self.deliver(None))

    @rule()
    def hear_of_an_unknown_epoch(self) -> None:
        if self.heard:
            self.run(self.deliver(other_epoch(self.heard[-1])))

    @rule(lost=st.integers(0, 300))
    def fail_over(self, lost: int) -> None:
        self.truth.fail_over(max(0, self.truth.head - lost))

    @rule(is_away=st.booleans())
    def lose_or_find_the_database(self, is_away: bool) -> None:
        self.truth.is_away = is_away

    @rule(is_reading=st.booleans())
    def stop_or_go_on_reading(self, is_reading: bool) -> None:
        if is_reading:
            self.run(self.read_on())
        else:
            self.client.is_reading = False

    async def read_on(self) -> None:
        self.client.read_on()

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.0015, 0.003, 0.2]))
    def pass_time(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @rule()
    def poll(self) -> None:
        if not self.truth.is_away:
            self.run(self.heads.look())

    @invariant()
    def the_history_is_dense_and_of_one_epoch(self) -> None:
        if not hasattr(self, "client"):
            return
        assert not self.loop.errors
        history = self.client.history
        assert len({epoch for epoch, _ in history}) <= 1
        if history:
            first = history[0][1]
            assert [position for _, position in history] == list(range(first, first + len(history)))

    def teardown(self) -> None:
        if not hasattr(self, "client"):
            return
        try:
            self.truth.is_away = False
            self.run(self.read_on())
            self.run(self.heads.look())
            self.run(settled(self.rig))
            assert self.client.place == (self.truth.epoch, self.truth.head)
            if self.client.history:
                assert self.client.history[-1] == (str(self.truth.epoch), self.truth.head)
            assert self.rig.feed.prefix.epoch == self.truth.epoch
            assert not self.loop.errors
        finally:
            self.runner.close()


TestTrouble = Trouble.TestCase
TestTrouble.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
