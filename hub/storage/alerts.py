"""Alerts: the latest episode of each key, loaded for update and saved whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.contract.words import AlertSeverity, AlertStatus
from hub.domain.alert import Alert
from hub.storage.statement import TENANT, Statement, given, many, written
from hub.storage.tables import alert
from hub.storage.tx import Tx

COLUMNS = Alert.__struct_fields__
FIELDS = [alert.c[name] for name in COLUMNS]
_LATEST = written(
    """
    SELECT latest.id, latest.incident_id, i.group_key FROM unnest(:keys) AS k (dedup_key) CROSS JOIN LATERAL (
      SELECT id, incident_id FROM alert WHERE tenant_id = :tenant AND integration_id = :integration
        AND format = :format AND dedup_key = k.dedup_key ORDER BY episode DESC LIMIT 1) latest
    JOIN incident i ON i.tenant_id = :tenant AND i.id = latest.incident_id
    """,
    tenant="uuid",
    integration="uuid",
    format="text",
    keys="text[]",
)
_LOCK = Statement(
    sa.select(*FIELDS)
    .where(alert.c.tenant_id == TENANT, alert.c.id == sa.any_(many("ids", "uuid")))
    .order_by(alert.c.id)
    .with_for_update(key_share=True)
)
_SOME = Statement(
    sa.select(*FIELDS)
    .where(alert.c.tenant_id == TENANT, alert.c.id == sa.any_(many("ids", "uuid")))
    .order_by(alert.c.id)
)
_UNCLEARED = Statement(
    sa.select(*FIELDS)
    .where(alert.c.tenant_id == TENANT, alert.c.incident_id == given("incident", "uuid"))
    .where(alert.c.status != sa.literal_column("'cleared'"))
    .order_by(alert.c.id)
    .with_for_update(key_share=True)
)
_OF_INCIDENT = Statement(
    sa.select(*FIELDS)
    .where(alert.c.tenant_id == TENANT, alert.c.incident_id == given("incident", "uuid"))
    .order_by(alert.c.id)
    .limit(given("limit", "int"))
)


# Whoever could not be heard, since nobody listened, has the whole time again from when somebody did.
_END = "greatest(last_at, :since) + fresh_for * interval '1 second'"
_SILENT = written(
    "SELECT id, incident_id FROM alert WHERE tenant_id = :tenant AND integration_id = :integration"
    f" AND status = 'firing' AND fresh_for IS NOT NULL AND {_END} <= :now ORDER BY last_at, id LIMIT :limit",
    tenant="uuid", integration="uuid", since="time", now="time", limit="int",
)  # fmt: skip
_NEXT = written(
    f"SELECT min({_END}) AS due FROM alert WHERE tenant_id = :tenant AND integration_id = :integration"
    " AND status = 'firing' AND fresh_for IS NOT NULL",
    tenant="uuid", integration="uuid", since="time",
)  # fmt: skip


class Latest(NamedTuple):
    """The latest episode of an alert, and the group of its incident."""

    id: UUID
    incident_id: UUID
    group_key: str


def _alert(row: asyncpg.Record) -> Alert:
    values = {name: row[name] for name in COLUMNS}
    values["status"] = AlertStatus(row["status"])
    values["severity"] = AlertSeverity(row["severity"])
    values["reporters"] = msgspec.json.decode(row["reporters"], type=dict[str, AlertStatus])
    return Alert(**values)


async def latest(tx: Tx, integration_id: UUID, format: str, keys: Iterable[str]) -> list[Latest]:
    """The latest episode of each key that has one; nothing is locked yet."""
    rows = await tx.fetch(_LATEST, integration=integration_id, format=format, keys=sorted(set(keys)))
    return [Latest(row["id"], row["incident_id"], row["group_key"]) for row in rows]


async def load_for_update(tx: Tx, ids: Iterable[UUID]) -> list[Alert]:
    """Lock alerts in the order of their ids, and read them as they are then."""
    return [_alert(row) for row in await tx.fetch(_LOCK, ids=sorted(set(ids)))]


async def some(tx: Tx, ids: Iterable[UUID]) -> list[Alert]:
    """These alerts, as far as they are there; nothing is locked."""
    return [_alert(row) for row in await tx.fetch(_SOME, ids=sorted(set(ids)))]


async def uncleared_for_update(tx: Tx, incident_id: UUID) -> list[Alert]:
    """Lock and read the alerts of an incident that are not cleared."""
    return [_alert(row) for row in await tx.fetch(_UNCLEARED, incident=incident_id)]


async def of_incident(tx: Tx, incident_id: UUID, limit: int) -> list[Alert]:
    """The alerts of an incident, oldest first."""
    return [_alert(row) for row in await tx.fetch(_OF_INCIDENT, incident=incident_id, limit=limit)]


async def silent(
    tx: Tx, integration_id: UUID, since: datetime, now: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Firing alerts of an integration that were not repeated in their own time, which counts from `since` at
    the earliest, with their incidents; the longest silent first. Nothing is locked yet."""
    rows = await tx.fetch(_SILENT, integration=integration_id, since=since, now=now, limit=limit)
    return [(row["id"], row["incident_id"]) for row in rows]


async def silent_at(tx: Tx, integration_id: UUID, since: datetime) -> datetime | None:
    """When the next one of them will be, unless it is repeated."""
    row = await tx.one(_NEXT, integration=integration_id, since=since)
    return row["due"] if row else None
