"""Silence is not recovery: alerts that are not repeated in their own time, and are heard of again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOW, alert, data, incident, judged, signal

from hub.contract.events import (
    Actor,
    AlertCleared,
    IncidentReopened,
    IncidentResolved,
    IncidentSignalsCleared,
    Kind,
)
from hub.contract.silence import AlertHeardAgain, AlertWentStale, IncidentSignalsStale
from hub.contract.words import AlertStatus, AutoResolve, Decision, Expire, SignalAction, Status
from hub.domain.alert import Alert
from hub.domain.incident import Incident
from hub.domain.intake import Situation
from hub.domain.silence import fell_silent, fresh_for

HOUR = timedelta(hours=1)
SWEEPER = Actor("system:sweeper", "sweeper")
STALE = AlertStatus.STALE
RESOLVE = SignalAction.RESOLVE


@pytest.mark.parametrize(
    ("vouched", "keeps_alive", "stale_after", "seconds"),
    [
        (None, False, None, None),  # nobody repeats it: good for ever
        (None, True, None, 6 * 3600),
        (None, True, HOUR, 3600),
        (None, False, HOUR, 3600),
        (4 * MINUTE, True, HOUR, 240),  # the sender's own word comes first
        (timedelta(seconds=5), True, None, 60),
        (-MINUTE, True, HOUR, 3600),  # its clock is not ours
        (timedelta(days=8000), False, None, 31 * 86_400),
    ],
)
def test_an_alert_is_good_for_as_long_as_somebody_says(
    vouched: timedelta | None, keeps_alive: bool, stale_after: timedelta | None, seconds: int | None
) -> None:
    said = signal(keeps_alive=keeps_alive, fresh_until=NOW + vouched if vouched else None)
    assert fresh_for(said, NOW, stale_after) == seconds


def silent(
    one: Alert | None = None, of: Incident | None = None, expire: Expire = Expire.STALE, **fields: Any
) -> list[Kind]:
    mode = fields.get("mode", AutoResolve.UNLESS_WORKED)
    events = fell_silent(one or alert(fresh_for=240), of or incident(), expire, mode, SWEEPER, NOW)
    return [event.data for event in events]


def test_an_alert_that_is_not_repeated_is_stale_and_its_incident_stays() -> None:
    went = AlertWentStale(heard_at=NOW, after=240)
    assert silent() == [went, IncidentSignalsStale(stale=1)]
    assert silent(of=incident(firing=2, total=2)) == [went]
    assert silent(of=incident(firing=1, stale=2, total=3)) == [went, IncidentSignalsStale(stale=3)]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_silence_after_a_person_ended_it_is_what_they_said(status: Status) -> None:
    assert silent(alert(keeps_alive=True, fresh_for=60), incident(status)) == [
        AlertCleared(reason="resolved")
    ]


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (AutoResolve.UNLESS_WORKED, IncidentResolved(automatic=True)),
        (AutoResolve.NEVER, IncidentSignalsCleared()),
    ],
)
def test_an_integration_may_ask_for_alertmanagers_own_rule(mode: AutoResolve, outcome: Kind) -> None:
    assert silent(expire=Expire.CLEAR, mode=mode) == [AlertCleared(reason="expired"), outcome]


def test_a_stale_alert_that_is_heard_of_fires_again() -> None:
    stale, of = alert(status=STALE, fresh_for=60), incident(firing=0, stale=1)
    verdict = judged(Situation(alert=stale, incident=of, open=of), signal(keeps_alive=True))
    assert data(verdict) == [AlertHeardAgain(reporter="", fresh_for=6 * 3600)]
    assert (verdict.decision, verdict.counts) == (Decision.REPEATED, True)
    assert verdict.rule == "heard again after it went stale"


def test_one_that_is_heard_of_half_an_hour_after_a_person_ended_it_raises_it_again() -> None:
    of = incident(Status.RESOLVED, firing=0, stale=1)
    situation = Situation(alert=alert(status=STALE, keeps_alive=True), incident=of, last=of)
    verdict = judged(situation, signal(), NOW + 30 * MINUTE)
    assert data(verdict) == [
        AlertHeardAgain(reporter="", fresh_for=None), IncidentReopened(reason="still_firing")
    ]  # fmt: skip


def test_the_source_may_clear_what_went_stale_whoever_else_had_said_so() -> None:
    reporters = {"am-1": AlertStatus.FIRING, "am-2": AlertStatus.FIRING}
    stale, of = alert(status=STALE, reporters=reporters), incident(firing=0, stale=1)
    verdict = judged(Situation(alert=stale, incident=of), signal(RESOLVE, reporter="am-1"))
    over = AlertCleared(reason="reporters", reporter="am-1", was_stale=True)
    assert data(verdict) == [over, IncidentResolved(automatic=True)]


def test_an_incident_whose_last_firing_alert_clears_beside_stale_ones_stays_and_says_so() -> None:
    verdict = judged(Situation(alert=alert(), incident=incident(firing=1, stale=2)), signal(RESOLVE))
    assert data(verdict)[1:] == [IncidentSignalsStale(stale=2)]
