"""Values that the domain's tests start from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from hub.contract.events import Actor
from hub.contract.ids import text
from hub.contract.signals import Signal
from hub.contract.words import (
    AlertSeverity,
    AlertStatus,
    AutoResolve,
    Severity,
    SignalAction,
    Status,
    Urgency,
)
from hub.domain.alert import Alert
from hub.domain.incident import Acknowledgement, Incident
from hub.domain.intake import Judgement, Origin, Service, Situation, judge

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SERVICE, INTEGRATION = UUID(int=0x51), UUID(int=0x17)
ANN, BOB = Actor("mem_ann", "Ann"), Actor("mem_bob", "Bob")
BOT = Actor("key_bot", "Bot")
SENDER = Actor(text("integration", INTEGRATION), "Prometheus")
GROUP = f"generic:{text('integration', INTEGRATION)}:disk"
MADE = {
    Status.TRIGGERED: {},
    Status.ACKNOWLEDGED: {
        "acknowledgements": (Acknowledgement("mem_ann", "Ann", NOW),),
        "acknowledged_at": NOW,
    },
    Status.MITIGATED: {"mitigated_at": NOW, "worked": True},
    Status.RESOLVED: {"resolved_at": NOW},
    Status.CLOSED: {"closed_at": NOW},
}


def incident(status: Status = Status.TRIGGERED, **fields: Any) -> Incident:
    """An incident of number 7 in a status, with one firing alert."""
    made: dict[str, Any] = {
        "id": UUID(int=0x1C), "number": 7, "service_id": SERVICE, "group_key": GROUP, "title": "Disk full",
        "status": status, "severity": Severity.SEV2, "urgency": Urgency.HIGH, "firing": 1, "total": 1,
        "version": 2, "opened_at": NOW,
    }  # fmt: skip
    return Incident(**made | MADE[status] | fields)


def alert(**fields: Any) -> Alert:
    """A firing alert of that incident, fired by the one reporter that there is."""
    made: dict[str, Any] = {
        "id": UUID(int=0xA1), "integration_id": INTEGRATION, "format": "generic", "dedup_key": "disk",
        "episode": 1, "incident_id": UUID(int=0x1C), "status": AlertStatus.FIRING,
        "severity": AlertSeverity.CRITICAL, "title": "Disk full", "source": "db-1",
        "reporters": {"": AlertStatus.FIRING}, "keeps_alive": False, "fired_at": NOW, "last_at": NOW,
    }  # fmt: skip
    return Alert(**made | fields)


def cleared(**fields: Any) -> Alert:
    """The same alert when it is over."""
    return alert(
        **{"status": AlertStatus.CLEARED, "reporters": {"": AlertStatus.CLEARED}, "cleared_at": NOW} | fields
    )


def signal(action: SignalAction = SignalAction.TRIGGER, **fields: Any) -> Signal:
    """A signal under the key `disk`."""
    made: dict[str, Any] = {
        "action": action, "dedup_key": "disk", "title": "Disk full", "severity": AlertSeverity.CRITICAL,
        "source": "db-1",
    }  # fmt: skip
    return Signal(**made | fields)


def origin(auto_resolve: AutoResolve = AutoResolve.UNLESS_WORKED, **fields: Any) -> Origin:
    """Where signals come from; the service reopens within five minutes."""
    service = Service(id=SERVICE, name="Database", auto_resolve=auto_resolve, reopen_within=5 * MINUTE)
    made = Origin(
        integration_id=INTEGRATION, format="generic", receipt="rcp_1", actor=SENDER, service=service
    )
    return msgspec.structs.replace(made, **fields)


class Fresh:
    """New ids, the same in every run."""

    def __init__(self, start: int = 0x1000) -> None:
        self._next = start

    def __call__(self) -> UUID:
        self._next += 1
        return UUID(int=self._next)


def judged(situation: Situation, said: Signal, at: Any = NOW, **fields: Any) -> Judgement:
    """Judge one signal of the made integration."""
    return judge(situation, said, said.dedup_key or "auto", origin(**fields), Fresh(), at)


def data(judgement: Judgement) -> list[object]:
    """What happened."""
    return [event.data for event in judgement.events]
