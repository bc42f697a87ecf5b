"""Silence: how long an alert is good for without a word from its sender, and what happens then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from hub.contract import events as e
from hub.contract import silence as s
from hub.contract.signals import Signal
from hub.contract.words import AutoResolve, Expire
from hub.domain.alert import Alert, cleared
from hub.domain.incident import Incident, settled

# Alertmanager repeats a firing alert every 4 h unless told otherwise (repeat_interval): half as much again.
REPEATED: Final = timedelta(hours=6)
LEAST: Final = timedelta(minutes=1)
MOST: Final = timedelta(days=31)


def fresh_for(signal: Signal, received_at: datetime | None, stale_after: timedelta | None) -> int | None:
    """For how many seconds an alert is good without being repeated; None: for ever.

    The sender's own word comes first (Prometheus says in `endsAt` until when), unless it has passed before it
    was kept; then what the integration says, then what this kind of sender is known for.
    """
    own: timedelta | None = None
    if signal.fresh_until is not None and received_at is not None:
        own = signal.fresh_until - received_at
        own = own if own > timedelta() else None
    span = own or stale_after or (REPEATED if signal.keeps_alive else None)
    return int(min(max(span, LEAST), MOST).total_seconds()) if span is not None else None


def fell_silent(
    alert: Alert, incident: Incident, expire: Expire, mode: AutoResolve, actor: e.Actor, now: datetime
) -> list[e.Event]:
    """What happens to a firing alert that was not repeated in its own time.

    It becomes stale, and its incident says so once nothing fires any more; nobody is told that it is over. It
    clears where the integration asks for Alertmanager's own rule, and where a person has ended the incident
    already: then the silence is what they said.
    """

    def event(data: e.Kind, subject: UUID) -> e.Event:
        return e.Event(data=data, subject=subject, incident=incident.id, actor=actor, at=now)

    if not incident.is_open:
        return [event(cleared(alert, "resolved"), alert.id)]
    if expire is Expire.CLEAR:
        events = [event(cleared(alert, "expired"), alert.id)]
    else:
        said = s.AlertWentStale(heard_at=alert.last_at, after=alert.fresh_for or 0)
        events = [event(said, alert.id)]
    return events + [event(data, incident.id) for data in settled(incident, events[0].data, mode)]
