"""What a person or a key may do to an incident: `decide` is pure, and repeating a command changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from hub.contract import commands as c
from hub.contract import events as e
from hub.contract import privacy as p
from hub.contract.ids import new, parse, text
from hub.contract.words import OPEN, AlertStatus, Severity, Status
from hub.domain.alert import Alert, cleared
from hub.domain.errors import Broken, NotAllowedNow
from hub.domain.incident import Incident
from hub.domain.storm import split

GLASS: Final = timedelta(hours=8)  # how long a broken glass lets one see


class Member(msgspec.Struct, frozen=True):
    """A member whom a command names."""

    id: UUID
    name: str


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Who sees a private incident: who does `now`, who is `wanted`, whether the actor is among the first, and
    the commander among the others."""

    now: tuple[p.Name, ...] = ()
    wanted: tuple[p.Name, ...] = ()
    sees: bool = True
    commands: bool = True


def decide(
    incident: Incident,
    alerts: Sequence[Alert],
    rival: Incident | None,
    command: c.Command,
    actor: e.Actor,
    now: datetime,
    named: Member | None = None,
    names: Names | None = None,
    homes: Mapping[str, Incident] = MappingProxyType({}),
    fresh: Callable[[], UUID] = new,
) -> list[e.Event]:
    """The events of a command, none when it changes nothing; raise NotAllowedNow where the status forbids it.

    `alerts` are the incident's alerts that are not cleared; `rival` is another open incident of the same
    service and group key, which a reopen would collide with; `named` is the member that the command names,
    `names` those whom a private incident has, and is to have; `homes` are the incidents of the groups that
    alerts may be split into, `fresh` gives the id of a new one.
    """

    def event(data: e.Kind, subject: UUID = incident.id) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=actor, at=now)

    def ended() -> list[e.Event]:
        # Where the source repeats a firing alert by itself, its word stands: it may raise the incident
        # again. Elsewhere, and where it has fallen silent, nobody would ever clear the alert, and the next
        # trigger is a new episode.
        quiet = [a for a in alerts if not a.keeps_alive or a.status is AlertStatus.STALE]
        return [event(cleared(alert, "resolved"), alert.id) for alert in quiet]

    status = incident.status
    match command:
        case c.Acknowledge():
            _only(incident, OPEN, "acknowledged")
            mine = any(entry.actor == actor.id for entry in incident.acknowledgements)
            return [] if mine else [event(e.IncidentAcknowledged())]
        case c.Unacknowledge():
            _only(incident, {Status.TRIGGERED, Status.ACKNOWLEDGED}, "unacknowledged")
            return [] if status is Status.TRIGGERED else [event(e.IncidentUnacknowledged())]
        case c.Mitigate():
            _only(incident, OPEN, "mitigated")
            return [] if status is Status.MITIGATED else [event(e.IncidentMitigated())]
        case c.Resolve():
            _only(incident, OPEN | {Status.RESOLVED}, "resolved")
            if status is Status.RESOLVED:
                return []
            return [event(e.IncidentResolved(firing=incident.firing)), *ended()]
        case c.Close():
            if status is Status.CLOSED:
                return []
            return [event(e.IncidentClosed()), *(ended() if incident.is_open else [])]
        case c.Reopen():
            if incident.is_open:
                return []
            if rival is not None:
                which = "Another incident" if rival.private else f"Incident {rival.label}"
                raise NotAllowedNow(f"{which} is open for the same problem; work there.")
            return [event(e.IncidentReopened(reason="command"))]
        case c.Note(text=written):
            return [event(e.IncidentNoted(text=written))]
        case c.SetSeverity(severity=severity):
            if severity is incident.severity:
                return []
            return [event(_severity_set(incident, severity))]
        case c.AssignCommander():
            _only(incident, OPEN, "given a commander")
            return [event(data) for data in _command(incident, named)]
        case c.Split(alerts=named_alerts):
            _only(incident, OPEN, "split")
            if incident.private:
                raise NotAllowedNow("A private incident is not split: others would see what leaves it.")
            wanted = {parse("alert", name) for name in named_alerts}
            leaving = [alert for alert in alerts if alert.id in wanted]
            return split(incident, leaving, homes, fresh, actor, now)
        case c.VacateCommander(member=member, reason=reason):
            leads = incident.is_open and incident.commander_id == parse("member", member)
            return [event(e.IncidentCommanderVacated(was=member, reason=reason))] if leads else []
        case c.Hide(reason=reason):
            return [event(data) for data in _hidden(incident, names or Names(), reason or "")]
        case c.Show():
            number = max(incident.number, 0)  # a public one is taken when it is saved
            return [event(p.IncidentShown(number=number))] if incident.private else []
        case c.BreakGlass(reason=reason):
            if not incident.private:
                raise NotAllowedNow(f"Incident {incident.label} is not private: there is no glass to break.")
            if names is None or names.sees:
                return []
            broken = p.IncidentGlassBroken(member=actor.id, name=actor.name, reason=reason, until=now + GLASS)
            return [event(broken)]
    raise Broken(f"{type(command).__name__} is no command of an incident.")


def _command(incident: Incident, named: Member | None) -> list[e.Kind]:
    was = text("member", incident.commander_id) if incident.commander_id else None
    if named is None:
        return [e.IncidentCommanderVacated(was=was, reason="command")] if was else []
    if named.id == incident.commander_id:
        return []
    return [e.IncidentCommanderAssigned(commander=text("member", named.id), name=named.name, was=was)]


def _hidden(incident: Incident, names: Names, reason: str) -> list[e.Kind]:
    """Nobody commands what they do not see. Who sees it for a time is in the list, and stays until then."""
    if incident.private and set(names.now) == set(names.wanted):
        return []
    hidden: list[e.Kind] = [p.IncidentHidden(named=names.wanted, was_private=incident.private, reason=reason)]
    if incident.commander_id is not None and not names.commands:
        was = text("member", incident.commander_id)
        hidden.append(e.IncidentCommanderVacated(was=was, reason="hidden"))
    return hidden


def _severity_set(incident: Incident, severity: Severity) -> e.IncidentSeveritySet:
    return e.IncidentSeveritySet(
        severity=severity,
        was=incident.severity,
        number=incident.number,
        title=incident.title,
        service=text("service", incident.service_id),
        status=incident.status,
        urgency=incident.urgency,
        opened_at=incident.opened_at,
    )


def _only(incident: Incident, allowed: frozenset[Status] | set[Status], verb: str) -> None:
    if incident.status not in allowed:
        raise NotAllowedNow(f"Incident {incident.label} is {incident.status.value} and cannot be {verb}.")
