"""The rules against a small model of their own, under what a pair of Alertmanagers sends: late, twice, cut
short and out of order, while time passes, people act and timers sweep."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from made import ANN, MINUTE, NOW, Fresh, origin, signal

from hub.contract import commands as c
from hub.contract.events import Actor
from hub.contract.words import AlertStatus, Expire, SignalAction
from hub.domain import intake, silence
from hub.domain.intake import Situation, group_key, judge
from hub.domain.lifecycle import decide
from hub.domain.silence import fell_silent
from hub.services.world import World

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "30"))
KEYS, PEERS = ("disk", "cpu", "net"), ("am-1", "am-2")
SWEEPER = Actor("system:sweeper", "sweeper")
FRESH, COPY, SOON, LONG = timedelta(hours=6), 2 * MINUTE, 5 * MINUTE, 30 * MINUTE


@dataclass
class Known:
    """What the model knows of one alert: an independent telling of the rules, without events."""

    status: str = "none"
    episode: int = 0
    count: int = 0
    said: dict[str, bool] = field(default_factory=dict)
    last_at: datetime = NOW
    cleared_at: datetime = NOW
    home: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in {"firing", "stale"}


@dataclass
class Room:
    """What the model knows of an incident."""

    is_open: bool = True
    by_itself: bool = False
    ended_at: datetime = NOW


class Model:
    """One group of alerts, one incident of it open at a time."""

    def __init__(self) -> None:
        self.alerts = {key: Known() for key in KEYS}
        self.rooms: list[Room] = []

    def fires(self, key: str, peer: str, began: datetime, now: datetime) -> None:
        alert = self.alerts[key]
        if alert.is_open:
            alert.said[peer], alert.status, alert.last_at = True, "firing", now
            alert.count += 1
            room = self.rooms[alert.home]
            is_free = not any(other.is_open for other in self.rooms)
            if not room.is_open and now - room.ended_at >= LONG and is_free:
                room.is_open = True
            return
        old_news = alert.status == "cleared" and peer not in alert.said and began <= alert.cleared_at
        if old_news and now - alert.cleared_at < COPY:
            return
        last = len(self.rooms) - 1
        open = [number for number, room in enumerate(self.rooms) if room.is_open]
        if open:
            home = open[0]
        elif (
            last >= 0
            and self.rooms[last].by_itself
            and (now - self.rooms[last].ended_at <= SOON or (old_news and alert.home == last))
        ):
            home, self.rooms[last].is_open = last, True
        else:
            self.rooms.append(Room())
            home = last + 1
        self.alerts[key] = Known("firing", alert.episode + 1, 1, {peer: True}, now, alert.cleared_at, home)

    def resolves(self, key: str, peer: str, now: datetime) -> None:
        alert = self.alerts[key]
        if not alert.is_open:
            return
        if alert.status == "firing" and any(says for other, says in alert.said.items() if other != peer):
            if peer in alert.said:
                alert.said[peer] = False
            return
        self.clears(alert, now)
        self.settles(alert.home, now)

    def clears(self, alert: Known, now: datetime) -> None:
        alert.status, alert.cleared_at = "cleared", now
        alert.said = dict.fromkeys(alert.said, False)

    def settles(self, home: int, now: datetime) -> None:
        room = self.rooms[home]
        if room.is_open and not any(alert.is_open and alert.home == home for alert in self.alerts.values()):
            room.is_open, room.by_itself, room.ended_at = False, True, now

    def is_resolved_by_a_person(self, home: int, now: datetime) -> None:
        room = self.rooms[home]
        room.is_open, room.by_itself, room.ended_at = False, False, now
        for alert in self.alerts.values():
            if alert.home == home and alert.status == "stale":
                self.clears(alert, now)

    def sweeps(self, now: datetime) -> None:
        for alert in self.alerts.values():
            if alert.status == "firing" and now - alert.last_at >= FRESH:
                if self.rooms[alert.home].is_open:
                    alert.status = "stale"
                else:
                    self.clears(alert, now)


class Pair(RuleBasedStateMachine):
    """Two Alertmanagers that watch the same three things, and a network that does as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.fresh = NOW, Fresh()
        self.world, self.model = World(), Model()
        self.began: dict[str, datetime | None] = dict.fromkeys(KEYS)
        self.under_way: list[list[tuple[str, str, SignalAction, datetime]]] = []

    @rule(key=st.sampled_from(KEYS))
    def something_breaks_or_heals(self, key: str) -> None:
        self.began[key] = None if self.began[key] else self.now

    @rule(minutes=st.sampled_from([1, 3, 6, 31, 361]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(peer=st.sampled_from(PEERS), most=st.integers(min_value=1, max_value=3))
    def a_peer_notifies(self, peer: str, most: int) -> None:
        """All that it sees, cut short by `max_alerts`: what is not there is unsaid."""
        alerts = []
        for key, began in list(self.began.items())[:most]:
            action = SignalAction.TRIGGER if began else SignalAction.RESOLVE
            alerts.append((key, peer, action, began or self.now))
        self.under_way.append(alerts)

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(min_value=0), again=st.booleans())
    def a_notification_arrives(self, pick: int, again: bool) -> None:
        """In any order, and perhaps once more later."""
        index = pick % len(self.under_way)
        alerts = self.under_way[index] if again else self.under_way.pop(index)
        for key, peer, action, at in alerts:
            if action is SignalAction.TRIGGER:
                self.model.fires(key, peer, at, self.now)
            else:
                self.model.resolves(key, peer, self.now)
            self._judge(key, peer, action, at)

    def _judge(self, key: str, peer: str, action: SignalAction, at: datetime) -> None:
        said = signal(
            action, dedup_key=key, reporter=peer, group_key="g", occurred_at=at, keeps_alive=True
        )  # fmt: skip
        here = origin()
        alert = self.world.latest(here.format, key)
        open, last = self.world.of_group(group_key(said, key, here))
        incident = self.world.incidents.get(alert.incident_id) if alert else None
        rival = self.world.of_group(incident.group_key)[0] if incident else None
        situation = Situation(alert=alert, incident=incident, rival=rival, open=open, last=last)
        judged = judge(situation, said, key, here, self.fresh, self.now)
        for event in judged.events:
            self.world.apply(event)
        counted = self.world.latest(here.format, key)
        if judged.counts and counted is not None:
            self.world.count(counted, self.now)

    @precondition(lambda self: any(room.is_open for room in self.model.rooms))
    @rule()
    def a_person_resolves(self) -> None:
        [home] = [number for number, room in enumerate(self.model.rooms) if room.is_open]
        incident = next(incident for incident in self.world.incidents.values() if incident.is_open)
        mine = [a for a in self.world.alerts.values() if a.incident_id == incident.id and not a.is_over]
        for event in decide(incident, mine, None, c.Resolve(), ANN, self.now):
            self.world.apply(event)
        self.model.is_resolved_by_a_person(home, self.now)

    @rule()
    def the_timers_are_swept(self) -> None:
        self.model.sweeps(self.now)
        for alert in list(self.world.alerts.values()):
            span = timedelta(seconds=alert.fresh_for or 0)
            if alert.status is AlertStatus.FIRING and self.now - alert.last_at >= span:
                incident = self.world.incidents[alert.incident_id]
                mode = origin().service.auto_resolve
                for event in fell_silent(alert, incident, Expire.STALE, mode, SWEEPER, self.now):
                    self.world.apply(event)

    @invariant()
    def every_alert_is_as_the_model_has_it(self) -> None:
        for key, known in self.model.alerts.items():
            alert = self.world.latest("generic", key)
            if alert is None:
                assert known.status == "none"
                continue
            says = {name: status is AlertStatus.FIRING for name, status in alert.reporters.items()}
            found = (alert.status.value, alert.episode, alert.count, says)
            assert found == (known.status, known.episode, known.count, known.said)

    @invariant()
    def every_incident_is_as_the_model_has_it(self) -> None:
        found = sorted(self.world.incidents.values(), key=lambda incident: incident.id)
        assert [incident.is_open for incident in found] == [room.is_open for room in self.model.rooms]
        for number, incident in enumerate(found):
            mine = [alert.status for alert in self.model.alerts.values() if alert.home == number]
            assert (incident.firing, incident.stale) == (mine.count("firing"), mine.count("stale"))


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)

BUGS = {
    "who said it is forgotten": (intake, "reporter_of", lambda alert, reporter: ""),
    "a peer's late copy is an episode": (intake, "COPIED", timedelta()),
    "a person's word counts for ever": (intake, "STILL_FIRING", timedelta(days=10_000)),
    "silence comes too soon": (silence, "REPEATED", 2 * MINUTE),
    "nothing ever resolves by itself": (intake, "settled", lambda incident, after, mode: []),
    "what resolved by itself never comes back": (intake, "_back", lambda *situation: None),
}  # fmt: skip


@pytest.fixture(params=BUGS)
def planted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bug in the rules."""
    module, name, wrong = BUGS[request.param]
    monkeypatch.setattr(module, name, wrong)
    return str(request.param)


def test_a_planted_bug_is_found(planted: str) -> None:
    quickly = settings(
        max_examples=1_000,
        stateful_step_count=30,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        derandomize=True,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Pair, settings=quickly)
