"""What a signal does: `judge` decides, by state alone, between a new episode, a repeat and a clear."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hub.contract import events as e
from hub.contract import silence as s
from hub.contract.ids import text
from hub.contract.signals import Signal
from hub.contract.words import (
    AlertStatus,
    AutoResolve,
    Decision,
    Severity,
    SignalAction,
    Status,
    Urgency,
)
from hub.domain.alert import Alert, cleared, reporter_of
from hub.domain.incident import Incident, settled
from hub.domain.silence import fresh_for
from hub.domain.storm import SEVERITY, URGENT, Flow, ended, own_group

STILL_FIRING = timedelta(minutes=30)
COPIED = timedelta(minutes=2)  # peers of an Alertmanager tell each other who has notified within seconds
FLAPS = 3  # times that an incident came back by itself, from which on it flaps
REOPENED = {
    "new_episode": "again soon after it resolved by itself",
    "flapping": "again soon after it resolved by itself, as so often: it flaps",
    "reporters_disagree": "another reporter still says so, well after it was cleared",
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What judging needs of a service; `flow` is how many incidents it opens lately."""

    id: UUID
    name: str
    auto_resolve: AutoResolve
    reopen_within: timedelta
    is_archived: bool = False
    flow: Flow | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a signal came from: its integration (also the actor), format and inbox row, and when that was
    kept. `stale_after` is what the integration says of alerts that are not repeated."""

    integration_id: UUID
    format: str
    receipt: str
    actor: e.Actor
    service: Service
    received_at: datetime | None = None
    stale_after: timedelta | None = None


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """The state a signal meets: its alert's latest episode and that one's incident, and, of the service and
    group key, the open incident and the newest one that is not open. `rival` is open in the incident's own
    group, which is another one where the sender has changed the grouping since. `flow` is how many incidents
    the service opens lately, `storm` the one that they fold into, if it is there."""

    alert: Alert | None = None
    incident: Incident | None = None
    rival: Incident | None = None
    open: Incident | None = None
    last: Incident | None = None
    flow: Flow | None = None
    storm: Incident | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, by which rule. `counts` says that the alert's counters move, `flow` what the
    service's is now (no event)."""

    decision: Decision
    rule: str
    events: list[e.Event] = []
    counts: bool = False
    flow: Flow | None = None


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
        if alert is not None and _is_copy(alert, signal, now):
            return Judgement(decision=Decision.IGNORED, rule="another reporter's copy of what has cleared")
        return _episode(situation, signal, key, origin, fresh, now)
    reporter = reporter_of(alert, signal.reporter)
    events: list[e.Event] = []
    rule = "firing already"
    if alert.status is AlertStatus.STALE:
        again = s.AlertHeardAgain(
            reporter=reporter, fresh_for=fresh_for(signal, origin.received_at, origin.stale_after)
        )
        events.append(_about(alert.id, again, alert.incident_id, origin, now))
        rule = "heard again after it went stale"
    elif alert.reporters.get(reporter) is not AlertStatus.FIRING:
        said = e.AlertReported(reporter=reporter, status=AlertStatus.FIRING)
        events.append(_about(alert.id, said, alert.incident_id, origin, now))
        rule = "firing already, by another reporter"
    if incident is not None and not incident.is_open:
        ended_at = incident.closed_at or incident.resolved_at or now
        if now - ended_at < STILL_FIRING:
            rule = "resolved by a person less than 30 minutes ago"
        elif situation.rival is None:
            back = e.IncidentReopened(reason="still_firing")
            events.append(_about(incident.id, back, incident.id, origin, now))
            return Judgement(
                decision=Decision.REOPENED, rule="still firing 30 minutes after", events=events, counts=True
            )
    return Judgement(decision=Decision.REPEATED, rule=rule, events=events, counts=True)


def _about(subject: UUID, data: e.Kind, incident: UUID, origin: Origin, now: datetime) -> e.Event:
    return e.Event(data=data, subject=subject, incident=incident, actor=origin.actor, at=now)


def _began_before(alert: Alert, signal: Signal) -> bool:
    """Whether a reporter that did not clear the alert speaks of the stretch that has ended, by the sender's
    own times."""
    return (
        signal.reporter not in alert.reporters
        and signal.occurred_at is not None
        and alert.cleared_at is not None
        and signal.occurred_at <= alert.cleared_at
    )


def _is_copy(alert: Alert, signal: Signal, now: datetime) -> bool:
    """Whether it is the late word of a peer. If it still says so well after, the two disagree."""
    return _began_before(alert, signal) and now - (alert.cleared_at or now) < COPIED


def _back(situation: Situation, signal: Signal, service: Service, now: datetime) -> e.IncidentReopened | None:
    """Why an incident that resolved by itself comes back, if it does: soon after, or, however late, where one
    reporter had cleared what another one never stopped to see."""
    last, alert = situation.last, situation.alert
    if last is None or last.status is not Status.RESOLVED or not last.resolved_automatically:
        return None
    if alert is not None and alert.incident_id == last.id and _began_before(alert, signal):
        return e.IncidentReopened(reason="reporters_disagree")
    if last.resolved_at is None or now - last.resolved_at > service.reopen_within:
        return None
    times = last.reopens + 1
    return e.IncidentReopened(reason="flapping" if times >= FLAPS else "new_episode", times=times)


def _episode(
    situation: Situation, signal: Signal, key: str, origin: Origin, fresh: Callable[[], UUID], now: datetime
) -> Judgement:
    service, last = origin.service, situation.last
    lead: list[e.Event] = []
    flow: Flow | None = None
    group, own = group_key(signal, key, origin), ""
    if situation.open is not None:
        target, decision, rule = situation.open.id, Decision.JOINED, "an incident is open for this group"
    elif last is not None and (back := _back(situation, signal, service, now)) is not None:
        target, decision = last.id, Decision.REOPENED
        rule = REOPENED[back.reason]
        lead = [_about(target, back, target, origin, now)]
    else:
        before = situation.flow or Flow(at=now)
        flow = before.counted(now)
        if before.is_over(now) and situation.storm is not None and situation.storm.is_open:
            lead = [_about(situation.storm.id, ended(situation.storm), situation.storm.id, origin, now)]
        joins = flow.storm is not None and situation.storm is not None and situation.storm.is_open
        if joins and situation.storm is not None:
            target, decision, own = situation.storm.id, Decision.JOINED, group
            rule = "a storm: it folds into one incident"
        else:
            target, decision, rule = fresh(), Decision.OPENED, "nothing is open for this group"
            if flow.is_storm:
                flow = msgspec.structs.replace(flow, storm=target)
                own, rule = group, f"more than {flow.limit} new incidents a minute: a storm begins"
            opened = _opened(situation, signal, key, origin, target if own else None)
            lead.append(_about(target, opened, target, origin, now))
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
        fresh_for=fresh_for(signal, origin.received_at, origin.stale_after),
        group_key=own,
    )
    event = _about(fresh(), fired, target, origin, now)
    return Judgement(decision=decision, rule=rule, events=[*lead, event], flow=flow)


def _opened(
    situation: Situation, signal: Signal, key: str, origin: Origin, storm: UUID | None
) -> e.IncidentOpened:
    """The incident that a signal opens: its own, or a storm's, which is urgent whatever its alerts say."""
    last, service = situation.last, origin.service
    if storm is not None:
        last = situation.storm
    return e.IncidentOpened(
        number=0,
        title=f"Storm of alerts on {service.name}" if storm else signal.title or key,
        service=text("service", service.id),
        severity=Severity.SEV2 if storm else SEVERITY[signal.severity],
        urgency=Urgency.HIGH if storm or signal.severity in URGENT else Urgency.LOW,
        group_key=f"storm:{text('incident', storm)}" if storm else group_key(signal, key, origin),
        recurs=text("incident", last.id) if last is not None and not last.private else None,
        storm=storm is not None,
    )


def group_key(signal: Signal, key: str, origin: Origin) -> str:
    """Which incident a signal belongs to, within its service: the group's key, else the alert's own."""
    if signal.group_key is not None:
        return f"{origin.format}:group:{signal.group_key}"
    return own_group(origin.format, origin.integration_id, key)


def _resolve(alert: Alert, incident: Incident, signal: Signal, origin: Origin, now: datetime) -> Judgement:
    def event(data: e.Kind, subject: UUID) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=origin.actor, at=now)

    reporter = reporter_of(alert, signal.reporter)
    others = {name for name, status in alert.reporters.items() if status is AlertStatus.FIRING} - {reporter}
    if others and alert.status is not AlertStatus.STALE:
        if alert.reporters.get(reporter) is not AlertStatus.FIRING:
            return Judgement(decision=Decision.IGNORED, rule="this reporter is not firing")
        said = e.AlertReported(reporter=reporter, status=AlertStatus.CLEARED)
        return Judgement(
            decision=Decision.RECORDED, rule="other reporters still fire", events=[event(said, alert.id)]
        )
    over = cleared(alert, "reporters", reporter)
    events = [event(over, alert.id)]
    rule = "every reporter has cleared it"
    if alert.status is AlertStatus.STALE and others:
        rule = "it was stale, and the others said nothing in its time"
    if incident.is_open:
        events += [event(data, incident.id) for data in settled(incident, over, origin.service.auto_resolve)]
    return Judgement(decision=Decision.CLEARED, rule=rule, events=events)
