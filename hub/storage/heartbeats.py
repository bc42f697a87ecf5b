"""Heartbeats: who is expected to be heard of, heard, and found late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from hub.domain.heartbeat import Heartbeat
from hub.domain.sight import View
from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat with its integration and service, and when it is due by the timer that watches it."""

    heartbeat: Heartbeat
    integration_name: str
    is_disabled: bool
    service_id: UUID
    service_name: str
    due_at: datetime | None
    created_at: datetime
    version: int


_SHOWN = """
    SELECT h.id, h.integration_id, h.name, h.interval_seconds, h.grace_seconds, h.fed_by, h.enabled,
      h.last_ping_at, h.heard_in, h.late_since, h.counts_from, h.created_at, h.version,
      i.name AS integration_name, i.disabled_at IS NOT NULL AS disabled, i.service_id,
      s.name AS service_name, t.due AS due_at
    FROM heartbeat h JOIN integration i ON i.tenant_id = h.tenant_id AND i.id = h.integration_id
      JOIN service s ON s.tenant_id = h.tenant_id AND s.id = i.service_id
      LEFT JOIN timer t ON t.tenant_id = h.tenant_id AND t.kind = 'heartbeat' AND t.subject = h.id
    WHERE h.tenant_id = :tenant
"""
_ONE = written(_SHOWN + " AND h.id = :id", tenant="uuid", id="uuid")
_LOCK = written(
    "SELECT id FROM heartbeat WHERE tenant_id = :tenant AND id = :id FOR NO KEY UPDATE",
    tenant="uuid", id="uuid",
)  # fmt: skip
_PAGE = written(
    _SHOWN + " AND h.id > :after AND (:whole OR i.service_id = ANY (:services)) ORDER BY h.id LIMIT :limit",
    tenant="uuid", after="uuid", whole="bool", services="uuid[]", limit="int",
)  # fmt: skip
_OWN = written(
    _SHOWN + " AND h.integration_id = :integration AND (CAST(:name AS text) IS NULL OR h.name = :name)"
    " ORDER BY h.id LIMIT 1000",
    tenant="uuid", integration="uuid", name="text",
)  # fmt: skip
_COUNT = written("SELECT count(*) AS n FROM heartbeat WHERE tenant_id = :tenant", tenant="uuid")
_TAKEN = written(
    "SELECT id FROM heartbeat WHERE tenant_id = :tenant AND integration_id = :integration AND name = :name",
    tenant="uuid", integration="uuid", name="text",
)  # fmt: skip
_ADD = written(
    "INSERT INTO heartbeat (tenant_id, id, integration_id, name, interval_seconds, grace_seconds, fed_by,"
    " enabled, created_at)"
    " VALUES (:tenant, :id, :integration, :name, :interval, :grace, :fed_by, :enabled, :at)",
    tenant="uuid", id="uuid", integration="uuid", name="text", interval="int", grace="int", fed_by="text",
    enabled="bool", at="time",
)  # fmt: skip
_SAVE = written(
    "UPDATE heartbeat SET version = version + 1, name = :name, interval_seconds = :interval,"
    " grace_seconds = :grace, fed_by = :fed_by, enabled = :enabled"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", name="text", interval="int", grace="int", fed_by="text", enabled="bool",
)  # fmt: skip
_DELETE = written(
    "WITH gone AS (DELETE FROM timer WHERE tenant_id = :tenant AND kind = 'heartbeat' AND subject = :id)"
    " DELETE FROM heartbeat WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid",
)  # fmt: skip
_LOCKED = (
    "SELECT id, integration_id, name, interval_seconds, grace_seconds, fed_by, enabled, last_ping_at,"
    " heard_in, late_since, counts_from FROM heartbeat"
    " WHERE tenant_id = :tenant AND integration_id = :integration"
)
_NAMED = written(
    f"{_LOCKED} AND (name = ANY (:names) OR fed_by = ANY (:fed))"
    " ORDER BY id LIMIT 1000 FOR NO KEY UPDATE",
    tenant="uuid", integration="uuid", names="text[]", fed="text[]",
)  # fmt: skip
_SOME = written(
    f"{_LOCKED} AND id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE",
    tenant="uuid", integration="uuid", ids="uuid[]",
)  # fmt: skip
_MARK = written(
    "UPDATE heartbeat SET last_ping_at = :ping, heard_in = :heard_in, late_since = :late,"
    " counts_from = :counts_from WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", ping="time", heard_in="uuid", late="time", counts_from="time",
)  # fmt: skip


def _heartbeat(row: asyncpg.Record) -> Heartbeat:
    return Heartbeat(
        id=row["id"],
        integration_id=row["integration_id"],
        name=row["name"],
        interval=timedelta(seconds=row["interval_seconds"]),
        grace=timedelta(seconds=row["grace_seconds"]),
        fed_by=row["fed_by"],
        enabled=row["enabled"],
        last_ping_at=row["last_ping_at"],
        heard_in=row["heard_in"],
        late_since=row["late_since"],
        counts_from=row["counts_from"],
    )


def _shown(row: asyncpg.Record) -> Shown:
    return Shown(
        heartbeat=_heartbeat(row),
        integration_name=row["integration_name"],
        is_disabled=row["disabled"],
        service_id=row["service_id"],
        service_name=row["service_name"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        version=row["version"],
    )


async def find(tx: Tx, id: UUID) -> Shown | None:
    """One heartbeat."""
    row = await tx.one(_ONE, id=id)
    return _shown(row) if row else None


async def lock(tx: Tx, id: UUID) -> Shown | None:
    """One heartbeat, locked against pings too."""
    return await find(tx, id) if await tx.one(_LOCK, id=id) else None


async def page(tx: Tx, view: View, after: UUID, limit: int) -> list[Shown]:
    """Heartbeats of a view, in the order they were made."""
    rows = await tx.fetch(_PAGE, after=after, whole=view.whole, services=list(view.services), limit=limit)
    return [_shown(row) for row in rows]


async def own(tx: Tx, integration_id: UUID, name: str | None = None) -> list[Shown]:
    """Those of one integration, or the one of a name."""
    return [_shown(row) for row in await tx.fetch(_OWN, integration=integration_id, name=name)]


async def count(tx: Tx) -> int:
    """How many an organization has."""
    row = await tx.one(_COUNT)
    return row["n"] if row else 0


async def is_taken(tx: Tx, integration_id: UUID, name: str) -> bool:
    """Whether a heartbeat of an integration has this name."""
    return await tx.one(_TAKEN, integration=integration_id, name=name) is not None


def _settings(heartbeat: Heartbeat) -> dict[str, object]:
    return {
        "id": heartbeat.id,
        "name": heartbeat.name,
        "interval": int(heartbeat.interval.total_seconds()),
        "grace": int(heartbeat.grace.total_seconds()),
        "fed_by": heartbeat.fed_by,
        "enabled": heartbeat.enabled,
    }


async def add(tx: Tx, heartbeat: Heartbeat, at: datetime) -> None:
    """A new one; raise Invalid for a name that is taken."""
    with told():
        await tx.fetch(_ADD, integration=heartbeat.integration_id, at=at, **_settings(heartbeat))


async def save(tx: Tx, heartbeat: Heartbeat) -> None:
    """The next version of its settings; raise Invalid for a name that is taken."""
    with told():
        await tx.fetch(_SAVE, **_settings(heartbeat))


async def some_for_update(tx: Tx, integration_id: UUID, ids: Iterable[UUID]) -> list[Heartbeat]:
    """These heartbeats of an integration, as far as they are there; locked."""
    return [
        _heartbeat(row) for row in await tx.fetch(_SOME, integration=integration_id, ids=sorted(set(ids)))
    ]


async def delete(tx: Tx, id: UUID) -> None:
    """Forget it, and its timer."""
    await tx.fetch(_DELETE, id=id)


async def named(tx: Tx, integration_id: UUID, names: Iterable[str], fed: Iterable[str]) -> list[Heartbeat]:
    """The heartbeats of an integration with these names, or fed by alerts with those; locked."""
    rows = await tx.fetch(_NAMED, integration=integration_id, names=sorted(names), fed=sorted(fed))
    return [_heartbeat(row) for row in rows]


async def mark(tx: Tx, heartbeat: Heartbeat) -> None:
    """Note when and in what it was heard, since when it is late, and from when its time counts. Bookkeeping:
    what happens is on its alert."""
    await tx.fetch(
        _MARK,
        id=heartbeat.id,
        ping=heartbeat.last_ping_at,
        heard_in=heartbeat.heard_in,
        late=heartbeat.late_since,
        counts_from=heartbeat.counts_from,
    )
