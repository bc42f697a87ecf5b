"""Services: what breaks, with the open incidents that say how it does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from hub.contract.catalogue import ServiceLink
from hub.contract.words import AutoResolve, Severity
from hub.domain.sight import View
from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A service's own row, but for its version."""

    id: UUID
    name: str
    team_id: UUID | None
    tier: int = 3
    runbook_url: str = ""
    links: list[ServiceLink] = []
    auto_resolve: AutoResolve = AutoResolve.UNLESS_WORKED
    reopen_within: timedelta = timedelta(minutes=5)
    storm_after: int = 20
    archived_at: datetime | None = None
    created_at: datetime


class Needed(msgspec.Struct, frozen=True):
    """A service that another one needs."""

    id: UUID
    name: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A service with its team, what it needs, and its open incidents that are not private: how many, and the
    worst."""

    kept: Kept
    needs: list[Needed]
    version: int
    team_name: str | None
    open_incidents: int
    worst: Severity | None


_KINDS = {
    "id": "uuid", "name": "text", "team_id": "uuid", "tier": "small", "runbook_url": "text", "links": "json",
    "auto_resolve": "text", "reopen_within": "span", "storm_after": "int",
    "archived_at": "time", "created_at": "time",
}  # fmt: skip
_SHOWN = """
    SELECT s.id, s.name, s.team_id, s.tier, s.runbook_url, s.links, s.auto_resolve, s.reopen_within,
      s.storm_after, s.archived_at, s.created_at, s.version, t.name AS team_name, o.open_incidents, o.worst, (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'name', n.name) ORDER BY n.name), '[]')::text
        FROM service_dependency d JOIN service n ON n.tenant_id = d.tenant_id AND n.id = d.needs_id
        WHERE d.tenant_id = s.tenant_id AND d.service_id = s.id) AS needs
    FROM service s LEFT JOIN team t ON t.tenant_id = s.tenant_id AND t.id = s.team_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS open_incidents, min(i.severity) AS worst FROM incident i
      WHERE i.tenant_id = s.tenant_id AND i.service_id = s.id AND NOT i.private
        AND i.status IN ('triggered', 'acknowledged', 'mitigated')) o
    WHERE s.tenant_id = :tenant
"""
_ONE = written(_SHOWN + " AND s.id = :id", tenant="uuid", id="uuid")
_PAGE = written(
    _SHOWN + " AND (s.archived_at IS NOT NULL) = :archived AND s.id > :after ORDER BY s.id LIMIT :limit",
    tenant="uuid", archived="bool", after="uuid", limit="int",
)  # fmt: skip
_PICK = written(
    _SHOWN + " AND s.id = ANY (:seen) AND (s.archived_at IS NOT NULL) = :archived AND s.id > :after"
    " ORDER BY s.id LIMIT :limit",
    tenant="uuid", seen="uuid[]", archived="bool", after="uuid", limit="int",
)  # fmt: skip
_NAMED = written(
    "SELECT id FROM service WHERE tenant_id = :tenant AND name = :name", tenant="uuid", name="text"
)
_ADD = written(
    f"INSERT INTO service (tenant_id, {', '.join(_KINDS)})"
    f" VALUES (:tenant, {', '.join(':' + name for name in _KINDS)})",
    tenant="uuid",
    **_KINDS,
)
_SAVE = written(
    f"UPDATE service SET version = version + 1, {', '.join(f'{name} = :{name}' for name in _KINDS)}"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid",
    **_KINDS,
)


def _shown(row: asyncpg.Record) -> Shown:
    values = {name: row[name] for name in _KINDS}
    values["links"] = msgspec.json.decode(row["links"], type=list[ServiceLink])
    values["auto_resolve"] = AutoResolve(row["auto_resolve"])
    return Shown(
        kept=Kept(**values),
        needs=msgspec.json.decode(row["needs"], type=list[Needed]),
        version=row["version"],
        team_name=row["team_name"],
        open_incidents=row["open_incidents"],
        worst=Severity(row["worst"]) if row["worst"] else None,
    )


async def is_taken(tx: Tx, name: str) -> bool:
    """Whether a service has this name, archived or not."""
    return await tx.one(_NAMED, name=name) is not None


def _row(service: Kept) -> dict[str, Any]:
    """A service by its columns; JSON goes as text."""
    return msgspec.structs.asdict(service) | {"links": msgspec.json.encode(service.links).decode()}


async def add(tx: Tx, service: Kept) -> None:
    """A new service; raise Invalid for a name that is taken or a team that is not there."""
    with told():
        await tx.fetch(_ADD, **_row(service))


async def save(tx: Tx, service: Kept) -> None:
    """The next version of a service that this transaction has locked; raise Invalid as `add` does."""
    with told():
        await tx.fetch(_SAVE, **_row(service))


async def find(tx: Tx, id: UUID) -> Shown | None:
    """One service, archived or not."""
    row = await tx.one(_ONE, id=id)
    return _shown(row) if row else None


async def page(tx: Tx, view: View, archived: bool, after: UUID, limit: int) -> list[Shown]:
    """Services of a view, those that are archived or the others, in the order they were made."""
    asked = {"archived": archived, "after": after, "limit": limit}
    if view.whole:
        return [_shown(row) for row in await tx.fetch(_PAGE, **asked)]
    return [_shown(row) for row in await tx.fetch(_PICK, seen=list(view.services), **asked)]
