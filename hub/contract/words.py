"""The words that have a fixed set of values, the same in code, schema, API, logs and docs."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an incident stands; the order is the lifecycle's."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"


OPEN = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED, Status.MITIGATED})


class Severity(StrEnum):
    """How bad an incident is; SEV1 is worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"
    SEV5 = "SEV5"


class Urgency(StrEnum):
    """Whether an incident may wake somebody."""

    HIGH = "high"
    LOW = "low"


class AlertSeverity(StrEnum):
    """What a monitoring system says of one alert."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class AlertStatus(StrEnum):
    """Where an alert stands."""

    FIRING = "firing"
    CLEARED = "cleared"
    STALE = "stale"
    SUPPRESSED = "suppressed"


class SignalAction(StrEnum):
    """What one signal asks for."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    NOTE = "note"
    CHANGE = "change"
    HEARTBEAT = "heartbeat"


class AutoResolve(StrEnum):
    """What a service does with an incident whose alerts have all cleared."""

    ALWAYS = "always"
    UNLESS_WORKED = "unless_worked"
    NEVER = "never"


class Expire(StrEnum):
    """What becomes of an alert that is not repeated in its own time; `clear` is Alertmanager's own rule."""

    STALE = "stale"
    CLEAR = "clear"


class ServiceStatus(StrEnum):
    """How a service does, by the worst of its open incidents."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class HeartbeatStatus(StrEnum):
    """How a heartbeat does; it waits for its first ping before anything is expected.
    Nothing is of a disabled one."""

    WAITING = "waiting"
    ALIVE = "alive"
    LATE = "late"
    DISABLED = "disabled"


class InboxState(StrEnum):
    """What became of one stored request."""

    STORED = "stored"
    DONE = "done"
    DEAD = "dead"
    QUARANTINED = "quarantined"


class Release(StrEnum):
    """What becomes of quarantined requests when an integration is released."""

    PROCESS = "process"
    DISCARD = "discard"


class SigningScheme(StrEnum):
    """How a sender signs its requests: https://www.standardwebhooks.com, GitHub's way, or Grafana's."""

    STANDARD_WEBHOOKS = "standard_webhooks"
    GITHUB = "github"
    GRAFANA = "grafana"


class Decision(StrEnum):
    """What was decided about one signal; the words of a receipt's items."""

    OPENED = "opened"
    JOINED = "joined"
    REOPENED = "reopened"
    REPEATED = "repeated"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"
    RECORDED = "recorded"
    IGNORED = "ignored"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class Action(StrEnum):
    """What an actor may do, `noun:verb`. Every route, command and named system actor declares its own."""

    INCIDENT_READ = "incident:read"
    INCIDENT_OPEN = "incident:open"
    INCIDENT_ACKNOWLEDGE = "incident:acknowledge"
    INCIDENT_RESOLVE = "incident:resolve"
    INCIDENT_NOTE = "incident:note"
    INCIDENT_EDIT = "incident:edit"
    INCIDENT_HIDE = "incident:hide"
    INCIDENT_BREAK_GLASS = "incident:break_glass"
    STREAM_FOLLOW = "stream:follow"
    CONSUMER_USE = "consumer:use"
    CONSUMER_MANAGE = "consumer:manage"
    SERVICE_READ = "service:read"
    SERVICE_MANAGE = "service:manage"
    INTEGRATION_READ = "integration:read"
    INTEGRATION_MANAGE = "integration:manage"
    KEY_MANAGE = "key:manage"
    MEMBER_READ = "member:read"
    MEMBER_MANAGE = "member:manage"
    OWNER_MANAGE = "owner:manage"
    TEAM_MANAGE = "team:manage"
    RECEIPT_READ = "receipt:read"
    RECEIPT_REPLAY = "receipt:replay"
    AUDIT_READ = "audit:read"
    ORGANIZATION_MANAGE = "organization:manage"
    SELF_READ = "self:read"
    SELF_MANAGE = "self:manage"
    LOG_READ = "log:read"
    LOG_SEAL = "log:seal"
    INBOX_WRITE = "inbox:write"
    INBOX_DRAIN = "inbox:drain"
    REFUSAL_RECORD = "refusal:record"
    TIMER_FIRE = "timer:fire"
    VAULT_RESEAL = "vault:reseal"


class Role(StrEnum):
    """What a member, team or key is in a scope; `domain/access.py` says what each may do."""

    OWNER = "owner"
    ADMIN = "admin"
    RESPONDER = "responder"
    OBSERVER = "observer"


class Scope(StrEnum):
    """Where a role holds."""

    ORGANIZATION = "organization"
    TEAM = "team"
    SERVICE = "service"
    INCIDENT = "incident"
