"""Undo: the corrections that take back one effect of a request, by the state that they meet."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from hub.contract import corrections as k
from hub.contract import events as e
from hub.contract.ids import text
from hub.contract.silence import AlertHeardAgain, AlertWentStale
from hub.contract.storms import AlertSplitOff, AlertTakenIn
from hub.contract.undo import Kept
from hub.contract.words import AlertStatus, AutoResolve, Status
from hub.domain.alert import Alert, cleared
from hub.domain.incident import BY_HAND, Incident, settled


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a request has caused."""

    id: str
    data: e.Kind
    subject: UUID
    incident: UUID | None
    actor: str
    at: datetime


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How an incident had ended before it was reopened."""

    status: Status
    automatic: bool = False
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """The state that an undo meets: the effect's alert, the incident (of an alert: where it is now), another
    open one of its group, and the service's rule. `is_false` says that the request which fired the alert is
    undone too, `is_shared` that others, which are not, have said the same; `episode` is the one under which
    it may fire again, None where somebody else has fired it since. Of a reopening, `ended` is what was before
    (None: not known), and `is_worked_on` says that a person has done something there since; of an alert that
    was heard of again, `silent` is how it had gone stale (None: not known)."""

    alert: Alert | None = None
    incident: Incident | None = None
    rival: Incident | None = None
    mode: AutoResolve = AutoResolve.UNLESS_WORKED
    is_false: bool = False
    is_shared: bool = False
    is_worked_on: bool = False
    episode: int | None = None
    ended: Ended | None = None
    silent: AlertWentStale | None = None


class Verdict(NamedTuple):
    """What takes an effect back, or why it is left; neither, where nothing of it is left."""

    events: list[e.Event]
    kept: Kept | None = None


NOTHING = Verdict([])


def undo(met: Met, effect: Effect, actor: e.Actor, now: datetime) -> Verdict:
    """Take back one effect, unless others have said the same, or a person has gone on from there.

    Effects are taken newest first, so that an incident's opening comes after all that was done in it.
    """

    def event(data: e.Kind, incident: Incident, subject: UUID) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=actor, at=now)

    id, alert, incident = effect.id, met.alert, met.incident
    if isinstance(effect.data, e.ChangeRecorded):
        corrected = k.ChangeCorrected(corrects=id)
        return Verdict([e.Event(data=corrected, subject=effect.subject, actor=actor, at=now)])
    if incident is None:
        return NOTHING
    match effect.data:
        case e.IncidentNoted():
            return Verdict([event(k.IncidentNoteCorrected(corrects=id), incident, incident.id)])
        case e.IncidentAcknowledged():
            known = any((a.actor, a.at) == (effect.actor, effect.at) for a in incident.acknowledgements)
            taken_back = k.IncidentAcknowledgementCorrected(corrects=id, whose=effect.actor)
            return Verdict([event(taken_back, incident, incident.id)]) if known else NOTHING
        case e.IncidentOpened():
            if incident.total or incident.worked:
                return Verdict([], Kept.NOT_EMPTY if incident.total else Kept.WORKED_ON)
            return Verdict([event(k.IncidentCorrected(corrects=id), incident, incident.id)])
        case e.IncidentReopened(reason=reason) if reason not in BY_HAND:
            return _ended_again(met, effect, incident, actor, now)
        case e.AlertFired(reporter=reporter) if alert is not None:
            if met.is_shared:
                return Verdict([], Kept.OTHERS)
            if _others(alert, reporter):
                return Verdict([event(data, incident, alert.id) for data in _said_no(alert, reporter, id)])
            withdrawn = k.AlertWithdrawn(corrects=id, was=alert.status)
            return Verdict([event(withdrawn, incident, alert.id), *_settle(met, alert, incident, actor, now)])
        case e.AlertReported(reporter=reporter, status=status) if alert is not None:
            if alert.is_over or alert.reporters.get(reporter) is not status:
                return NOTHING
            if status is AlertStatus.CLEARED:
                said = e.AlertReported(reporter=reporter, status=AlertStatus.FIRING, corrects=id)
                return Verdict([event(said, incident, alert.id)])
            if _others(alert, reporter):
                return Verdict([event(data, incident, alert.id) for data in _said_no(alert, reporter, id)])
            over = cleared(alert, "corrected", reporter)
            return Verdict([event(over, incident, alert.id), *_settle(met, alert, incident, actor, now)])
        case AlertHeardAgain() if alert is not None and alert.status is AlertStatus.FIRING:
            if met.is_shared or met.silent is None:
                return Verdict([], Kept.OTHERS if met.is_shared else Kept.UNKNOWN)
            stale = AlertWentStale(heard_at=met.silent.heard_at, after=met.silent.after, corrects=id)
            said_so = settled(incident, stale, met.mode) if incident.is_open else []
            return Verdict(
                [
                    event(stale, incident, alert.id),
                    *(event(data, incident, incident.id) for data in said_so),
                ]
            )
        case e.AlertCleared(reporter=reporter) if alert is not None:
            return _restored(met, effect, alert, incident, reporter, actor, now)
    return NOTHING


def _others(alert: Alert, reporter: str) -> bool:
    """Whether anybody else still says that it fires."""
    firing = {name for name, status in alert.reporters.items() if status is AlertStatus.FIRING}
    return bool(firing - {reporter})


def _said_no(alert: Alert, reporter: str, id: str) -> list[e.Kind]:
    """What takes back the word of one of several reporters."""
    if alert.reporters.get(reporter) is not AlertStatus.FIRING:
        return []
    return [e.AlertReported(reporter=reporter, status=AlertStatus.CLEARED, corrects=id)]


def _settle(met: Met, alert: Alert, incident: Incident, actor: e.Actor, now: datetime) -> list[e.Event]:
    """What an open incident says when an alert that was not over is."""
    if alert.is_over or not incident.is_open:
        return []
    return [
        e.Event(data=data, subject=incident.id, incident=incident.id, actor=actor, at=now)
        for data in settled(incident, cleared(alert, "corrected"), met.mode)
    ]


def _ended_again(met: Met, effect: Effect, incident: Incident, actor: e.Actor, now: datetime) -> Verdict:
    """Let an incident have ended as before. What is open by then, or has ended just now because its false
    alerts were withdrawn, is meant; what a person has ended since stays so."""
    ended_now = incident.resolved_automatically and incident.resolved_at == now
    if not incident.is_open and not ended_now:
        return NOTHING
    if met.is_worked_on or met.is_shared:
        return Verdict([], Kept.WORKED_ON if met.is_worked_on else Kept.OTHERS)
    if met.ended is None:
        return Verdict([], Kept.UNKNOWN)
    data = k.IncidentReopeningCorrected(
        corrects=effect.id,
        status=met.ended.status,
        automatic=met.ended.automatic,
        resolved_at=met.ended.resolved_at,
        closed_at=met.ended.closed_at,
    )
    return Verdict([e.Event(data=data, subject=incident.id, incident=incident.id, actor=actor, at=now)])


def _restored(
    met: Met, effect: Effect, alert: Alert, incident: Incident, reporter: str, actor: e.Actor, now: datetime
) -> Verdict:
    """Fire an alert again whose end is the one that is taken back. Where that had resolved its incident by
    itself, it reopens, or the alert moves into the one that is open for the same problem by now. What a
    person has ended since stays so, unless its source repeats it anyway."""

    def event(data: e.Kind, subject: UUID, place: Incident) -> e.Event:
        return e.Event(data=data, subject=subject, incident=place.id, actor=actor, at=now)

    if (met.is_false and not met.is_shared) or alert.cleared_at != effect.at:
        return NOTHING
    if met.episode is None:
        return Verdict([], Kept.FIRED_SINCE)
    again = k.AlertRestored(corrects=effect.id, reporter=reporter, episode=met.episode)
    if incident.is_open:
        return Verdict([event(again, alert.id, incident)])
    if incident.status is not Status.RESOLVED or not incident.resolved_automatically:
        if alert.keeps_alive:
            return Verdict([event(again, alert.id, incident)])
        return Verdict([], Kept.ENDED)
    if met.rival is None:
        back = e.IncidentReopened(reason="corrected", corrects=effect.id)
        return Verdict([event(back, incident.id, incident), event(again, alert.id, incident)])
    if incident.private or met.rival.private:
        return Verdict([event(again, alert.id, incident)])  # nobody learns of one in the other
    off = AlertSplitOff(to=text("incident", met.rival.id), status=alert.status)
    taken = AlertTakenIn(was=text("incident", incident.id), status=alert.status)
    return Verdict(
        [
            event(off, alert.id, incident),
            event(taken, alert.id, met.rival),
            event(again, alert.id, met.rival),
        ]
    )
