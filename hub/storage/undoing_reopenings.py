"""Undo: how an incident had ended before it was reopened, and what has happened in it since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.statement import Statement, written
from hub.storage.tx import Tx

ENDS = 2  # an incident that was closed may have been resolved before
DEEDS = 20  # of people, after which nobody needs to look on

_GIVEN = "unnest(:incidents, :positions) WITH ORDINALITY AS given (incident, position, n)"
_PARAMETERS = {"tenant": "uuid", "incidents": "uuid[]", "positions": "big[]"}
_ENDS = written(
    f"""
    SELECT given.n, found.body FROM {_GIVEN} CROSS JOIN LATERAL (
      SELECT e.position, b.body FROM incident_event e
        LEFT JOIN event_body b ON b.tenant_id = e.tenant_id AND b.position = e.position
      WHERE e.tenant_id = :tenant AND e.incident_id = given.incident AND e.position < given.position
        AND e.kind IN ('incident.resolved', 'incident.closed', 'incident.corrected', 'incident.reopened',
          'incident.reopening_corrected')
      ORDER BY e.position DESC LIMIT :limit) found
    ORDER BY given.n, found.position DESC
    """,
    limit="int", **_PARAMETERS,
)  # fmt: skip
# A correction is made by a person, too, and says so in its body.
_DEEDS = written(
    f"""
    SELECT given.n, found.body FROM {_GIVEN} CROSS JOIN LATERAL (
      SELECT e.position, b.body FROM incident_event e
        LEFT JOIN event_body b ON b.tenant_id = e.tenant_id AND b.position = e.position
      WHERE e.tenant_id = :tenant AND e.incident_id = given.incident AND e.position > given.position
        AND (e.actor LIKE 'mem\\_%' OR e.actor LIKE 'key\\_%')
        AND e.kind IN ('incident.acknowledged', 'incident.unacknowledged', 'incident.mitigated',
          'incident.noted', 'incident.severity_set', 'incident.commander_assigned',
          'incident.commander_vacated', 'incident.hidden', 'incident.shown', 'incident.glass_broken',
          'incident.resolved', 'incident.closed', 'incident.reopened', 'alert.split_off', 'alert.taken_in')
      ORDER BY e.position LIMIT :limit) found
    ORDER BY given.n, found.position
    """,
    limit="int", **_PARAMETERS,
)  # fmt: skip
_UNCLEARED = written(
    "SELECT id, incident_id, fired_at FROM alert WHERE tenant_id = :tenant AND incident_id = ANY (:incidents)"
    " AND status <> 'cleared' AND fired_at >= :after AND NOT id = ANY (:but)"
    " ORDER BY fired_at DESC LIMIT :limit",
    tenant="uuid", incidents="uuid[]", after="time", but="uuid[]", limit="int",
)  # fmt: skip


_STALE = written(
    """
    SELECT given.n, found.body FROM unnest(:incidents, :positions, :subjects) WITH ORDINALITY
        AS given (incident, position, subject, n) CROSS JOIN LATERAL (
      SELECT b.body FROM incident_event e
        LEFT JOIN event_body b ON b.tenant_id = e.tenant_id AND b.position = e.position
      WHERE e.tenant_id = :tenant AND e.incident_id = given.incident AND e.position < given.position
        AND e.kind = 'alert.went_stale' AND e.subject = given.subject
      ORDER BY e.position DESC LIMIT 1) found
    """,
    subjects="text[]", **_PARAMETERS,
)  # fmt: skip


class Reopening(msgspec.Struct, frozen=True):
    """An incident that was reopened, and where in the log."""

    incident: UUID
    position: int


async def ends(tx: Tx, asked: Sequence[Reopening]) -> list[list[bytes | None]]:
    """For each, the envelopes of its two last endings and reopenings before, newest first; None for what was
    erased."""
    return await _found(tx, _ENDS, asked, ENDS)


async def deeds(tx: Tx, asked: Sequence[Reopening]) -> list[list[bytes | None]]:
    """For each, the envelopes of the next 20 deeds of members and API keys, corrections among them."""
    return await _found(tx, _DEEDS, asked, DEEDS)


async def uncleared(
    tx: Tx, incidents: Sequence[UUID], after: datetime, but: Sequence[UUID], limit: int
) -> list[tuple[UUID, datetime]]:
    """The incidents of the newest alerts that fired at a time or later and were not cleared, `but` for
    these, and when each fired."""
    rows = await tx.fetch(_UNCLEARED, incidents=list(incidents), after=after, but=list(but), limit=limit)
    return [(row["incident_id"], row["fired_at"]) for row in rows]


async def stale(tx: Tx, asked: Sequence[Reopening], alerts: Sequence[str]) -> list[bytes | None]:
    """For each of these alerts (ids of the wire), which were heard of again there, the envelope of how it had
    gone stale before; None where there is none any more."""
    found: list[bytes | None] = [None for _ in asked]
    if asked:
        incidents, positions = [each.incident for each in asked], [each.position for each in asked]
        rows = await tx.fetch(_STALE, incidents=incidents, positions=positions, subjects=list(alerts))
        for row in rows:
            found[row["n"] - 1] = row["body"]
    return found


async def _found(
    tx: Tx, statement: Statement, asked: Sequence[Reopening], limit: int
) -> list[list[bytes | None]]:
    found: list[list[bytes | None]] = [[] for _ in asked]
    if asked:
        incidents, positions = [each.incident for each in asked], [each.position for each in asked]
        for row in await tx.fetch(statement, incidents=incidents, positions=positions, limit=limit):
            found[row["n"] - 1].append(row["body"])
    return found
