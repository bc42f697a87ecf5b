"""Undo: the corrections that take back one effect of a request, by the state that they meet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract import corrections as k
from hub.contract import events as e
from hub.contract.ids import text
from hub.contract.storms import AlertSplitOff, AlertTakenIn
from hub.contract.words import AlertStatus, AutoResolve, Status
from hub.domain.alert import Alert, cleared
from hub.domain.incident import Incident, settled


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a request has caused."""

    id: str
    data: e.Kind
    subject: UUID
    incident: UUID | None
    actor: str
    at: datetime


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """The state that an undo meets: the effect's alert, the incident (of an alert: where it is now), another
    open one of its group, and the service's rule. `is_false` says that the request which fired the alert is
    undone too, `is_shared` that others, which are not, have said the same; `episode` is the one under which
    it may fire again, None where somebody else has fired it since."""

    alert: Alert | None = None
    incident: Incident | None = None
    rival: Incident | None = None
    mode: AutoResolve = AutoResolve.UNLESS_WORKED
    is_false: bool = False
    is_shared: bool = False
    episode: int | None = None


def undo(met: Met, effect: Effect, actor: e.Actor, now: datetime) -> list[e.Event]:
    """Take back one effect; no events where nothing of it is left, or others have said the same.

    Effects are taken newest first, so that an incident's opening comes after all that was done in it.
    """

    def event(data: e.Kind, incident: Incident, subject: UUID) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=actor, at=now)

    id, alert, incident = effect.id, met.alert, met.incident
    if isinstance(effect.data, e.ChangeRecorded):
        return [e.Event(data=k.ChangeCorrected(corrects=id), subject=effect.subject, actor=actor, at=now)]
    if incident is None:
        return []
    match effect.data:
        case e.IncidentNoted():
            return [event(k.IncidentNoteCorrected(corrects=id), incident, incident.id)]
        case e.IncidentAcknowledged():
            known = any((a.actor, a.at) == (effect.actor, effect.at) for a in incident.acknowledgements)
            taken_back = k.IncidentAcknowledgementCorrected(corrects=id, whose=effect.actor)
            return [event(taken_back, incident, incident.id)] if known else []
        case e.IncidentOpened():
            is_empty = not incident.total and not incident.worked
            return [event(k.IncidentCorrected(corrects=id), incident, incident.id)] if is_empty else []
        case e.AlertFired(reporter=reporter) if alert is not None and not met.is_shared:
            if _others(alert, reporter):
                return [event(data, incident, alert.id) for data in _said_no(alert, reporter, id)]
            withdrawn = k.AlertWithdrawn(corrects=id, was=alert.status)
            return [event(withdrawn, incident, alert.id), *_settle(met, alert, incident, actor, now)]
        case e.AlertReported(reporter=reporter, status=status) if alert is not None:
            if alert.is_over or alert.reporters.get(reporter) is not status:
                return []
            if status is AlertStatus.CLEARED:
                said = e.AlertReported(reporter=reporter, status=AlertStatus.FIRING, corrects=id)
                return [event(said, incident, alert.id)]
            if _others(alert, reporter):
                return [event(data, incident, alert.id) for data in _said_no(alert, reporter, id)]
            over = cleared(alert, "corrected", reporter)
            return [event(over, incident, alert.id), *_settle(met, alert, incident, actor, now)]
        case e.AlertCleared(reporter=reporter) if alert is not None:
            return _restored(met, effect, alert, incident, reporter, actor, now)
    return []


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


def _restored(
    met: Met, effect: Effect, alert: Alert, incident: Incident, reporter: str, actor: e.Actor, now: datetime
) -> list[e.Event]:
    """Fire an alert again whose end is the one that is taken back. Where that had resolved its incident by
    itself, it reopens, or the alert moves into the one that is open for the same problem by now. What a
    person has ended since stays so, unless its source repeats it anyway."""

    def event(data: e.Kind, subject: UUID, place: Incident) -> e.Event:
        return e.Event(data=data, subject=subject, incident=place.id, actor=actor, at=now)

    if (met.is_false and not met.is_shared) or met.episode is None or alert.cleared_at != effect.at:
        return []
    again = k.AlertRestored(corrects=effect.id, reporter=reporter, episode=met.episode)
    if incident.is_open:
        return [event(again, alert.id, incident)]
    if incident.status is not Status.RESOLVED or not incident.resolved_automatically:
        return [event(again, alert.id, incident)] if alert.keeps_alive else []
    if met.rival is None:
        back = e.IncidentReopened(reason="corrected", corrects=effect.id)
        return [event(back, incident.id, incident), event(again, alert.id, incident)]
    if incident.private or met.rival.private:
        return [event(again, alert.id, incident)]  # nobody learns of one in the other
    off = AlertSplitOff(to=text("incident", met.rival.id), status=alert.status)
    taken = AlertTakenIn(was=text("incident", incident.id), status=alert.status)
    return [
        event(off, alert.id, incident),
        event(taken, alert.id, met.rival),
        event(again, alert.id, met.rival),
    ]
