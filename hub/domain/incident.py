"""An incident: its state, folded from its events; what may be done to it is in lifecycle.py."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract import corrections as k
from hub.contract import events as e
from hub.contract import privacy as p
from hub.contract import silence as s
from hub.contract import storms
from hub.contract.ids import parse
from hub.contract.words import OPEN, AlertStatus, AutoResolve, Severity, Status, Urgency
from hub.domain.errors import Broken

BY_HAND = {"command", "corrected"}  # why an incident was reopened that did not come back by itself


class Acknowledgement(msgspec.Struct, frozen=True):
    """One actor who has it, since when."""

    actor: str
    name: str
    at: datetime


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What people work on. Every event about it, its alerts' included, moves `version` by one.

    `worked` is set by what members do (notes, a mitigation, a severity, a commander), not by an
    acknowledgement. A `private` one is seen by those alone who are named. `firing` alerts are heard of,
    `stale` ones were not in their own time; `reopens` is how often it came back by itself.
    """

    id: UUID
    number: int
    service_id: UUID
    group_key: str
    title: str
    status: Status
    severity: Severity
    urgency: Urgency
    acknowledgements: tuple[Acknowledgement, ...] = ()
    worked: bool = False
    firing: int = 0
    stale: int = 0
    total: int = 0
    reopens: int = 0
    storm: bool = False
    resolved_automatically: bool = False
    recurs: UUID | None = None
    commander_id: UUID | None = None
    version: int = 1
    opened_at: datetime
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    private: bool = False

    @property
    def is_open(self) -> bool:
        """Whether somebody may still have to do something."""
        return self.status in OPEN

    @property
    def label(self) -> str:
        """What people call it: #42, or P-7 of the numbers that private incidents have among themselves."""
        return f"#{self.number}" if self.number >= 0 else f"P{self.number}"


def evolve(incident: Incident | None, event: e.Event) -> Incident:
    """The incident after an event about it, of its alerts too."""
    if incident is None:
        if isinstance(event.data, e.IncidentOpened):
            return _opened(event, event.data)
        raise Broken(f"{event.data.kind} came before the incident was opened.")
    changes = _changes(incident, event)
    return msgspec.structs.replace(incident, version=incident.version + 1, **changes)


def _opened(event: e.Event, data: e.IncidentOpened) -> Incident:
    service = parse("service", data.service)
    if service is None:
        raise Broken("An incident was opened without a service.")
    return Incident(
        id=event.subject,
        number=data.number,
        service_id=service,
        group_key=data.group_key,
        title=data.title,
        status=Status.TRIGGERED,
        severity=data.severity,
        urgency=data.urgency,
        recurs=parse("incident", data.recurs) if data.recurs else None,
        opened_at=event.at,
        private=data.private,
        storm=data.storm,
    )


def _changes(incident: Incident, event: e.Event) -> dict[str, object]:
    worked = incident.worked or event.actor.is_member
    match event.data:
        case e.IncidentAcknowledged():
            mine = Acknowledgement(event.actor.id, event.actor.name, event.at)
            fresh = incident.status is Status.TRIGGERED
            return {
                "acknowledgements": (*incident.acknowledgements, mine),
                "status": Status.ACKNOWLEDGED if fresh else incident.status,
                "acknowledged_at": incident.acknowledged_at or event.at,
            }
        case e.IncidentUnacknowledged():
            return {"status": Status.TRIGGERED, "acknowledgements": (), "acknowledged_at": None}
        case e.IncidentMitigated():
            return {"status": Status.MITIGATED, "mitigated_at": event.at, "worked": worked}
        case e.IncidentResolved(automatic=automatic):
            return {
                "status": Status.RESOLVED,
                "resolved_at": event.at,
                "resolved_automatically": automatic,
            }
        case e.IncidentClosed():
            return {"status": Status.CLOSED, "closed_at": event.at}
        case e.IncidentReopened(reason=reason):
            return {
                "reopens": incident.reopens + (reason not in BY_HAND),
                "status": Status.TRIGGERED,
                "acknowledgements": (),
                "acknowledged_at": None,
                "mitigated_at": None,
                "resolved_at": None,
                "closed_at": None,
                "resolved_automatically": False,
                "commander_id": None,
            }
        case e.IncidentNoted():
            return {"worked": worked}
        case e.IncidentSeveritySet(severity=severity):
            return {"severity": severity, "worked": worked}
        case e.IncidentCommanderAssigned(commander=commander):
            return {"commander_id": parse("member", commander), "worked": worked}
        case e.IncidentCommanderVacated():
            return {"commander_id": None}
        case e.AlertFired():
            return {"firing": incident.firing + 1, "total": incident.total + 1}
        case e.AlertCleared(was_stale=was_stale):
            return {"stale": incident.stale - 1} if was_stale else {"firing": incident.firing - 1}
        case s.AlertWentStale():
            return {"firing": incident.firing - 1, "stale": incident.stale + 1}
        case s.AlertHeardAgain():
            return {"firing": incident.firing + 1, "stale": incident.stale - 1}
        case storms.AlertSplitOff(status=status):
            return {"total": incident.total - 1} | _counted(incident, status, -1)
        case storms.AlertTakenIn(status=status):
            return {"total": incident.total + 1} | _counted(incident, status, 1)
        case k.AlertWithdrawn(was=was):
            return {"total": incident.total - 1} | _counted(incident, was, -1)
        case k.AlertRestored():
            return {"firing": incident.firing + 1}
        case k.IncidentCorrected():
            return {"status": Status.CLOSED, "closed_at": incident.closed_at or event.at}
        case k.IncidentReopeningCorrected() as ended:
            return {
                "status": ended.status,
                "resolved_automatically": ended.automatic,
                "resolved_at": ended.resolved_at,
                "closed_at": ended.closed_at,
                "reopens": incident.reopens - 1,
            }
        case k.IncidentAcknowledgementCorrected(whose=whose):
            return _without(incident, whose)
        case p.IncidentHidden():
            return {"private": True}
        case p.IncidentShown(number=number):
            return {"private": False, "number": number or incident.number}
        case e.IncidentSignalsCleared() | e.AlertReported() | p.IncidentGlassBroken():
            return {}
        case k.IncidentNoteCorrected():
            return {}
        case s.IncidentSignalsStale() | storms.IncidentStormEnded():
            return {}
    raise Broken(f"{event.data.kind} is not about an incident.")


def _without(incident: Incident, whose: str) -> dict[str, object]:
    """The incident is back to triggered once nobody has acknowledged it."""
    rest = tuple(each for each in incident.acknowledgements if each.actor != whose)
    if rest or incident.status is not Status.ACKNOWLEDGED:
        return {"acknowledgements": rest}
    return {"acknowledgements": rest, "status": Status.TRIGGERED, "acknowledged_at": None}


def _counted(incident: Incident, status: AlertStatus, by: int) -> dict[str, object]:
    """The count that an alert of this status moves."""
    if status is AlertStatus.CLEARED:
        return {}
    name = "stale" if status is AlertStatus.STALE else "firing"
    return {name: getattr(incident, name) + by}


def settled(incident: Incident, after: e.Kind, mode: AutoResolve) -> list[e.Kind]:
    """What an open incident says after one of its alerts cleared or went stale (`after`, not yet counted).

    It resolves, or asks, when nothing is left that was not cleared. Where what is left went silent it says
    so, and stays: silence is not recovery.
    """
    firing, stale = incident.firing, incident.stale
    match after:
        case e.AlertCleared(was_stale=True):
            stale -= 1
        case e.AlertCleared():
            firing -= 1
        case s.AlertWentStale():
            firing, stale = firing - 1, stale + 1
    if firing:
        return []
    if stale:
        return [s.IncidentSignalsStale(stale=stale)]
    if mode is AutoResolve.ALWAYS or (mode is AutoResolve.UNLESS_WORKED and not incident.worked):
        return [e.IncidentResolved(automatic=True)]
    return [e.IncidentSignalsCleared()]
