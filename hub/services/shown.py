"""From rows to resources: how an incident and its events are shown."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.ids import text
from hub.contract.resources import AcknowledgedBy, AlertCounts, First, IncidentResource, Named, NamedUntil
from hub.domain.incident import Incident
from hub.domain.sight import View
from hub.storage import incidents, log
from hub.storage.incidents import Shown
from hub.storage.tx import Tx


def resource(shown: Shown, view: View) -> IncidentResource:
    """An incident's header, for a view that contains it; a link to one that it does not contain is left
    out."""
    incident = shown.incident
    last = incident.recurs
    if last is not None and not view.sees_incident(last, incident.service_id, shown.recurs_private):
        last = None
    return IncidentResource(
        id=text("incident", incident.id),
        number=incident.number,
        title=incident.title,
        status=incident.status,
        severity=incident.severity,
        urgency=incident.urgency,
        service=Named(text("service", incident.service_id), shown.service_name),
        version=incident.version,
        alerts=AlertCounts(incident.firing, incident.total, incident.stale),
        acknowledgements=[AcknowledgedBy(a.actor, a.name, a.at) for a in incident.acknowledgements],
        commander=text("member", incident.commander_id) if incident.commander_id else None,
        private=incident.private,
        storm=incident.storm,
        named=[NamedUntil(text(one.kind, one.subject), one.name, one.until) for one in shown.named],
        group_key=incident.group_key,
        recurs=text("incident", last) if last else None,
        opened_at=incident.opened_at,
        acknowledged_at=incident.acknowledged_at,
        mitigated_at=incident.mitigated_at,
        resolved_at=incident.resolved_at,
        closed_at=incident.closed_at,
    )


async def resource_of(tx: Tx, incident: Incident, view: View) -> IncidentResource | None:
    """The header of an incident as it is saved in this transaction."""
    shown = await incidents.by_id(tx, incident.id)
    return resource(shown, view) if shown else None


async def first_past(tx: Tx, incident: UUID, version: int) -> First | None:
    """Who first moved an incident past a version; None where the version is yet to come."""
    body = await log.first_after_version(tx, incident, version)
    return msgspec.json.decode(body, type=First) if body else None
