"""The state that a transaction has loaded for update: events change it, and it is saved whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec

from hub.contract.events import Event, IncidentOpened, IncidentSeveritySet
from hub.contract.ids import new
from hub.contract.privacy import IncidentShown
from hub.domain import alert as alerts_domain
from hub.domain import incident as incidents_domain
from hub.domain.alert import Alert
from hub.domain.incident import Incident
from hub.domain.storm import Flow
from hub.services.change import Change
from hub.services.ports import RequestContext
from hub.services.privacy import naming
from hub.storage import incidents, whole
from hub.storage.names import Naming
from hub.storage.tx import Tx

AlertKey = tuple[str, str]  # format, dedup key: one lane is one integration


class Happened(NamedTuple):
    """An event, its id, its incident's version and severity after it, and whose request caused it."""

    id: UUID
    event: Event
    version: int | None
    severity: str
    context: RequestContext | None


class World:
    """Incidents and alerts that this transaction has locked, or made."""

    def __init__(self, loaded: Iterable[Incident] = (), locked: Iterable[Alert] = ()) -> None:
        self.incidents = {incident.id: incident for incident in loaded}
        self.alerts = {alert.id: alert for alert in locked}
        self.flow: Flow | None = None
        self._changed: set[UUID] = set()
        self._events: list[Happened] = []
        self.naming: Naming | None = None  # the last one: no transaction has two
        self._latest: dict[AlertKey, UUID] = {}
        self._groups: dict[str, list[UUID]] = {}
        for alert in self.alerts.values():
            self._newest(alert)
        for incident in sorted(self.incidents.values(), key=lambda known: known.id):
            self._groups.setdefault(incident.group_key, []).append(incident.id)

    @property
    def storm(self) -> Incident | None:
        """The incident that a storm folds into, if there is one."""
        return self.incidents.get(self.flow.storm) if self.flow and self.flow.storm else None

    @property
    def events(self) -> Iterable[Event]:
        """What has happened here and is not saved yet."""
        return (each.event for each in self._events)

    def _newest(self, alert: Alert) -> None:
        key = (alert.format, alert.dedup_key)
        known = self.alerts.get(self._latest.get(key, alert.id), alert)
        if alert.episode >= known.episode:
            self._latest[key] = alert.id

    def latest(self, format: str, dedup_key: str) -> Alert | None:
        """The newest episode of an alert."""
        id = self._latest.get((format, dedup_key))
        return self.alerts[id] if id else None

    def of_group(self, group_key: str) -> tuple[Incident | None, Incident | None]:
        """The (open, newest that is not open) incident of a group."""
        members = [self.incidents[id] for id in self._groups.get(group_key, ())]
        return (
            next((incident for incident in members if incident.is_open), None),
            next((incident for incident in reversed(members) if not incident.is_open), None),
        )

    def apply(self, event: Event, context: RequestContext | None = None) -> UUID:
        """Let an event happen here; its id is returned. `context` is whose request caused it, if not the
        transaction's."""
        version, severity = None, ""
        if event.data.about == "alert":
            alert = alerts_domain.evolve(self.alerts.get(event.subject), event)
            self.alerts[alert.id] = alert
            self._newest(alert)
            self._changed.add(alert.id)
        if event.incident is not None:
            before = self.incidents.get(event.incident)
            after = incidents_domain.evolve(before, event)
            self.incidents[after.id] = after
            if before is None:
                self._groups.setdefault(after.group_key, []).append(after.id)
            self._changed.add(after.id)
            version, severity = after.version, after.severity.value
            self.naming = naming(event) or self.naming
        id = new()
        self._events.append(Happened(id, event, version, severity, context))
        return id

    def count(self, alert: Alert, last_at: object) -> None:
        """Bookkeeping: a repeat moves the alert's counters without an event."""
        self.alerts[alert.id] = msgspec.structs.replace(alert, count=alert.count + 1, last_at=last_at)
        self._changed.add(alert.id)

    async def _number(self, tx: Tx) -> None:
        """Give new incidents their numbers, in the order they opened; a rollback gives them back. Private
        ones count by themselves, below zero, until they are shown: the public series has no gap for them."""
        public, private = list[UUID](), list[UUID]()
        for event in self.events:
            if isinstance(event.data, IncidentOpened):
                (private if event.data.private else public).append(event.subject)
            elif isinstance(event.data, IncidentShown) and not event.data.number:
                public.append(event.subject)
        numbers: dict[UUID, int] = {}
        if public:
            first = await incidents.take_numbers(tx, len(public))
            numbers |= {id: first + index for index, id in enumerate(public)}
        if private:
            first = await incidents.take_private_numbers(tx, len(private))
            numbers |= {id: -first - index for index, id in enumerate(private)}
        if not numbers:
            return
        for id, number in numbers.items():
            self.incidents[id] = msgspec.structs.replace(self.incidents[id], number=number)
        self._events = [each._replace(event=_numbered(each.event, numbers)) for each in self._events]

    async def save(self, change: Change) -> list[bytes]:
        """Write what changed, whole rows, one upsert an entity; hand the events to the Change."""
        await self._number(change.tx)
        touched = [self.incidents[id] for id in self._changed if id in self.incidents]
        fired = [self.alerts[id] for id in self._changed if id in self.alerts]
        await whole.save(change.tx, touched, fired, self.naming)
        bodies = [
            change.record(
                each.event,
                each.version,
                each.context,
                self.incidents[each.event.incident] if each.event.incident else None,
                each.severity,
                each.id,
            )
            for each in self._events
        ]
        self._events, self._changed = [], set()
        return bodies


def _numbered(event: Event, numbers: dict[UUID, int]) -> Event:
    """An event with its incident's number, where it says one."""
    number = numbers.get(event.incident) if event.incident else None
    if number is None or not isinstance(event.data, IncidentOpened | IncidentSeveritySet | IncidentShown):
        return event
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, number=number))
