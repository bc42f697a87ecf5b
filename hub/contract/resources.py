"""Resources: the bodies that readers get. Fields are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.catalogue import ServiceLink
from hub.contract.words import (
    Action,
    AutoResolve,
    ServiceStatus,
    Severity,
    Status,
    Urgency,
)


class Named(msgspec.Struct, frozen=True):
    """A thing by id and name."""

    id: str
    name: str


class AlertCounts(msgspec.Struct, frozen=True):
    """How many alerts an incident has, how many fire, and how many were not heard of in their own time."""

    firing: int
    total: int
    stale: int = 0


class AcknowledgedBy(msgspec.Struct, frozen=True):
    """Who has it, since when."""

    actor: str
    name: str
    at: datetime


class NamedUntil(msgspec.Struct, frozen=True):
    """Who sees a private incident: a member, team or key; `until` is when that ends, if it does."""

    id: str
    name: str
    until: datetime | None


class IncidentResource(msgspec.Struct, frozen=True, kw_only=True):
    """An incident's header. A number below zero is one of the series that private incidents have: -7 is
    P-7. `named` is empty unless it is private."""

    id: str
    number: int
    title: str
    status: Status
    severity: Severity
    urgency: Urgency
    service: Named
    version: int
    alerts: AlertCounts
    acknowledgements: list[AcknowledgedBy]
    commander: str | None
    private: bool
    storm: bool
    named: list[NamedUntil]
    group_key: str
    recurs: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None


class IncidentPage(msgspec.Struct, frozen=True):
    """Incidents, newest first."""

    data: list[IncidentResource]
    next_cursor: str | None


# The bytes of an envelope, as they are in the log.
Written = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Envelope"})]


class TimelinePage(msgspec.Struct, frozen=True):
    """Envelopes, oldest first, as the stream sends them."""

    data: list[Written]
    next_cursor: str | None


# A JSON array of headers that was encoded before.
Headers = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={"type": "array", "items": {"$ref": "#/components/schemas/IncidentResource"}}
    ),
]


class SnapshotResource(msgspec.Struct, frozen=True, kw_only=True):
    """The state as of `cursor`; `is_complete` is false where the oldest resolved ones were left out."""

    cursor: str
    data: Headers
    is_complete: bool


class First(msgspec.Struct, frozen=True, kw_only=True):
    """The event that came before yours."""

    actor: str
    actorname: str
    type: str
    time: datetime


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """What a command did; `changed` False when everything was so already."""

    incident: IncidentResource
    events: list[Written]
    changed: bool


class OrganizationResource(msgspec.Struct, frozen=True, kw_only=True):
    """An organization, and what the caller may do: `actions` in all of it, `actions_somewhere` there or in a
    narrower scope. `version` is its own, for If-Match."""

    id: str
    slug: str
    name: str
    actor: Named
    actions: list[Action]
    actions_somewhere: list[Action]
    nobody_is_paged: bool
    version: int


class ServiceResource(msgspec.Struct, frozen=True, kw_only=True):
    """A service. `status` follows the worst of its open incidents; `team` owns it; it needs its
    `dependencies`."""

    id: str
    name: str
    team: Named | None
    dependencies: list[Named]
    tier: int
    runbook_url: str
    links: list[ServiceLink]
    auto_resolve: AutoResolve
    reopen_within_seconds: int
    storm_after: int
    status: ServiceStatus
    open_incidents: int
    created_at: datetime
    archived_at: datetime | None
    version: int


class ServicePage(msgspec.Struct, frozen=True):
    """Services in the order they were made."""

    data: list[ServiceResource]
    next_cursor: str | None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the log as reviewers see it; `hash` is its link in the chain, in hex, once sealed."""

    id: str
    at: datetime
    actor: Named
    action: str
    target: str
    address: str
    request_id: str
    data: msgspec.Raw
    sealed: bool
    hash: str | None


class AuditPage(msgspec.Struct, frozen=True):
    """Audit entries, newest first."""

    data: list[AuditEntry]
    next_cursor: str | None
