"""Lag: what of the log comes behind a place, as far as it takes to count what somebody sees of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.log import service_of
from hub.storage.statement import written
from hub.storage.tx import Tx


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """One event, with what views and filters look at; the body only where it was asked for."""

    kind: str
    at: datetime
    incident: UUID | None
    service: UUID | None
    private: bool
    body: bytes | None


_BEHIND = written(
    """
    SELECT e.kind, e.at, e.subject, e.incident_id, i.service_id, coalesce(i.private, false) AS private,
      CASE WHEN :bodies THEN b.body END AS body
    FROM incident_event e
    LEFT JOIN event_body b ON :bodies AND b.tenant_id = e.tenant_id AND b.position = e.position
      AND b.position > :position
    LEFT JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id
    WHERE e.tenant_id = :tenant AND e.position > :position ORDER BY e.position LIMIT :limit
    """,
    tenant="uuid", position="big", limit="int", bodies="bool",
)  # fmt: skip


async def behind(tx: Tx, position: int, limit: int, bodies: bool) -> list[Passed]:
    """The next events after a position, in order."""
    rows = await tx.fetch(_BEHIND, position=position, limit=limit, bodies=bodies)
    return [
        Passed(
            kind=row["kind"],
            at=row["at"],
            incident=row["incident_id"],
            service=row["service_id"] or service_of(row["subject"]),
            private=row["private"],
            body=row["body"],
        )
        for row in rows
    ]
