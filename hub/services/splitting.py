"""Splitting: the alerts that a split names, and what it has to lock before they move."""

from __future__ import annotations

from hub.contract.commands import Split
from hub.contract.ids import parse
from hub.domain.alert import Alert
from hub.domain.faults import Faults
from hub.domain.incident import Incident
from hub.services.change import Change
from hub.services.views import view
from hub.storage import alerts, incidents


async def named(change: Change, incident: Incident, command: Split) -> list[Alert]:
    """The alerts that a split names, wherever they are by now: one that has left changes nothing, so that the
    same command may come again. Raise Invalid, naming each, for what is no alert, and alike for one whose
    incident is out of sight."""
    ids = [parse("alert", name) for name in command.alerts]
    known = {alert.id: alert for alert in await alerts.some(change.tx, [id for id in ids if id])}
    elsewhere = {alert.incident_id for alert in known.values()} - {incident.id}
    seen, sight = {incident.id}, view(change.grant)
    if elsewhere:
        for shown in await incidents.some(change.tx, elsewhere):
            other = shown.incident
            if sight.sees_incident(other.id, other.service_id, other.private):
                seen.add(other.id)
    faults = Faults()
    for index, id in enumerate(ids):
        if id is None or id not in known or known[id].incident_id not in seen:
            faults.add(f"/alerts/{index}", "unknown", "There is no such alert.")
    faults.check()
    return list(known.values())
