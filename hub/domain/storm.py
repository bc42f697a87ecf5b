"""A storm: more new incidents a minute than a service may open; they fold into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from hub.contract import events as e
from hub.contract.ids import text
from hub.contract.storms import AlertSplitOff, AlertTakenIn, IncidentStormEnded
from hub.contract.words import AlertSeverity, Severity, Urgency
from hub.domain.alert import Alert
from hub.domain.incident import Incident

LIMIT: Final = 20  # incidents at once, and a minute, unless the service says otherwise
FULL: Final = 2.0  # of the limit: no storm is remembered longer than it takes to fall from here
CALM: Final = 0.5  # of the limit
MINUTE: Final = timedelta(minutes=1)
SEVERITY: Final = {
    AlertSeverity.CRITICAL: Severity.SEV2,
    AlertSeverity.ERROR: Severity.SEV3,
    AlertSeverity.WARNING: Severity.SEV4,
    AlertSeverity.INFO: Severity.SEV5,
}
URGENT: Final = frozenset({AlertSeverity.CRITICAL, AlertSeverity.ERROR})


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many incidents a service would open lately: a bucket that each fills by one, and a minute
    empties by `limit`. `storm` is the incident that they fold into, while they do. Bookkeeping, moved without
    an event."""

    level: float = 0.0
    at: datetime
    storm: UUID | None = None
    limit: int = LIMIT

    def level_at(self, now: datetime) -> float:
        """The level by then; a clock that went back empties nothing."""
        passed = max(now - self.at, timedelta())
        return max(0.0, self.level - self.limit * (passed / MINUTE))

    def is_over(self, now: datetime) -> bool:
        """Whether a storm has ended: the rate has been low for a while, so that none flutters."""
        return self.storm is not None and self.level_at(now) < CALM * self.limit

    def calm_at(self) -> datetime:
        """When that will be, if nothing more comes."""
        return self.at + MINUTE * (max(self.level - CALM * self.limit, 0.0) / self.limit)

    def counted(self, now: datetime) -> Flow:
        """After one more that would open an incident."""
        level = min(self.level_at(now) + 1.0, FULL * self.limit)
        storm = None if self.is_over(now) else self.storm
        return Flow(level=level, at=max(now, self.at), storm=storm, limit=self.limit)

    @property
    def is_storm(self) -> bool:
        """Whether what comes folds: a storm goes on, or this is one too many."""
        return self.storm is not None or self.level > self.limit


def ended(storm: Incident) -> IncidentStormEnded:
    """What a storm's incident says when its rate has fallen."""
    return IncidentStormEnded(alerts=storm.total)


def own_group(format: str, integration_id: UUID, dedup_key: str) -> str:
    """The group of an alert whose sender names none: its own key."""
    return f"{format}:{text('integration', integration_id)}:{dedup_key}"


def home(alert: Alert) -> str:
    """The group that an alert belongs to by itself, wherever it is now."""
    return alert.group_key or own_group(alert.format, alert.integration_id, alert.dedup_key)


def split(
    incident: Incident,
    alerts: Sequence[Alert],
    homes: Mapping[str, Incident],
    fresh: Callable[[], UUID],
    actor: e.Actor,
    now: datetime,
) -> list[e.Event]:
    """Take alerts out of an incident: each into the open one of its own group (`homes`), or a new one. Where
    that one is private, nobody learns of it: the new one has a group of its own."""
    events: list[e.Event] = []
    opened = {group: known.id for group, known in homes.items() if known.is_open}
    for alert in alerts:
        group = home(alert)
        if (known := homes.get(group)) is not None and known.private:
            group = f"split:{text('alert', alert.id)}"
        if (target := opened.get(group)) == incident.id:
            continue
        if target is None:
            target = opened[group] = fresh()
            header = e.IncidentOpened(
                number=0,
                title=alert.title,
                service=text("service", incident.service_id),
                severity=SEVERITY[alert.severity],
                urgency=Urgency.HIGH if alert.severity in URGENT else Urgency.LOW,
                group_key=group,
            )
            events.append(e.Event(data=header, subject=target, incident=target, actor=actor, at=now))
        off = AlertSplitOff(to=text("incident", target), status=alert.status)
        taken = AlertTakenIn(was=text("incident", incident.id), status=alert.status)
        events += [
            e.Event(data=off, subject=alert.id, incident=incident.id, actor=actor, at=now),
            e.Event(data=taken, subject=alert.id, incident=target, actor=actor, at=now),
        ]
    return events
