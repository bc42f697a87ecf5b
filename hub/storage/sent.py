"""Sent alerts: what a sender may read of its own, the latest episode of each, with its incident's state."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from hub.contract.ids import text
from hub.storage.statement import written
from hub.storage.tx import Tx


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as its sender sees it. `number` is its incident's, 0 where that is private."""

    id: UUID
    dedup_key: str
    title: str
    severity: str
    source: str
    count: int
    fired_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    incident_id: UUID
    number: int
    is_acknowledged: bool
    integration_name: str


_COLUMNS = """
    a.id, a.dedup_key, a.title, a.severity, a.source, a.count, a.fired_at, a.last_at, a.cleared_at,
    CASE WHEN i.private THEN 0 ELSE i.number END AS number, i.status = 'acknowledged' AS is_acknowledged,
    a.incident_id, n.name AS integration_name
    FROM alert a JOIN incident i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
    JOIN integration n ON n.tenant_id = a.tenant_id AND n.id = a.integration_id
    WHERE a.tenant_id = :tenant AND a.integration_id = :integration AND a.format = :format
    """
_LATEST = """
    AND a.episode = (SELECT max(episode) FROM alert WHERE tenant_id = :tenant
      AND integration_id = :integration AND format = :format AND dedup_key = a.dedup_key)
    """
_BY_KEY = written(
    f"SELECT {_COLUMNS} {_LATEST} AND a.dedup_key = :key",
    tenant="uuid", integration="uuid", format="text", key="text",
)  # fmt: skip
_BY_ID = written(
    f"SELECT {_COLUMNS} {_LATEST} AND a.id = :id",
    tenant="uuid", integration="uuid", format="text", id="uuid",
)  # fmt: skip
_BY_NUMBER = written(
    f"SELECT {_COLUMNS} {_LATEST} AND i.number = :number AND NOT i.private ORDER BY a.id DESC LIMIT 1",
    tenant="uuid", integration="uuid", format="text", number="big",
)  # fmt: skip
_PAGE = written(
    f"SELECT {_COLUMNS} {_LATEST} AND (CAST(:is_open AS bool) IS NULL OR (a.status <> 'cleared') = :is_open) "
    "ORDER BY a.id DESC LIMIT :limit OFFSET :offset",
    tenant="uuid", integration="uuid", format="text", is_open="bool", limit="int", offset="int",
)  # fmt: skip
_COUNT = written(
    "SELECT count(*) AS count FROM alert a WHERE a.tenant_id = :tenant AND a.integration_id = :integration "
    f"AND a.format = :format {_LATEST} "
    "AND (CAST(:is_open AS bool) IS NULL OR (a.status <> 'cleared') = :is_open)",
    tenant="uuid", integration="uuid", format="text", is_open="bool",
)  # fmt: skip
_STORY = written(
    """
    SELECT b.body FROM incident_event e
      JOIN event_body b ON b.tenant_id = e.tenant_id AND b.position = e.position
    WHERE e.tenant_id = :tenant AND e.incident_id = :incident AND e.actor = :actor AND b.body IS NOT NULL
      AND (e.subject = :alert OR e.subject = :whole) AND (CAST(:kind AS text) IS NULL OR e.kind = :kind)
    ORDER BY e.position DESC LIMIT :limit
    """,
    tenant="uuid", incident="uuid", actor="text", alert="text", whole="text", kind="text", limit="int",
)  # fmt: skip


def _sent(row: asyncpg.Record) -> Sent:
    return Sent(**{name: row[name] for name in Sent.__struct_fields__})


async def by_key(tx: Tx, integration: UUID, format: str, key: str) -> Sent | None:
    """The latest episode under a dedup key."""
    row = await tx.one(_BY_KEY, integration=integration, format=format, key=key)
    return _sent(row) if row else None


async def by_id(tx: Tx, integration: UUID, format: str, id: UUID) -> Sent | None:
    """An alert by its id, as long as no later episode has taken its place."""
    row = await tx.one(_BY_ID, integration=integration, format=format, id=id)
    return _sent(row) if row else None


async def by_number(tx: Tx, integration: UUID, format: str, number: int) -> Sent | None:
    """The newest alert of a public incident."""
    row = await tx.one(_BY_NUMBER, integration=integration, format=format, number=number)
    return _sent(row) if row else None


async def page(
    tx: Tx, integration: UUID, format: str, is_open: bool | None, limit: int, offset: int
) -> list[Sent]:
    """Alerts of an integration, newest first; only those that are (not) open where that is asked."""
    asked = {"is_open": is_open, "limit": limit, "offset": offset}
    return [_sent(row) for row in await tx.fetch(_PAGE, integration=integration, format=format, **asked)]


async def count(tx: Tx, integration: UUID, format: str, is_open: bool | None) -> int:
    """How many alerts `page` would list in all."""
    row = await tx.one(_COUNT, integration=integration, format=format, is_open=is_open)
    return int(row["count"]) if row else 0


async def story(tx: Tx, incident: UUID, alert: UUID, actor: str, kind: str | None, limit: int) -> list[bytes]:
    """The envelopes of what an actor did to an alert and its incident, newest first; of a kind, or of all."""
    asked = {"alert": text("alert", alert), "whole": text("incident", incident), "kind": kind}
    rows = await tx.fetch(_STORY, incident=incident, actor=actor, limit=limit, **asked)
    return [row["body"] for row in rows]
