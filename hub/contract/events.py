"""Timeline events: what can happen, in the past tense, and the one envelope that carries it everywhere."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from hub.contract.signals import Link
from hub.contract.words import AlertSeverity, AlertStatus, Severity, Status, Urgency


class Actor(msgspec.Struct, frozen=True):
    """Who acts: `id` is an id of the wire (`mem_…`, `key_…`, `int_…`) or a named one, `system:sweeper`."""

    id: str
    name: str

    @property
    def is_member(self) -> bool:
        """Work is what members do; keys, integrations and system actors do not count as people."""
        return self.id.startswith("mem_")


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The data of one kind of event. `about` names what the event's subject is (a key of ids.PREFIXES)."""

    kind: ClassVar[str]
    about: ClassVar[str]
    schema: ClassVar[int] = 1
    administrative: ClassVar[bool] = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, as the domain sees it, before the log gives it a place."""

    data: Kind
    subject: UUID
    incident: UUID | None = None
    actor: Actor
    at: datetime


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The CloudEvents 1.0 JSON object of an event; these bytes are the same on every transport.

    `actor`, `actorname`, `incident` with its version and severity after the event, `correlationid` and
    `schemaversion` are extension attributes, so lower case and of simple types (CloudEvents 1.0, section
    3.1).
    """

    id: str
    type: str
    time: datetime
    source: str
    subject: str
    actor: str
    actorname: str
    schemaversion: int
    specversion: str = msgspec.field(default_factory=lambda: "1.0")
    incident: str = ""
    incidentversion: int = 0
    incidentseverity: str = ""
    correlationid: str = ""
    data: msgspec.Raw


class IncidentOpened(Kind, frozen=True, kw_only=True):
    """A new incident; every later event of it carries its header fields' changes only. A `private` one has
    a number below zero, of a series of its own; into a `storm` others fold."""

    kind = "incident.opened"
    about = "incident"
    number: int
    title: str
    service: str
    severity: Severity
    urgency: Urgency
    group_key: str
    recurs: str | None = None
    private: bool = False
    storm: bool = False


class IncidentAcknowledged(Kind, frozen=True, kw_only=True):
    """The actor has taken it; acknowledgements are a set of (actor, at)."""

    kind = "incident.acknowledged"
    about = "incident"


class IncidentUnacknowledged(Kind, frozen=True, kw_only=True):
    """All acknowledgements are withdrawn: back to triggered."""

    kind = "incident.unacknowledged"
    about = "incident"


class IncidentMitigated(Kind, frozen=True, kw_only=True):
    """The harm has stopped, the work has not."""

    kind = "incident.mitigated"
    about = "incident"


class IncidentResolved(Kind, frozen=True, kw_only=True):
    """Over. `automatic` when its alerts cleared it; `firing` is how many still fired then."""

    kind = "incident.resolved"
    about = "incident"
    automatic: bool = False
    firing: int = 0


class IncidentClosed(Kind, frozen=True, kw_only=True):
    """Nothing is left to do."""

    kind = "incident.closed"
    about = "incident"


class IncidentReopened(Kind, frozen=True, kw_only=True):
    """Open again; `reason` is `command`, `new_episode`, `flapping` (the `times`th time by itself),
    `still_firing`, `reporters_disagree`, or `corrected`, where the event that had resolved it is taken back
    (`corrects`)."""

    kind = "incident.reopened"
    about = "incident"
    reason: str
    times: int = 0
    corrects: str = ""


class IncidentNoted(Kind, frozen=True, kw_only=True):
    """Somebody wrote something down."""

    kind = "incident.noted"
    about = "incident"
    text: str


class IncidentSeveritySet(Kind, frozen=True, kw_only=True):
    """The severity changed by hand. The header goes along: a stream that asks for severities may meet the
    incident here for the first time."""

    kind = "incident.severity_set"
    about = "incident"
    severity: Severity
    was: Severity
    number: int
    title: str
    service: str
    status: Status
    urgency: Urgency
    opened_at: datetime


class IncidentSignalsCleared(Kind, frozen=True, kw_only=True):
    """All its alerts have cleared, but somebody works on it: it asks instead of resolving."""

    kind = "incident.signals_cleared"
    about = "incident"


class IncidentCommanderAssigned(Kind, frozen=True, kw_only=True):
    """A member leads the work now; `was` did before, if anybody."""

    kind = "incident.commander_assigned"
    about = "incident"
    commander: str
    name: str
    was: str | None = None


class IncidentCommanderVacated(Kind, frozen=True, kw_only=True):
    """Nobody leads the work any more; `reason` is `command`, `removed`, `left` or `expired`."""

    kind = "incident.commander_vacated"
    about = "incident"
    was: str
    reason: str


class AlertFired(Kind, frozen=True, kw_only=True):
    """A new episode of an alert, joined to an incident. `group_key` is where it belongs when that is not its
    incident's; it is good for `fresh_for` seconds unless it is said again (null: for ever)."""

    kind = "alert.fired"
    about = "alert"
    integration: str
    format: str
    dedup_key: str
    episode: int
    title: str
    severity: AlertSeverity
    source: str
    reporter: str
    receipt: str
    text: str = ""
    labels: dict[str, str] = {}
    links: tuple[Link, ...] = ()
    runbook: str = ""
    keeps_alive: bool = False
    occurred_at: datetime | None = None
    fresh_for: int | None = None
    group_key: str = ""


class AlertReported(Kind, frozen=True, kw_only=True):
    """One of several reporters says something new of a firing alert that does not change its status; or what
    it said is taken back (`corrects`)."""

    kind = "alert.reported"
    about = "alert"
    reporter: str
    status: AlertStatus
    corrects: str = ""


class AlertCleared(Kind, frozen=True, kw_only=True):
    """Every reporter that fired it has cleared it (`reason`: `reporters`), a person resolved its incident
    (`resolved`), it was not repeated where that means its end (`expired`), or who alone still fired it should
    not have (`corrected`)."""

    kind = "alert.cleared"
    about = "alert"
    reason: str
    reporter: str = ""
    was_stale: bool = False


class ChangeRecorded(Kind, frozen=True, kw_only=True):
    """A deployment or another change that a sender told us of; no alert, nobody is paged."""

    kind = "change.recorded"
    about = "service"
    title: str
    source: str
    text: str = ""
    links: tuple[Link, ...] = ()
