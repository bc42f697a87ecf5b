"""The tables as Core knows them; the schema itself is made in migrations/, and a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REAL, UUID

METADATA = MetaData()
TYPES: dict[str, Any] = {
    "uuid": UUID(),
    "text": Text(),
    "texts": ARRAY(Text()),
    "int": Integer(),
    "small": SmallInteger(),
    "big": BigInteger(),
    "bool": Boolean(),
    "real": REAL(),
    "time": DateTime(timezone=True),
    "span": Interval(),
    "bytes": LargeBinary(),
    "json": JSONB(),
}


def _table(name: str, /, **columns: str) -> Table:
    """A table of a tenant: `tenant_id` first, then the columns by the short names of their types."""
    return Table(
        name,
        METADATA,
        Column("tenant_id", TYPES["uuid"]),
        *(Column(column, TYPES[kind]) for column, kind in columns.items()),
        info=columns,
    )


head = _table("head", position="big", epoch="uuid", server="text", unsealed="bool", cut="big")
organization = _table("organization", slug="text", name="text", created_at="time", version="int")
counter = _table("counter", incidents="big", private_incidents="big")
person = _table("person", email="text", name="text", created_at="time", version="int")
identity = _table("identity", issuer="text", subject="text", secret="text", created_at="time")
membership = _table(
    "membership", id="uuid", person_id="uuid", display_name="text", time_zone="text",
    created_at="time", expires_at="time", version="int",
)  # fmt: skip
team = _table("team", id="uuid", name="text", created_at="time", version="int")
team_member = _table("team_member", team_id="uuid", membership_id="uuid")
role_binding = _table(
    "role_binding", id="uuid", subject_kind="text", subject_id="uuid", role="text",
    scope_kind="text", scope_id="uuid", created_at="time", expires_at="time",
)  # fmt: skip
credential = _table(
    "credential", hash="bytes", id="uuid", kind="text", subject="uuid", scopes="texts",
    created_at="time", expires_at="time", last_used_at="time", about="json",
)  # fmt: skip
sealed_secret = _table(
    "sealed_secret", id="uuid", kind="text", subject="uuid", key_id="text", sealed="bytes", about="json",
    created_at="time", expires_at="time",
)  # fmt: skip
service = _table(
    "service", id="uuid", name="text", team_id="uuid", tier="small", runbook_url="text", links="json",
    auto_resolve="text", reopen_within="span", escalation_policy_id="uuid", ack_timeout="span",
    storm_after="int",
    archived_at="time", created_at="time", version="int",
)  # fmt: skip
service_dependency = _table("service_dependency", service_id="uuid", needs_id="uuid")
integration = _table(
    "integration", id="uuid", service_id="uuid", name="text", expire="text", stale_after="span", hold="json",
    disabled_at="time", archived_at="time", created_at="time", version="int",
)  # fmt: skip
incident = _table(
    "incident", id="uuid", number="big", service_id="uuid", group_key="text", title="text",
    status="text", severity="text", urgency="text", acknowledgements="json", worked="bool",
    firing="int", stale="int", total="int", reopens="int", resolved_automatically="bool",
    recurs="uuid", version="int", opened_at="time", acknowledged_at="time", mitigated_at="time",
    resolved_at="time", closed_at="time",
    private="bool", commander_id="uuid", storm="bool", snoozed_until="time", next_update_at="time",
)  # fmt: skip
alert = _table(
    "alert", id="uuid", integration_id="uuid", format="text", dedup_key="text", episode="int",
    incident_id="uuid", status="text", severity="text", title="text", source="text", reporters="json",
    keeps_alive="bool", fired_at="time", cleared_at="time", count="big", last_at="time",
    fresh_for="int", group_key="text",
)  # fmt: skip
task = _table(
    "task", id="uuid", incident_id="uuid", title="text", assignee_id="uuid", done_at="time",
    created_at="time", version="int",
)  # fmt: skip
heartbeat = _table(
    "heartbeat", id="uuid", integration_id="uuid", name="text", interval_seconds="int", grace_seconds="int",
    fed_by="text", enabled="bool", last_ping_at="time", heard_in="uuid", late_since="time",
    counts_from="time", created_at="time", version="int",
)  # fmt: skip
flow = _table("flow", service_id="uuid", level="real", at="time", storm="uuid")
listening = _table("listening", since="time", until="time")
consumer = _table(
    "consumer", id="uuid", name="text", owner_kind="text", owner_id="uuid", filter="text", epoch="uuid",
    position="big", view="bytes", owed="uuid", holder="big", held_until="time", acknowledged_at="time",
    created_at="time", version="int",
)  # fmt: skip
timer = _table("timer", kind="text", subject="uuid", generation="int", due="time")
request_key = _table(
    "request_key", actor="text", command="text", key="text", request_hash="bytes", subject="text",
    created_at="time",
)  # fmt: skip
incident_event = _table(
    "incident_event", position="big", id="uuid", kind="text", at="time", actor="text", subject="text",
    incident_id="uuid", version="int", request_id="text", digest="bytes",
)  # fmt: skip
event_body = _table("event_body", position="big", salt="bytes", body="bytes", address="text")
audit_log = _table("audit_log", position="big", hash="bytes", sealed_at="time")
inbox = _table(
    "inbox", id="uuid", integration_id="uuid", format="text", body="bytes", truncated="bool",
    arrival="big", received_at="time", request_id="text", correlation="text", traceparent="text",
    address="text", state="text", outcome="json", reason="text", tries="small", processed_at="time",
)  # fmt: skip
lane = _table("lane", integration_id="uuid", drained_at="time")
attempt = _table("attempt", integration_id="uuid", upto="big", started_at="time")
