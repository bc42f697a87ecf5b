"""Undoing: an integration's processed requests since a time, what they have caused, and their marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx

UNDONE = "undone: what it did was taken back"


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of an integration that came since a time, from these addresses, or from anywhere."""

    integration: UUID
    since: datetime
    addresses: Sequence[str] | None = None


# Requests arrive in the order of their times, but for what web processes' clocks and groups differ by; so no
# more rows are looked at than came since then.
_CAME = """inbox.tenant_id = :tenant AND inbox.integration_id = :integration AND inbox.received_at >= :since
  AND inbox.arrival > coalesce((SELECT older.arrival FROM inbox older WHERE older.tenant_id = :tenant
    AND older.integration_id = :integration AND older.received_at < :since - interval '1 minute'
    ORDER BY older.arrival DESC LIMIT 1), 0)"""
_DONE = f"{_CAME} AND inbox.state = 'done' AND inbox.reason <> '{UNDONE}' AND inbox.outcome <> '[]'"
MEANT = "(:anywhere OR inbox.address = ANY (:addresses))"
WHOSE = {"tenant": "uuid", "integration": "uuid", "since": "time", "anywhere": "bool", "addresses": "text[]"}
_NEWEST = written(
    f"""
    SELECT id, arrival, outcome FROM (
      SELECT id, arrival, outcome::text AS outcome, row_number() OVER (ORDER BY arrival DESC) AS n,
        sum(jsonb_array_length(outcome)) OVER (ORDER BY arrival DESC) AS items
      FROM (SELECT id, outcome, arrival FROM inbox WHERE {_DONE} AND {MEANT}
        ORDER BY arrival DESC LIMIT :limit) newest) counted
    WHERE items <= :items OR n = 1 ORDER BY n
    """,
    limit="int", items="int", **WHOSE,
)  # fmt: skip
_LEFT = written(
    f"SELECT count(*) AS count FROM (SELECT FROM inbox WHERE {_DONE} AND {MEANT} LIMIT :limit) AS counted",
    limit="int", **WHOSE,
)  # fmt: skip
_ADDRESSES = written(
    f"SELECT DISTINCT inbox.address FROM inbox WHERE {_DONE} LIMIT :limit",
    tenant="uuid", integration="uuid", since="time", limit="int",
)  # fmt: skip
_MARK = written(
    f"UPDATE inbox SET reason = '{UNDONE}' WHERE tenant_id = :tenant AND id = ANY (:ids)",
    tenant="uuid",
    ids="uuid[]",
)
_AMONG = written(
    f"""
    SELECT id FROM inbox WHERE inbox.tenant_id = :tenant AND id = ANY (:ids)
      AND inbox.integration_id = :integration AND inbox.state = 'done'
      AND (inbox.reason = '{UNDONE}' OR (inbox.received_at >= :since AND {MEANT}))
    """,
    ids="uuid[]", **WHOSE,
)  # fmt: skip
_SHARED = written(
    f"""
    SELECT item ->> 'alert' AS alert, max(arrival) AS last FROM (SELECT outcome, arrival FROM inbox
      WHERE {_DONE} AND NOT {MEANT} ORDER BY arrival DESC LIMIT :limit) others
      CROSS JOIN LATERAL jsonb_array_elements(outcome) AS item
    WHERE item ->> 'decision' = 'repeated' AND item ->> 'alert' = ANY (:alerts) GROUP BY 1
    """,
    alerts="text[]", limit="int", **WHOSE,
)  # fmt: skip
_WITH_BODY = """incident_event e JOIN event_body b ON b.tenant_id = e.tenant_id AND b.position = e.position
  WHERE e.tenant_id = :tenant AND b.body IS NOT NULL"""
_EFFECTS = written(
    f"SELECT e.position, b.body FROM {_WITH_BODY} AND e.id = ANY (:ids) ORDER BY e.position DESC",
    tenant="uuid",
    ids="uuid[]",
)
_FIRED = written(
    f"SELECT b.body FROM {_WITH_BODY} AND e.incident_id = ANY (:incidents) AND e.kind = 'alert.fired'"
    " AND e.subject = ANY (:subjects)",
    tenant="uuid", incidents="uuid[]", subjects="text[]",
)  # fmt: skip
_KINDS = written(
    """
    SELECT e.kind, count(*) AS count FROM incident_event e
      LEFT JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id
    WHERE e.tenant_id = :tenant AND e.id = ANY (:ids) AND i.private IS NOT TRUE GROUP BY e.kind
    """,
    tenant="uuid",
    ids="uuid[]",
)
_LATER = written(
    """
    SELECT a.id, later.id AS later, later.incident_id, later.episode FROM alert a CROSS JOIN LATERAL (
      SELECT id, incident_id, episode FROM alert WHERE tenant_id = :tenant
        AND integration_id = a.integration_id AND format = a.format AND dedup_key = a.dedup_key
        AND episode > a.episode ORDER BY episode LIMIT :limit) later
    WHERE a.tenant_id = :tenant AND a.id = ANY (:ids)
    """,
    tenant="uuid", ids="uuid[]", limit="int",
)  # fmt: skip


class Cause(msgspec.Struct, frozen=True):
    """A request, with its outcome as JSON, and its place among all."""

    id: UUID
    arrival: int
    outcome: str


class Told(msgspec.Struct, frozen=True):
    """An event: its envelope, and its place in the log."""

    position: int
    body: bytes


class Later(msgspec.Struct, frozen=True):
    """A later episode of an alert (`of`)."""

    of: UUID
    id: UUID
    incident_id: UUID
    episode: int


def whose(wanted: Since) -> dict[str, object]:
    """The values for WHOSE, but for the tenant."""
    return {
        "integration": wanted.integration,
        "since": wanted.since,
        "anywhere": wanted.addresses is None,
        "addresses": list(wanted.addresses or ()),
    }


async def newest(tx: Tx, wanted: Since, limit: int, items: int) -> list[Cause]:
    """The newest processed requests that are not undone: at most `limit`, with so many items, but one."""
    rows = await tx.fetch(_NEWEST, limit=limit, items=items, **whose(wanted))
    return [Cause(row["id"], row["arrival"], row["outcome"]) for row in rows]


async def left(tx: Tx, wanted: Since, limit: int) -> int:
    """How many there are, at most `limit`."""
    row = await tx.one(_LEFT, limit=limit, **whose(wanted))
    return int(row["count"]) if row else 0


async def addresses(tx: Tx, integration: UUID, since: datetime, limit: int) -> list[str]:
    """The addresses that they came from, at most `limit`."""
    rows = await tx.fetch(_ADDRESSES, integration=integration, since=since, limit=limit)
    return [row["address"] for row in rows]


async def mark(tx: Tx, ids: Sequence[UUID]) -> None:
    """Say of requests that they are undone, so that nobody does it twice."""
    await tx.fetch(_MARK, ids=list(ids))


async def among(tx: Tx, wanted: Since, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these requests are undone, or will be."""
    return {row["id"] for row in await tx.fetch(_AMONG, ids=sorted(set(ids)), **whose(wanted))}


async def shared(tx: Tx, wanted: Since, alerts: Sequence[str], limit: int) -> dict[str, int]:
    """Which of these alerts (ids of the wire) the newest `limit` other requests since then have fired too,
    each with the arrival of the last one that did."""
    if wanted.addresses is None or not alerts:
        return {}
    rows = await tx.fetch(_SHARED, alerts=list(alerts), limit=limit, **whose(wanted))
    return {row["alert"]: row["last"] for row in rows}


async def effects(tx: Tx, ids: Sequence[UUID]) -> list[Told]:
    """These events, as far as they were not erased, newest first."""
    rows = await tx.fetch(_EFFECTS, ids=list(ids)) if ids else []
    return [Told(row["position"], row["body"]) for row in rows]


async def fired(tx: Tx, incidents: Iterable[UUID], alerts: Iterable[str]) -> list[bytes]:
    """The envelopes of the events by which these alerts fired in these incidents."""
    rows = await tx.fetch(_FIRED, incidents=sorted(set(incidents)), subjects=sorted(set(alerts)))
    return [row["body"] for row in rows]


async def kinds(tx: Tx, ids: Sequence[UUID]) -> dict[str, int]:
    """How many of these events there are of each kind, but for those of private incidents."""
    return {row["kind"]: row["count"] for row in await tx.fetch(_KINDS, ids=list(ids))} if ids else {}


async def later(tx: Tx, ids: Sequence[UUID], limit: int) -> list[Later]:
    """The episodes that came after these, the next `limit` of each."""
    rows = await tx.fetch(_LATER, ids=list(ids), limit=limit)
    return [Later(row["id"], row["later"], row["incident_id"], row["episode"]) for row in rows]
