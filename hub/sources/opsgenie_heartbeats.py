"""Opsgenie's heartbeats: what its clients say of one, and how it is told them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hub.contract.heartbeats import HeartbeatName, Interval
from hub.contract.signals import Fault, Unreadable
from hub.contract.words import HeartbeatStatus
from hub.domain.heartbeat import Heartbeat
from hub.sources import reading

UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}


class Asked(msgspec.Struct, frozen=True):
    """A heartbeat as a client wants it; None is what it does not say."""

    name: str | None
    interval_seconds: int | None
    enabled: bool | None


def read(body: bytes) -> Asked | list[Fault]:
    """The name and interval of a body, or its faults. What there is no place for (description, owner, the
    alert's own words) is not looked at; raise Unreadable for what is no JSON object."""
    said = reading.strictly(body if body.strip() else b"{}")
    if not isinstance(said, dict):
        raise Unreadable("The body is not a JSON object")
    found: list[Fault] = []

    def bad(name: str, detail: str) -> None:
        found.append(Fault(pointer=f"/{name}", code="invalid", detail=detail))

    name, interval, unit = said.get("name"), said.get("interval"), said.get("intervalUnit", "minutes")
    if name is not None and not _is(name, HeartbeatName):
        bad("name", "1 to 100 letters, digits, '.', '_', '~' and '-', the first a letter or digit")
    if not isinstance(unit, str) or unit not in UNITS:
        bad("intervalUnit", f"one of: {', '.join(UNITS)}")
        return found
    seconds = interval * UNITS[unit] if type(interval) is int else None
    if interval is not None and not _is(seconds, Interval):
        bad("interval", "from 1 minute to 31 days")
    enabled = said.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        bad("enabled", "true or false")
    return found or Asked(name, seconds, enabled)


def shown(heartbeat: Heartbeat) -> dict[str, Any]:
    """A heartbeat in the vendor's shape, in the largest unit that fits."""
    seconds = int(heartbeat.interval.total_seconds())
    unit = next((name for name, size in reversed(UNITS.items()) if seconds % size == 0), "minutes")
    return {
        "name": heartbeat.name,
        "description": "",
        "interval": max(round(seconds / UNITS[unit]), 1),
        "intervalUnit": unit,
        "enabled": heartbeat.enabled,
        "expired": heartbeat.status is HeartbeatStatus.LATE,
        "lastPingTime": heartbeat.last_ping_at,
    }


def _is(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
