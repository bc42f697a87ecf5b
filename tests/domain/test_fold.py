"""Any sequence of signals and commands: the events alone give the state, and the state holds together."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from made import ANN, BOB, BOT, NOW, Fresh, origin, signal

from hub.contract import commands as c
from hub.contract.events import Actor, Event, IncidentOpened
from hub.contract.ids import text
from hub.contract.words import AlertStatus, AutoResolve, Expire, Severity, SignalAction
from hub.domain import alert as alerts
from hub.domain import incident as incidents
from hub.domain.alert import Alert
from hub.domain.errors import NotAllowedNow
from hub.domain.incident import Incident
from hub.domain.intake import Situation, group_key, judge
from hub.domain.lifecycle import decide
from hub.domain.silence import fell_silent
from hub.domain.storm import LIMIT, Flow

KEYS = st.sampled_from(["disk", "cpu", "net"])
GROUPS = st.sampled_from([None, "g"])
REPORTERS = st.sampled_from(["", "am-1", "am-2"])
ACTIONS = st.sampled_from([SignalAction.TRIGGER, SignalAction.TRIGGER, SignalAction.RESOLVE,
                           SignalAction.ACKNOWLEDGE, SignalAction.NOTE])  # fmt: skip
ACTORS = st.sampled_from([ANN, BOB, BOT])
SWEEPER = Actor("system:sweeper", "sweeper")
COMMANDS = st.sampled_from([
    c.Acknowledge(), c.Unacknowledge(), c.Mitigate(), c.Resolve(), c.Close(), c.Reopen(),
    c.Split(alerts=[text("alert", UUID(int=0x1000 + n)) for n in range(1, 50)]),
    c.Note(text="I look"), c.SetSeverity(severity=Severity.SEV1), c.SetSeverity(severity=Severity.SEV5),
])  # fmt: skip


class Line(RuleBasedStateMachine):
    """One service and one integration, as the line works on them, without the database."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.fresh = Fresh()
        self.log: list[Event] = []
        self.incidents: dict[UUID, Incident] = {}
        self.alerts: dict[UUID, Alert] = {}
        self.flow: Flow | None = None

    def happen(self, event: Event) -> None:
        if event.data.about == "alert":
            alert = alerts.evolve(self.alerts.get(event.subject), event)
            self.alerts[alert.id] = alert
        assert event.incident is not None
        before = self.incidents.get(event.incident)
        after = incidents.evolve(before, event)
        assert after.version == (before.version + 1 if before else 1)
        self.incidents[after.id] = after
        self.log.append(event)

    def of_group(self, group: str) -> list[Incident]:
        return [incident for incident in self.incidents.values() if incident.group_key == group]

    @rule(minutes=st.sampled_from([1, 4, 6, 31]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(key=KEYS, group=GROUPS, reporter=REPORTERS, action=ACTIONS, keeps_alive=st.booleans(),
          mode=st.sampled_from(AutoResolve))  # fmt: skip
    def a_signal_comes(
        self, key: str, group: str | None, reporter: str, action: SignalAction, keeps_alive: bool,
        mode: AutoResolve,
    ) -> None:  # fmt: skip
        said = signal(action, dedup_key=key, group_key=group, reporter=reporter, keeps_alive=keeps_alive)
        here = origin(mode)
        mine = [alert for alert in self.alerts.values() if alert.dedup_key == key]
        latest = max(mine, key=lambda alert: alert.episode, default=None)
        group_of = self.of_group(group_key(said, key, here))
        incident = self.incidents[latest.incident_id] if latest else None
        rivals = self.of_group(incident.group_key) if incident else []
        situation = Situation(
            alert=latest,
            incident=incident,
            rival=next((rival for rival in rivals if rival.is_open), None),
            open=next((incident for incident in group_of if incident.is_open), None),
            last=next((incident for incident in reversed(group_of) if not incident.is_open), None),
            flow=self.flow,
            storm=self.incidents.get(self.flow.storm) if self.flow and self.flow.storm else None,
        )
        judged = judge(situation, said, key, here, self.fresh, self.now)
        self.flow = judged.flow or self.flow
        for event in judged.events:
            self.happen(event)

    @rule()
    def many_incidents_have_opened(self) -> None:
        self.flow = Flow(level=LIMIT, at=self.now, storm=self.flow.storm if self.flow else None)

    @precondition(lambda self: any(alert.status is AlertStatus.FIRING for alert in self.alerts.values()))
    @rule(pick=st.integers(min_value=0), expire=st.sampled_from(Expire), mode=st.sampled_from(AutoResolve))
    def an_alert_is_not_repeated(self, pick: int, expire: Expire, mode: AutoResolve) -> None:
        firing = [alert for alert in self.alerts.values() if alert.status is AlertStatus.FIRING]
        alert = firing[pick % len(firing)]
        incident = self.incidents[alert.incident_id]
        for event in fell_silent(alert, incident, expire, mode, SWEEPER, self.now):
            self.happen(event)

    @precondition(lambda self: self.incidents)
    @rule(pick=st.integers(min_value=0), command=COMMANDS, actor=ACTORS)
    def somebody_acts(self, pick: int, command: c.Command, actor: Actor) -> None:
        id = list(self.incidents)[pick % len(self.incidents)]
        try:
            for event in self.decide(id, command, actor):
                self.happen(event)
        except NotAllowedNow:
            return
        if not isinstance(command, c.Note):
            assert self.decide(id, command, actor) == []

    def decide(self, id: UUID, command: c.Command, actor: Actor) -> list[Event]:
        incident = self.incidents[id]
        firing = [alert for alert in self.alerts.values() if alert.incident_id == id and not alert.is_over]
        rival = next((one for one in self.of_group(incident.group_key) if one.is_open), None)
        homes = {one.group_key: one for one in self.incidents.values() if one.is_open}
        rival = rival if rival and rival.id != id else None
        return decide(incident, firing, rival, command, actor, self.now, homes=homes, fresh=self.fresh)

    @invariant()
    def the_events_alone_give_the_state(self) -> None:
        known: dict[UUID, Incident] = {}
        fired: dict[UUID, Alert] = {}
        for event in self.log:
            if event.data.about == "alert":
                fired[event.subject] = alerts.evolve(fired.get(event.subject), event)
            assert event.incident is not None
            known[event.incident] = incidents.evolve(known.get(event.incident), event)
        assert known == self.incidents
        assert fired == self.alerts

    @invariant()
    def counts_are_those_of_the_alerts(self) -> None:
        total = Counter(alert.incident_id for alert in self.alerts.values())
        counts = Counter((alert.incident_id, alert.status) for alert in self.alerts.values())
        for incident in self.incidents.values():
            counted = (incident.firing, incident.stale, incident.total)
            by_status = [counts[incident.id, status] for status in (AlertStatus.FIRING, AlertStatus.STALE)]
            assert counted == (*by_status, total[incident.id])

    @invariant()
    def one_incident_is_open_for_a_group(self) -> None:
        open = Counter(incident.group_key for incident in self.incidents.values() if incident.is_open)
        assert all(count == 1 for count in open.values())

    @invariant()
    def an_alert_is_cleared_when_all_its_reporters_are(self) -> None:
        for alert in self.alerts.values():
            silent = all(status is AlertStatus.CLEARED for status in alert.reporters.values())
            assert alert.is_over is silent is (alert.cleared_at is not None)

    @invariant()
    def episodes_follow_each_other(self) -> None:
        for key in {alert.dedup_key for alert in self.alerts.values()}:
            mine = [alert for alert in self.alerts.values() if alert.dedup_key == key]
            assert [alert.episode for alert in mine] == list(range(1, len(mine) + 1))
            assert all(alert.is_over for alert in mine[:-1])

    @invariant()
    def every_incident_began_with_its_opening(self) -> None:
        for incident in self.incidents.values():
            about = [event for event in self.log if event.incident == incident.id]
            assert isinstance(about[0].data, IncidentOpened)
            assert incident.version == len(about)

    @invariant()
    def what_happened_can_be_written_and_read_again(self) -> None:
        for event in self.log[-3:]:
            written = msgspec.json.encode(event.data)
            assert msgspec.json.decode(written, type=type(event.data)) == event.data


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
