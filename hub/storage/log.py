"""The one log: append (dense positions, in commit order, with the epoch), and read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.contract.ids import parse
from hub.domain.errors import Broken
from hub.storage.directory import Head
from hub.storage.statement import TENANT, Statement, given, many, written
from hub.storage.tables import audit_log, event_body, incident, incident_event
from hub.storage.tx import Tx


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way into the log: the columns that are chained, and the erasable part."""

    id: UUID
    kind: str
    at: datetime
    actor: str
    subject: str
    incident_id: UUID | None
    version: int | None
    request_id: str
    digest: bytes
    salt: bytes
    body: bytes
    address: str


class LogEvent(msgspec.Struct, frozen=True, array_like=True):
    """One event as streams carry it: its place, what views filter by, and the bytes that are sent.

    `service` and `private` are those of its incident; an event about a service itself has that one.
    """

    position: int
    kind: str
    incident: UUID | None
    body: bytes
    service: UUID | None = None
    private: bool = False


class Appended(msgspec.Struct, frozen=True):
    """Where an append ended."""

    epoch: UUID
    head: int


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """One event without its body."""

    position: int
    id: UUID
    kind: str
    at: datetime
    incident_id: UUID | None


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the audit log shows it."""

    position: int
    id: UUID
    kind: str
    at: datetime
    actor: str
    subject: str
    request_id: str
    address: str
    body: bytes | None
    hash: bytes | None
    incident: UUID | None
    service: UUID | None
    private: bool


# One statement, the last of its transaction: the row lock on head makes position order commit order, and a
# rollback takes the positions back. An epoch of another server or timeline is left in the same statement.
_APPEND = written(
    """
    WITH server AS (SELECT directory.server() AS now), h AS (
      UPDATE head SET position = head.position + cardinality(:ids), unsealed = true,
        epoch = directory.epoch(head.epoch, head.server, server.now), server = server.now
      FROM server WHERE tenant_id = :tenant RETURNING head.position, head.epoch
    ), rows AS (
      SELECT h.position - cardinality(:ids) + u.n AS position, u.*
      FROM h, unnest(:ids, :kinds, :ats, :actors, :subjects, :incidents, :versions, :requests, :digests,
        :salts, :bodies, :addresses) WITH ORDINALITY
        AS u (id, kind, at, actor, subject, incident_id, version, request_id, digest, salt, body, address, n)
    ), events AS (
      INSERT INTO incident_event (tenant_id, position, id, kind, at, actor, subject, incident_id, version,
        request_id, digest)
      SELECT :tenant, position, id, kind, at, actor, subject, incident_id, version, request_id, digest
      FROM rows RETURNING position
    ), bodies AS (
      INSERT INTO event_body (tenant_id, position, salt, body, address)
      SELECT :tenant, position, salt, body, address FROM rows RETURNING position
    )
    SELECT h.position, h.epoch, (SELECT count(*) FROM events) AS events,
      (SELECT count(*) FROM bodies) AS bodies
    FROM h
    """,
    tenant="uuid",
    ids="uuid[]",
    kinds="text[]",
    ats="time[]",
    actors="text[]",
    subjects="text[]",
    incidents="uuid[]",
    versions="int[]",
    requests="text[]",
    digests="bytes[]",
    salts="bytes[]",
    bodies="bytes[]",
    addresses="text[]",
)


_HEAD = written("SELECT epoch, position FROM directory.heads(ARRAY[:tenant])", tenant="uuid")


def beside(table: sa.Table, *within: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The rows of a table that belong to the same event. `within` says again which positions are asked for:
    the planner does not conclude it from the other table, and a merge would begin at the log's first event.
    """
    return sa.and_(
        table.c.tenant_id == incident_event.c.tenant_id,
        table.c.position == incident_event.c.position,
        *within,
    )


def above(table: sa.Table) -> sa.ColumnElement[bool]:
    """What lies above the position `after`."""
    return table.c.position > given("after", "big")


def below(table: sa.Table) -> sa.ColumnElement[bool]:
    """What lies below the position `before`."""
    return table.c.position < given("before", "big")


_WITH_BODY = incident_event.join(event_body, beside(event_body))
_OF_INCIDENT = sa.and_(
    incident.c.tenant_id == incident_event.c.tenant_id, incident.c.id == incident_event.c.incident_id
)
_SIGHT = (incident_event.c.incident_id, incident.c.service_id, incident.c.private)
_BETWEEN = Statement(
    sa.select(
        incident_event.c.position,
        incident_event.c.kind,
        incident_event.c.subject,
        event_body.c.body,
        *_SIGHT,
    )
    .select_from(_WITH_BODY.outerjoin(incident, _OF_INCIDENT))
    .where(incident_event.c.tenant_id == TENANT)
    .where(incident_event.c.position.between(given("first", "big"), given("last", "big")))
    .order_by(incident_event.c.position)
)
_TIMELINE = Statement(
    sa.select(incident_event.c.position, event_body.c.body)
    .select_from(incident_event.join(event_body, beside(event_body, above(event_body))))
    .where(incident_event.c.tenant_id == TENANT)
    .where(incident_event.c.incident_id == given("incident", "uuid"))
    .where(above(incident_event))
    .order_by(incident_event.c.position)
    .limit(given("limit", "int"))
)
_AFTER_VERSION = Statement(
    sa.select(event_body.c.body)
    .select_from(_WITH_BODY)
    .where(incident_event.c.tenant_id == TENANT)
    .where(incident_event.c.incident_id == given("incident", "uuid"))
    .where(incident_event.c.version > given("version", "int"))
    .order_by(incident_event.c.position)
    .limit(sa.literal_column("1"))
)
AUDITED = ("position", "id", "kind", "at", "actor", "subject", "request_id")
_AUDIT = Statement(
    sa.select(
        *(incident_event.c[name] for name in AUDITED),
        event_body.c.address,
        event_body.c.body,
        audit_log.c.hash,
        *_SIGHT,
    )
    .select_from(
        incident_event.join(event_body, beside(event_body, below(event_body)))
        .outerjoin(audit_log, beside(audit_log, below(audit_log)))
        .outerjoin(incident, _OF_INCIDENT)
    )
    .where(incident_event.c.tenant_id == TENANT, below(incident_event))
    .order_by(incident_event.c.position.desc())
    .limit(given("limit", "int"))
)
HIGHEST = 2**62  # before every position


_BRIEFLY = Statement(
    sa.select(*(incident_event.c[name] for name in Brief.__struct_fields__))
    .where(incident_event.c.tenant_id == TENANT)
    .where(incident_event.c.id == sa.any_(many("ids", "uuid")))
    .order_by(incident_event.c.position)
)


async def append(tx: Tx, entries: Sequence[Entry]) -> Appended:
    """Give the entries the next positions. Anything but all of them written is Broken, and rolls back."""
    row = await tx.one(
        _APPEND,
        ids=[entry.id for entry in entries],
        kinds=[entry.kind for entry in entries],
        ats=[entry.at for entry in entries],
        actors=[entry.actor for entry in entries],
        subjects=[entry.subject for entry in entries],
        incidents=[entry.incident_id for entry in entries],
        versions=[entry.version for entry in entries],
        requests=[entry.request_id for entry in entries],
        digests=[entry.digest for entry in entries],
        salts=[entry.salt for entry in entries],
        bodies=[entry.body for entry in entries],
        addresses=[entry.address for entry in entries],
    )
    if row is None or row["events"] != len(entries) or row["bodies"] != len(entries):
        raise Broken(f"The log of {tx.tenant} did not take {len(entries)} events.")
    return Appended(row["epoch"], row["position"])


async def head(tx: Tx) -> Head:
    """Where the tenant's log ends, as this transaction sees it."""
    row = await tx.one(_HEAD)
    if row is None:
        raise Broken("A tenant has no head.")
    return Head(row["epoch"], row["position"])


async def between(tx: Tx, first: int, last: int) -> list[LogEvent]:
    """The events of [first, last], in order."""
    rows = await tx.fetch(_BETWEEN, first=first, last=last)
    return [LogEvent(row["position"], row["kind"], body=row["body"], **_sight(row)) for row in rows]


def _sight(row: asyncpg.Record) -> dict[str, Any]:
    """What views filter by, as it is now."""
    service = row["service_id"] or service_of(row["subject"])
    return {"incident": row["incident_id"], "service": service, "private": bool(row["private"])}


def service_of(subject: str) -> UUID | None:
    """The service that an event without an incident is about."""
    return parse("service", subject)


async def timeline(tx: Tx, incident: UUID, after: int, limit: int) -> list[tuple[int, bytes]]:
    """The events of one incident after a position, oldest first: (position, body)."""
    rows = await tx.fetch(_TIMELINE, incident=incident, after=after, limit=limit)
    return [(row["position"], row["body"]) for row in rows]


async def first_after_version(tx: Tx, incident: UUID, version: int) -> bytes | None:
    """The body of the event that first moved an incident past a version: who was first."""
    row = await tx.one(_AFTER_VERSION, incident=incident, version=version)
    return row["body"] if row else None


async def audit(tx: Tx, before: int, limit: int) -> list[Audited]:
    """A page of the tenant's whole log with its seals, newest first."""
    rows = await tx.fetch(_AUDIT, before=before, limit=limit)
    return [
        Audited(**{name: row[name] for name in (*AUDITED, "address", "body", "hash")}, **_sight(row))
        for row in rows
    ]


async def briefly(tx: Tx, ids: Sequence[UUID]) -> list[Brief]:
    """The events with these ids, in the order of the log."""
    rows = await tx.fetch(_BRIEFLY, ids=list(ids)) if ids else []
    return [Brief(**dict(row)) for row in rows]
