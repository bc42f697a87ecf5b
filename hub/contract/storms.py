"""Events of storms: many incidents in one, and alerts that are taken out of one again."""

from __future__ import annotations

from hub.contract.events import Kind
from hub.contract.words import AlertStatus


class IncidentStormEnded(Kind, frozen=True, kw_only=True):
    """The rate has fallen: what comes new opens incidents of its own again. `alerts` is how many joined."""

    kind = "incident.storm_ended"
    about = "incident"
    alerts: int


class AlertSplitOff(Kind, frozen=True, kw_only=True):
    """Somebody took an alert out of this incident, into another one (`to`)."""

    kind = "alert.split_off"
    about = "alert"
    to: str
    status: AlertStatus


class AlertTakenIn(Kind, frozen=True, kw_only=True):
    """An alert that was taken out of another incident (`was`) is in this one now."""

    kind = "alert.taken_in"
    about = "alert"
    was: str
    status: AlertStatus
