"""Who sees what: the view of an actor, as a small value with a hash that cursors carry."""

from __future__ import annotations

import hashlib
from typing import Protocol
from uuid import UUID

import msgspec

from hub.contract.kinds import ADMINISTRATIVE, KINDS
from hub.contract.privacy import IncidentHidden, IncidentShown
from hub.domain.filter import EVERYTHING, Filter

SHOWN = KINDS.keys() - ADMINISTRATIVE


class Hiding(msgspec.Struct, frozen=True):
    """What of an envelope says whether its incident was there to be seen until then."""

    class Was(msgspec.Struct, frozen=True):
        """The member of an event that hid it."""

        was_private: bool

    data: Was


_hiding = msgspec.json.Decoder(Hiding)


class Seen(Protocol):
    """What of an event decides who sees it. `private` is its incident's; `service` is its incident's or, of
    an event that is about a service itself, that one."""

    @property
    def kind(self) -> str: ...

    @property
    def incident(self) -> UUID | None: ...

    @property
    def service(self) -> UUID | None: ...

    @property
    def private(self) -> bool: ...

    @property
    def body(self) -> bytes | None: ...


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one actor may see: the `whole` organization, or these services and incidents. Private incidents
    are seen by those alone whose `incidents` name them. `filter` is what a stream asked for out of that.
    Followers with equal views share frames and cursors."""

    administrative: bool = False
    whole: bool = False
    services: frozenset[UUID] = frozenset()
    incidents: frozenset[UUID] = frozenset()
    filter: Filter = EVERYTHING

    def sees(self, event: Seen) -> bool:
        """Whether an event is in the view, and asked for."""
        return self.may_see(event) and (self.filter is EVERYTHING or self.filter.asks_for(event))

    def may_see(self, event: Seen) -> bool:
        """Whether an event may be seen. One of a kind that only a newer version knows is kept from those
        who do not administer: it may be an administrative one."""
        if event.kind not in SHOWN and not self.administrative:
            return False
        if event.incident is not None:
            return self.sees_incident(event.incident, event.service, event.private)
        return event.kind not in SHOWN or self.sees_service(event.service)

    def loses(self, event: Seen) -> bool:
        """Whether this event, which is in the view, takes its incident out of it."""
        return self.filter is not EVERYTHING and self.filter.drops(event) and self.sees(event)

    def lost(self, event: Seen) -> bool:
        """Whether this event, which is not in the view, has taken its incident out of it: hidden is only what
        was there to be seen."""
        if event.kind != IncidentHidden.kind or event.body is None or self.may_see(event):
            return False
        return (
            self.sees_service(event.service)
            and self.filter.concerns(event)
            and not _hiding.decode(event.body).data.was_private
        )

    def gains(self, event: Seen) -> bool:
        """Whether this event brings an incident into the view of which it holds nothing: what was before is
        to be read again."""
        return (
            event.kind == IncidentShown.kind
            and event.incident not in self.incidents
            and self.may_see(event)
            and self.filter.concerns(event)
        )

    def sees_incident(self, incident: UUID, service: UUID | None, private: bool) -> bool:
        """Whether an incident of a service is in the view."""
        return incident in self.incidents or (not private and self.sees_service(service))

    def sees_service(self, service: UUID | None) -> bool:
        """Whether a service, and with it what is about it, is in the view."""
        return self.whole or service in self.services

    @property
    def narrowed(self) -> View:
        """The view to read rows with: of those services that were asked for, where some were."""
        if not self.filter.services:
            return self
        services = self.filter.services if self.whole else self.services & self.filter.services
        return msgspec.structs.replace(self, whole=False, services=services)

    @property
    def hash(self) -> bytes:
        """Four bytes that change when what may be seen changes; a cursor of another view is reset."""
        parts = [self.administrative, self.whole, sorted(self.services), sorted(self.incidents)]
        parts.append(self.filter.words)
        return hashlib.sha256(b"incidenthub/view/2/" + msgspec.json.encode(parts)).digest()[:4]
