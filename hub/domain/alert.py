"""An alert: the stateful thing that signals are about, folded from its events."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.corrections import AlertRestored, AlertWithdrawn
from hub.contract.events import AlertCleared, AlertFired, AlertReported, Event
from hub.contract.ids import parse
from hub.contract.silence import AlertHeardAgain, AlertWentStale
from hub.contract.storms import AlertSplitOff, AlertTakenIn
from hub.contract.words import AlertSeverity, AlertStatus
from hub.domain.errors import Broken

REPORTERS_MAX = 16
OTHERS = "others"
HUB = "hub"  # the format of alerts that the hub raises itself


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One episode of an alert. `reporters` says who fired it and what each said last. It is good for
    `fresh_for` seconds after `last_at`; `group_key` is set where its incident has another one.

    `count` and `last_at` are bookkeeping: they move without an event and are no part of a snapshot.
    """

    id: UUID
    integration_id: UUID
    format: str
    dedup_key: str
    episode: int
    incident_id: UUID
    status: AlertStatus
    severity: AlertSeverity
    title: str
    source: str
    reporters: dict[str, AlertStatus]
    keeps_alive: bool
    fired_at: datetime
    cleared_at: datetime | None = None
    fresh_for: int | None = None
    group_key: str = ""
    count: int = 1
    last_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether the next trigger is a new episode."""
        return self.status is AlertStatus.CLEARED


def cleared(alert: Alert, reason: str, reporter: str = "") -> AlertCleared:
    """What clears an alert."""
    return AlertCleared(reason=reason, reporter=reporter, was_stale=alert.status is AlertStatus.STALE)


def reporter_of(alert: Alert, reporter: str) -> str:
    """The name under which a reporter is kept: its own while there is room, else one for all others."""
    if reporter in alert.reporters or len(alert.reporters) < REPORTERS_MAX:
        return reporter
    return OTHERS


def evolve(alert: Alert | None, event: Event) -> Alert:
    """The alert after an event of its own."""
    match event.data, alert:
        case AlertFired() as fired, None:
            integration = parse("integration", fired.integration)
            if integration is None or event.incident is None:
                raise Broken("An alert fired without an integration or an incident.")
            return Alert(
                id=event.subject,
                integration_id=integration,
                format=fired.format,
                dedup_key=fired.dedup_key,
                episode=fired.episode,
                incident_id=event.incident,
                status=AlertStatus.FIRING,
                severity=fired.severity,
                title=fired.title,
                source=fired.source,
                reporters={fired.reporter: AlertStatus.FIRING},
                keeps_alive=fired.keeps_alive,
                fired_at=event.at,
                fresh_for=fired.fresh_for,
                group_key=fired.group_key,
                last_at=event.at,
            )
        case AlertReported() as said, Alert() as before:
            return msgspec.structs.replace(before, reporters={**before.reporters, said.reporter: said.status})
        case AlertWentStale(), Alert() as before:
            return msgspec.structs.replace(before, status=AlertStatus.STALE)
        case AlertHeardAgain() as said, Alert() as before:
            return msgspec.structs.replace(
                before,
                status=AlertStatus.FIRING,
                reporters={**before.reporters, said.reporter: AlertStatus.FIRING},
                fresh_for=said.fresh_for,
            )
        case AlertSplitOff(), Alert() as before:
            return before
        case AlertTakenIn(), Alert() as before if event.incident is not None:
            return msgspec.structs.replace(before, incident_id=event.incident, group_key="")
        case AlertCleared(), Alert() as before:
            return msgspec.structs.replace(
                before,
                status=AlertStatus.CLEARED,
                reporters=dict.fromkeys(before.reporters, AlertStatus.CLEARED),
                cleared_at=event.at,
            )
        case AlertWithdrawn(), Alert() as before:
            return msgspec.structs.replace(
                before,
                status=AlertStatus.CLEARED,
                reporters=dict.fromkeys(before.reporters, AlertStatus.CLEARED),
                cleared_at=before.cleared_at or event.at,
            )
        case AlertRestored() as said, Alert() as before:
            return msgspec.structs.replace(
                before,
                status=AlertStatus.FIRING,
                reporters={**before.reporters, said.reporter: AlertStatus.FIRING},
                cleared_at=None,
                episode=said.episode,
                last_at=event.at,
            )
    raise Broken(f"{event.data.kind} does not fit this alert.")
