"""Timeline events of who may see an incident: it is hidden, shown again, or somebody breaks the glass."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.contract.events import Kind


class Name(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member, team or key that sees a private incident; `until` is when that ends, if it does."""

    id: str
    name: str
    until: datetime | None = None


class IncidentHidden(Kind, frozen=True, kw_only=True):
    """Those who are `named` see the incident, and nobody else, whatever their role. Of an incident that
    `was_private` this only changes who they are."""

    kind = "incident.hidden"
    about = "incident"
    named: tuple[Name, ...]
    was_private: bool
    reason: str = ""


class IncidentShown(Kind, frozen=True, kw_only=True):
    """The incident is private no more. One that never was in the public series of numbers has its `number`
    from here on."""

    kind = "incident.shown"
    about = "incident"
    number: int


class IncidentGlassBroken(Kind, frozen=True, kw_only=True):
    """An owner or admin who was not named has named themselves, `until` then."""

    kind = "incident.glass_broken"
    about = "incident"
    member: str
    name: str
    reason: str
    until: datetime
