"""Storms: more than 20 new incidents a minute fold into one, which ends when the rate has fallen."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from made import ANN, GROUP, MINUTE, NOW, Fresh, alert, cleared, data, incident, judged, signal

from hub.contract import commands as c
from hub.contract.events import AlertFired, Event, IncidentOpened, IncidentReopened
from hub.contract.ids import text
from hub.contract.storms import AlertSplitOff, AlertTakenIn, IncidentStormEnded
from hub.contract.words import AlertSeverity, AlertStatus, Decision, Severity, SignalAction, Status, Urgency
from hub.domain.alert import Alert
from hub.domain.errors import NotAllowedNow
from hub.domain.incident import Incident
from hub.domain.intake import Judgement, Situation
from hub.domain.lifecycle import decide
from hub.domain.storm import Flow

SECOND = timedelta(seconds=1)
STORM = UUID(int=0x570)


def storm(**fields: object) -> Incident:
    return incident(id=STORM, storm=True, group_key="storm:x", total=5, **fields)


def opened(flow: Flow | None, at: timedelta = timedelta(), of: Incident | None = None) -> Judgement:
    return judged(Situation(flow=flow, storm=of), signal(severity=AlertSeverity.INFO), NOW + at)


def test_twenty_at_once_are_no_storm_and_the_next_one_is() -> None:
    flow: Flow | None = None
    for _ in range(20):
        verdict = opened(flow)
        flow = verdict.flow
        fired = data(verdict)[-1]
        assert (verdict.rule, isinstance(fired, AlertFired) and fired.group_key) == (
            "nothing is open for this group", ""
        )  # fmt: skip
    verdict = opened(flow)
    begun, fired = data(verdict)
    assert isinstance(begun, IncidentOpened)
    assert isinstance(fired, AlertFired)
    assert (begun.storm, begun.title, begun.severity) == (True, "Storm of alerts on Database", Severity.SEV2)
    assert (begun.urgency, fired.group_key != "") == (Urgency.HIGH, True)
    assert verdict.rule == "more than 20 new incidents a minute: a storm begins"
    assert verdict.flow
    assert verdict.flow.storm == verdict.events[0].subject


def test_twenty_a_minute_are_none_for_ever() -> None:
    flow: Flow | None = None
    for n in range(200):
        flow = opened(flow, n * 3 * SECOND).flow
        assert flow
        assert flow.storm is None


def test_what_comes_in_a_storm_joins_it() -> None:
    verdict = opened(Flow(level=25, at=NOW, storm=STORM), SECOND, storm())
    [fired] = verdict.events
    assert (verdict.decision, verdict.rule) == (Decision.JOINED, "a storm: it folds into one incident")
    assert (fired.incident, isinstance(fired.data, AlertFired) and fired.data.group_key != "") == (
        STORM,
        True,
    )


def test_a_storm_that_somebody_has_ended_begins_anew_and_says_so() -> None:
    over = storm(status=Status.RESOLVED)
    verdict = opened(Flow(level=25, at=NOW, storm=STORM), SECOND, over)
    begun = data(verdict)[0]
    assert isinstance(begun, IncidentOpened)
    assert (begun.storm, begun.recurs is not None, verdict.decision) == (True, True, Decision.OPENED)


@pytest.mark.parametrize(("seconds", "is_over"), [(0, False), (44, False), (46, True), (600, True)])
def test_it_ends_when_the_rate_has_fallen_to_half(seconds: int, is_over: bool) -> None:
    flow = Flow(level=25, at=NOW, storm=STORM)
    assert flow.is_over(NOW + seconds * SECOND) is is_over
    verdict = opened(flow, seconds * SECOND, storm())
    assert verdict.decision is (Decision.OPENED if is_over else Decision.JOINED)
    assert (data(verdict)[0] == IncidentStormEnded(alerts=5)) is is_over
    assert flow.calm_at() == NOW + 45 * SECOND


def test_a_clock_that_goes_back_ends_nothing() -> None:
    flow = Flow(level=25, at=NOW, storm=STORM).counted(NOW - MINUTE)
    assert (flow.level, flow.at, flow.storm) == (26, NOW, STORM)


# --- an alert that flaps, and reporters that disagree ----------------------------------------------------


@pytest.mark.parametrize(("reopens", "reason"), [(0, "new_episode"), (1, "new_episode"), (2, "flapping")])
def test_an_alert_that_comes_and_goes_is_one_incident_that_says_it_flaps(reopens: int, reason: str) -> None:
    last = incident(Status.RESOLVED, resolved_at=NOW, resolved_automatically=True, firing=0, reopens=reopens)
    verdict = judged(Situation(alert=cleared(), incident=last, last=last), signal(), NOW + MINUTE)
    assert data(verdict)[0] == IncidentReopened(reason=reason, times=reopens + 1)
    assert verdict.decision is Decision.REOPENED


PEERS = {"am-1": AlertStatus.CLEARED}


@pytest.mark.parametrize(
    ("reporter", "began", "after", "decision", "reason"),
    [
        ("am-2", -MINUTE, MINUTE, Decision.IGNORED, None),  # a peer's late word of what has cleared
        ("am-2", -MINUTE, 3 * MINUTE, Decision.REOPENED, "reporters_disagree"),
        ("am-2", -MINUTE, 600 * MINUTE, Decision.REOPENED, "reporters_disagree"),
        ("am-2", MINUTE, MINUTE, Decision.REOPENED, "new_episode"),  # it began after the clear
        ("am-1", -MINUTE, MINUTE, Decision.REOPENED, "new_episode"),  # who cleared it says so itself
        ("am-1", -MINUTE, 6 * MINUTE, Decision.OPENED, None),
    ],
)
def test_a_peer_that_never_cleared_it_disagrees_if_it_says_so_well_after(
    reporter: str, began: timedelta, after: timedelta, decision: Decision, reason: str | None
) -> None:
    last = incident(Status.RESOLVED, resolved_at=NOW, resolved_automatically=True, firing=0)
    situation = Situation(alert=cleared(reporters=PEERS), incident=last, last=last)
    verdict = judged(situation, signal(reporter=reporter, occurred_at=NOW + began), NOW + after)
    assert verdict.decision is decision
    back = [event for event in data(verdict) if isinstance(event, IncidentReopened)]
    assert [event.reason for event in back] == ([reason] if reason else [])


def test_a_resolve_before_its_trigger_is_ignored_and_the_trigger_fires() -> None:
    early = judged(Situation(), signal(SignalAction.RESOLVE))
    assert (early.decision, early.events) == (Decision.IGNORED, [])
    assert judged(Situation(), signal()).decision is Decision.OPENED
    late = judged(Situation(alert=alert(), incident=incident()), signal(SignalAction.RESOLVE))
    assert late.decision is Decision.CLEARED


# --- alerts are taken out of it again --------------------------------------------------------------------


def taken_out(one: Alert, homes: dict[str, Incident] | None = None, **fields: object) -> list[Event]:
    named = c.Split(alerts=[text("alert", one.id)])
    return decide(storm(**fields), [one], None, named, ANN, NOW, homes=homes or {}, fresh=Fresh())


def test_an_alert_that_is_split_off_opens_what_it_would_have_opened() -> None:
    one = alert(incident_id=STORM, group_key="generic:g")
    opened, off, taken = taken_out(one)
    assert isinstance(opened.data, IncidentOpened)
    assert (opened.data.group_key, opened.data.severity, opened.data.storm) == (
        "generic:g",
        Severity.SEV2,
        False,
    )
    assert off.data == AlertSplitOff(to=text("incident", opened.subject), status=AlertStatus.FIRING)
    assert taken.data == AlertTakenIn(was=text("incident", STORM), status=AlertStatus.FIRING)
    assert (off.incident, taken.incident, off.subject) == (STORM, opened.subject, one.id)


def test_it_joins_what_is_open_for_its_group_by_now() -> None:
    by_itself = incident()
    off, taken = taken_out(alert(incident_id=STORM), {GROUP: by_itself})
    assert (off.incident, taken.incident) == (STORM, by_itself.id)


def test_what_is_hidden_takes_nothing_in_and_gives_nothing_away() -> None:
    hidden = incident(private=True)
    opened, _, taken = taken_out(alert(incident_id=STORM), {GROUP: hidden})
    assert isinstance(opened.data, IncidentOpened)
    assert (taken.incident != hidden.id, opened.data.group_key != GROUP) == (True, True)
    with pytest.raises(NotAllowedNow):
        taken_out(alert(incident_id=STORM), private=True)


def test_an_alert_that_is_where_it_belongs_stays() -> None:
    here = storm()
    named = c.Split(alerts=[text("alert", alert().id)])
    assert decide(here, [alert(incident_id=STORM)], None, named, ANN, NOW, homes={GROUP: here}) == []
