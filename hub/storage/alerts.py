"""Alerts: the latest episode of each key, loaded for update and saved whole."""

from __future__ import annotations

from collections.abc import Iterable
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


async def uncleared_for_update(tx: Tx, incident_id: UUID) -> list[Alert]:
    """Lock and read the alerts of an incident that are not cleared."""
    return [_alert(row) for row in await tx.fetch(_UNCLEARED, incident=incident_id)]


async def of_incident(tx: Tx, incident_id: UUID, limit: int) -> list[Alert]:
    """The alerts of an incident, oldest first."""
    return [_alert(row) for row in await tx.fetch(_OF_INCIDENT, incident=incident_id, limit=limit)]
