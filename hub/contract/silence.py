"""Events of silence: an alert that is not heard of in its own time, and is heard of again."""

from __future__ import annotations

from datetime import datetime

from hub.contract.events import Kind


class AlertWentStale(Kind, frozen=True, kw_only=True):
    """It was not heard of for the time in which its sender would have repeated it (`after` seconds). Silence
    is not recovery: it stays with its incident. Or it should not have been heard of again (`corrects`)."""

    kind = "alert.went_stale"
    about = "alert"
    heard_at: datetime
    after: int
    corrects: str = ""


class AlertHeardAgain(Kind, frozen=True, kw_only=True):
    """A stale alert fires: its sender has said so again."""

    kind = "alert.heard_again"
    about = "alert"
    reporter: str
    fresh_for: int | None


class IncidentSignalsStale(Kind, frozen=True, kw_only=True):
    """None of its alerts fires, but this many were never cleared, they went silent: somebody has to look."""

    kind = "incident.signals_stale"
    about = "incident"
    stale: int
