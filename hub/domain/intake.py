"""What a signal does: `judge` decides, by state alone, between a new episode, a repeat and a clear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hub.contract import events as e
from hub.contract.ids import text
from hub.contract.signals import Signal
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
from hub.domain.alert import Alert, reporter_of
from hub.domain.incident import Incident

STILL_FIRING = timedelta(minutes=30)
SEVERITY = {
    AlertSeverity.CRITICAL: Severity.SEV2,
    AlertSeverity.ERROR: Severity.SEV3,
    AlertSeverity.WARNING: Severity.SEV4,
    AlertSeverity.INFO: Severity.SEV5,
}
URGENT = frozenset({AlertSeverity.CRITICAL, AlertSeverity.ERROR})


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What judging needs of a service."""

    id: UUID
    name: str
    auto_resolve: AutoResolve
    reopen_within: timedelta
    is_archived: bool = False


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a signal came from: its integration (also the actor), format and inbox row."""

    integration_id: UUID
    format: str
    receipt: str
    actor: e.Actor
    service: Service


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """The state a signal meets: its alert's latest episode and that one's incident, and, of the service and
    group key, the open incident and the newest one that is not open. `rival` is open in the incident's own
    group, which is another one where the sender has changed the grouping since."""

    alert: Alert | None = None
    incident: Incident | None = None
    rival: Incident | None = None
    open: Incident | None = None
    last: Incident | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, by which rule. `counts` says that the alert's counters move (no event)."""

    decision: Decision
    rule: str
    events: list[e.Event] = []
    counts: bool = False


def judge(
    situation: Situation, signal: Signal, key: str, origin: Origin, fresh: Callable[[], UUID], now: datetime
) -> Judgement:
    """Judge one signal. `key` is its dedup key, given or derived; new incidents have number 0 until saved."""
    if signal.action is SignalAction.CHANGE:
        change = e.ChangeRecorded(
            title=signal.title, source=signal.source, text=signal.text, links=signal.links
        )
        event = e.Event(data=change, subject=origin.service.id, actor=origin.actor, at=now)
        return Judgement(decision=Decision.RECORDED, rule="a change is not an alert", events=[event])
    if signal.action is SignalAction.TRIGGER:
        return _trigger(situation, signal, key, origin, fresh, now)
    alert, incident = situation.alert, situation.incident
    if alert is None or alert.is_over or incident is None:
        return Judgement(decision=Decision.IGNORED, rule="nothing is firing under this key")
    if signal.action is SignalAction.RESOLVE:
        return _resolve(alert, incident, signal, origin, now)
    if signal.action is SignalAction.NOTE:
        note = e.IncidentNoted(text=signal.text or signal.title)
        event = e.Event(data=note, subject=incident.id, incident=incident.id, actor=origin.actor, at=now)
        return Judgement(decision=Decision.NOTED, rule="a note on the alert's incident", events=[event])
    if not incident.is_open or any(a.actor == origin.actor.id for a in incident.acknowledgements):
        return Judgement(decision=Decision.IGNORED, rule="acknowledged already, or not open")
    event = e.Event(
        data=e.IncidentAcknowledged(), subject=incident.id, incident=incident.id, actor=origin.actor, at=now
    )
    return Judgement(decision=Decision.ACKNOWLEDGED, rule="acknowledged by the sender", events=[event])


def _trigger(
    situation: Situation, signal: Signal, key: str, origin: Origin, fresh: Callable[[], UUID], now: datetime
) -> Judgement:
    alert, incident = situation.alert, situation.incident
    if alert is None or alert.is_over:
        return _episode(situation, signal, key, origin, fresh, now)
    if incident is not None and not incident.is_open:
        ended = incident.closed_at or incident.resolved_at or now
        if now - ended < STILL_FIRING:
            return Judgement(
                decision=Decision.REPEATED, rule="resolved by a person less than 30 minutes ago", counts=True
            )
        if situation.rival is None:
            back = e.IncidentReopened(reason="still_firing")
            event = e.Event(data=back, subject=incident.id, incident=incident.id, actor=origin.actor, at=now)
            return Judgement(
                decision=Decision.REOPENED, rule="still firing 30 minutes after", events=[event], counts=True
            )
    reporter = reporter_of(alert, signal.reporter)
    if alert.reporters.get(reporter) is AlertStatus.FIRING:
        return Judgement(decision=Decision.REPEATED, rule="firing already", counts=True)
    said = e.AlertReported(reporter=reporter, status=AlertStatus.FIRING)
    event = e.Event(data=said, subject=alert.id, incident=alert.incident_id, actor=origin.actor, at=now)
    return Judgement(
        decision=Decision.REPEATED, rule="firing already, by another reporter", events=[event], counts=True
    )


def _episode(
    situation: Situation, signal: Signal, key: str, origin: Origin, fresh: Callable[[], UUID], now: datetime
) -> Judgement:
    service, last = origin.service, situation.last
    lead: list[e.Event] = []
    if situation.open is not None:
        target, decision, rule = situation.open.id, Decision.JOINED, "an incident is open for this group"
    elif (
        last is not None
        and last.status is Status.RESOLVED
        and last.resolved_automatically
        and last.resolved_at is not None
        and now - last.resolved_at <= service.reopen_within
    ):
        target, decision, rule = last.id, Decision.REOPENED, "again soon after it resolved by itself"
        back = e.IncidentReopened(reason="new_episode")
        lead = [e.Event(data=back, subject=target, incident=target, actor=origin.actor, at=now)]
    else:
        target, decision, rule = fresh(), Decision.OPENED, "nothing is open for this group"
        opened = e.IncidentOpened(
            number=0,
            title=signal.title or key,
            service=text("service", service.id),
            severity=SEVERITY[signal.severity],
            urgency=Urgency.HIGH if signal.severity in URGENT else Urgency.LOW,
            group_key=group_key(signal, key, origin),
            recurs=text("incident", last.id) if last is not None and not last.private else None,
        )
        lead = [e.Event(data=opened, subject=target, incident=target, actor=origin.actor, at=now)]
    fired = e.AlertFired(
        integration=text("integration", origin.integration_id),
        format=origin.format,
        dedup_key=key,
        episode=situation.alert.episode + 1 if situation.alert else 1,
        title=signal.title or key,
        severity=signal.severity,
        source=signal.source,
        reporter=signal.reporter,
        receipt=origin.receipt,
        text=signal.text,
        labels=signal.labels,
        links=signal.links,
        runbook=signal.runbook,
        keeps_alive=signal.keeps_alive,
        occurred_at=signal.occurred_at,
    )
    event = e.Event(data=fired, subject=fresh(), incident=target, actor=origin.actor, at=now)
    return Judgement(decision=decision, rule=rule, events=[*lead, event])


def group_key(signal: Signal, key: str, origin: Origin) -> str:
    """Which incident a signal belongs to, within its service: the group's key, else the alert's own."""
    if signal.group_key is not None:
        return f"{origin.format}:group:{signal.group_key}"
    return f"{origin.format}:{text('integration', origin.integration_id)}:{key}"


def _resolve(alert: Alert, incident: Incident, signal: Signal, origin: Origin, now: datetime) -> Judgement:
    def event(data: e.Kind, subject: UUID) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=origin.actor, at=now)

    reporter = reporter_of(alert, signal.reporter)
    others = {name for name, status in alert.reporters.items() if status is AlertStatus.FIRING} - {reporter}
    if others:
        if alert.reporters.get(reporter) is not AlertStatus.FIRING:
            return Judgement(decision=Decision.IGNORED, rule="this reporter is not firing")
        said = e.AlertReported(reporter=reporter, status=AlertStatus.CLEARED)
        return Judgement(
            decision=Decision.RECORDED, rule="other reporters still fire", events=[event(said, alert.id)]
        )
    events = [event(e.AlertCleared(reason="reporters", reporter=reporter), alert.id)]
    rule = "every reporter has cleared it"
    if incident.is_open and incident.firing == 1:
        mode = origin.service.auto_resolve
        if mode is AutoResolve.ALWAYS or (mode is AutoResolve.UNLESS_WORKED and not incident.worked):
            events.append(event(e.IncidentResolved(automatic=True), incident.id))
        else:
            events.append(event(e.IncidentSignalsCleared(), incident.id))
    return Judgement(decision=Decision.CLEARED, rule=rule, events=events)
