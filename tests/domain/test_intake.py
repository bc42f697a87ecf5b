"""Judging a signal: each rule of the domain, by state alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from made import (
    ANN,
    GROUP,
    MINUTE,
    NOW,
    SENDER,
    SERVICE,
    alert,
    cleared,
    data,
    incident,
    judged,
    signal,
)

from hub.contract.events import (
    AlertCleared,
    AlertFired,
    ChangeRecorded,
    IncidentNoted,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentSignalsCleared,
)
from hub.contract.ids import text
from hub.contract.words import (
    AlertSeverity,
    AlertStatus,
    AutoResolve,
    Decision,
    Severity,
    SignalAction,
    Status,
    Urgency,
)
from hub.domain.incident import Acknowledgement
from hub.domain.intake import Judgement, Situation

FIRING, CLEARED = AlertStatus.FIRING, AlertStatus.CLEARED
RESOLVE, ACKNOWLEDGE, NOTE = SignalAction.RESOLVE, SignalAction.ACKNOWLEDGE, SignalAction.NOTE


def kinds(judgement: Judgement) -> list[str]:
    return [event.data.kind for event in judgement.events]


# --- a trigger ---------------------------------------------------------------------------------------


def test_a_first_trigger_opens_an_incident_with_its_alert() -> None:
    verdict = judged(Situation(), signal(labels={"host": "db-1"}, text="97 %", reporter="am-1"))
    opened, fired = data(verdict)
    assert verdict.decision is Decision.OPENED
    assert opened == IncidentOpened(
        number=0, title="Disk full", service=text("service", SERVICE), severity=Severity.SEV2,
        urgency=Urgency.HIGH, group_key=GROUP, recurs=None,
    )  # fmt: skip
    assert isinstance(fired, AlertFired)
    assert (fired.episode, fired.dedup_key, fired.labels, fired.text) == (1, "disk", {"host": "db-1"}, "97 %")
    assert (fired.reporter, fired.receipt) == ("am-1", "rcp_1")
    first, second = verdict.events
    assert first.subject == first.incident == second.incident
    assert second.subject != first.subject
    assert {event.actor for event in verdict.events} == {SENDER}


@pytest.mark.parametrize(
    ("said", "severity", "urgency"),
    [
        (AlertSeverity.CRITICAL, Severity.SEV2, Urgency.HIGH),
        (AlertSeverity.ERROR, Severity.SEV3, Urgency.HIGH),
        (AlertSeverity.WARNING, Severity.SEV4, Urgency.LOW),
        (AlertSeverity.INFO, Severity.SEV5, Urgency.LOW),
    ],
)
def test_the_severity_of_an_alert_becomes_that_of_its_incident(
    said: AlertSeverity, severity: Severity, urgency: Urgency
) -> None:
    opened = data(judged(Situation(), signal(severity=said)))[0]
    assert isinstance(opened, IncidentOpened)
    assert (opened.severity, opened.urgency) == (severity, urgency)


def test_an_alert_without_a_title_is_called_by_its_key() -> None:
    opened, fired = data(judged(Situation(), signal(title="")))
    assert isinstance(opened, IncidentOpened)
    assert isinstance(fired, AlertFired)
    assert opened.title == fired.title == "disk"


def test_a_trigger_joins_what_is_open_for_its_group() -> None:
    verdict = judged(Situation(open=incident()), signal(dedup_key="other"))
    assert (verdict.decision, kinds(verdict)) == (Decision.JOINED, ["alert.fired"])
    assert verdict.events[0].incident == incident().id


def test_a_repeat_moves_the_counter_and_nothing_else() -> None:
    verdict = judged(Situation(alert=alert(), incident=incident(), open=incident()), signal())
    assert (verdict.decision, verdict.events, verdict.counts) == (Decision.REPEATED, [], True)


def test_trigger_resolve_trigger_is_two_episodes() -> None:
    over = incident(Status.RESOLVED, firing=0)
    verdict = judged(Situation(alert=cleared(), incident=over, last=over), signal(), NOW + 6 * MINUTE)
    opened, fired = data(verdict)
    assert isinstance(opened, IncidentOpened)
    assert isinstance(fired, AlertFired)
    assert fired.episode == 2
    assert opened.recurs == text("incident", over.id)


@pytest.mark.parametrize(
    ("status", "automatic", "after", "decision"),
    [
        (Status.RESOLVED, True, 0, Decision.REOPENED),
        (Status.RESOLVED, True, 5, Decision.REOPENED),
        (Status.RESOLVED, True, 6, Decision.OPENED),
        (Status.RESOLVED, False, 1, Decision.OPENED),
        (Status.CLOSED, True, 1, Decision.OPENED),
    ],
)
def test_a_new_episode_reopens_only_what_resolved_by_itself_just_now(
    status: Status, automatic: bool, after: int, decision: Decision
) -> None:
    last = incident(status, resolved_at=NOW, resolved_automatically=automatic, firing=0)
    verdict = judged(Situation(alert=cleared(), incident=last, last=last), signal(), NOW + after * MINUTE)
    assert verdict.decision is decision
    if decision is Decision.REOPENED:
        assert data(verdict)[0] == IncidentReopened(reason="new_episode", times=1)
        assert {event.incident for event in verdict.events} == {last.id}
    else:
        assert isinstance(data(verdict)[0], IncidentOpened)


def test_what_is_open_comes_before_what_resolved_just_now() -> None:
    last = incident(Status.RESOLVED, resolved_at=NOW, resolved_automatically=True, id=UUID(int=9))
    verdict = judged(Situation(alert=cleared(), incident=last, open=incident(), last=last), signal())
    assert (verdict.decision, kinds(verdict)) == (Decision.JOINED, ["alert.fired"])


# --- a resolve ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [RESOLVE, ACKNOWLEDGE, NOTE])
@pytest.mark.parametrize("known", [None, cleared()])
def test_what_comes_before_any_trigger_or_after_the_end_is_ignored(action: SignalAction, known: Any) -> None:
    verdict = judged(Situation(alert=known, incident=incident() if known else None), signal(action))
    assert (verdict.decision, verdict.events) == (Decision.IGNORED, [])


AUTOMATIC, ASKS = IncidentResolved(automatic=True), IncidentSignalsCleared()


@pytest.mark.parametrize(
    ("mode", "worked", "outcome"),
    [
        (AutoResolve.ALWAYS, False, AUTOMATIC),
        (AutoResolve.ALWAYS, True, AUTOMATIC),
        (AutoResolve.UNLESS_WORKED, False, AUTOMATIC),
        (AutoResolve.UNLESS_WORKED, True, ASKS),
        (AutoResolve.NEVER, False, ASKS),
        (AutoResolve.NEVER, True, ASKS),
    ],
)
def test_the_last_clear_resolves_or_asks(mode: AutoResolve, worked: bool, outcome: object) -> None:
    verdict = judged(
        Situation(alert=alert(), incident=incident(worked=worked)), signal(RESOLVE), auto_resolve=mode
    )
    assert data(verdict) == [AlertCleared(reason="reporters", reporter=""), outcome]
    assert verdict.decision is Decision.CLEARED


@pytest.mark.parametrize(
    "changes",
    [
        {"acknowledgements": (Acknowledgement(ANN.id, ANN.name, NOW),), "status": Status.ACKNOWLEDGED},
        {"status": Status.MITIGATED, "worked": False},
    ],
)
def test_an_acknowledgement_and_what_a_key_did_are_no_work(changes: dict[str, Any]) -> None:
    verdict = judged(Situation(alert=alert(), incident=incident(**changes)), signal(RESOLVE))
    assert data(verdict)[1] == AUTOMATIC


def test_a_clear_among_others_resolves_nothing() -> None:
    verdict = judged(Situation(alert=alert(), incident=incident(firing=2, total=2)), signal(RESOLVE))
    assert kinds(verdict) == ["alert.cleared"]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_clear_after_a_person_resolved_is_only_a_clear(status: Status) -> None:
    verdict = judged(Situation(alert=alert(keeps_alive=True), incident=incident(status)), signal(RESOLVE))
    assert kinds(verdict) == ["alert.cleared"]


# --- keep-alives after a person resolved ---------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
@pytest.mark.parametrize(("after", "reopens"), [(0, False), (29, False), (30, True), (600, True)])
def test_a_keep_alive_raises_it_again_after_half_an_hour(status: Status, after: int, reopens: bool) -> None:
    over = incident(status)
    situation = Situation(alert=alert(keeps_alive=True), incident=over, last=over)
    verdict = judged(situation, signal(), NOW + after * MINUTE)
    assert verdict.counts
    if reopens:
        assert (verdict.decision, data(verdict)) == (
            Decision.REOPENED, [IncidentReopened(reason="still_firing")]
        )  # fmt: skip
    else:
        assert (verdict.decision, verdict.events) == (Decision.REPEATED, [])


def test_a_keep_alive_does_not_reopen_beside_an_open_incident_of_its_group() -> None:
    over = incident(Status.RESOLVED)
    situation = Situation(
        alert=alert(keeps_alive=True), incident=over, rival=incident(id=UUID(int=8)), last=over
    )
    verdict = judged(situation, signal(), NOW + 60 * MINUTE)
    assert (verdict.decision, verdict.events, verdict.counts) == (Decision.REPEATED, [], True)


# --- what else a sender may say ------------------------------------------------------------------------


def test_a_sender_acknowledges_once() -> None:
    verdict = judged(Situation(alert=alert(), incident=incident()), signal(ACKNOWLEDGE))
    assert (verdict.decision, kinds(verdict)) == (Decision.ACKNOWLEDGED, ["incident.acknowledged"])
    taken = incident(Status.ACKNOWLEDGED, acknowledgements=(Acknowledgement(SENDER.id, SENDER.name, NOW),))
    assert judged(Situation(alert=alert(), incident=taken), signal(ACKNOWLEDGE)).events == []
    over = incident(Status.RESOLVED)
    assert judged(Situation(alert=alert(), incident=over), signal(ACKNOWLEDGE)).decision is Decision.IGNORED


def test_a_senders_note_is_written_down() -> None:
    verdict = judged(Situation(alert=alert(), incident=incident()), signal(NOTE, text="97 %"))
    assert (verdict.decision, data(verdict)) == (Decision.NOTED, [IncidentNoted(text="97 %")])
    titled = judged(Situation(alert=alert(), incident=incident()), signal(NOTE, text="", title="full"))
    assert data(titled) == [IncidentNoted(text="full")]


def test_a_change_is_recorded_and_pages_nobody() -> None:
    verdict = judged(Situation(open=incident()), signal(SignalAction.CHANGE, title="v2 is out"))
    [event] = verdict.events
    assert isinstance(event.data, ChangeRecorded)
    assert (verdict.decision, event.incident, event.subject) == (Decision.RECORDED, None, SERVICE)
