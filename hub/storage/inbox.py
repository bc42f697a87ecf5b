"""The inbox: a stored request is receipt, work and dead letter in one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.contract.ids import INSTALLATION
from hub.contract.words import InboxState
from hub.domain.sight import View
from hub.storage.statement import TENANT, Statement, given, many, written
from hub.storage.tables import inbox, integration
from hub.storage.tx import Store, Tx


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request to keep. `id` decides what is a repeat: the primary key deduplicates."""

    tenant_id: UUID
    id: UUID
    integration_id: UUID
    format: str
    body: bytes
    truncated: bool = False
    received_at: datetime
    request_id: str
    traceparent: str = ""
    address: str = ""


class Waiting(InboxRow, frozen=True, kw_only=True):
    """A row to process, with its place in the lane, how often it was tried alone, and how many of its
    signals are done: a large one is processed in portions. `reason` says what else is to become of it."""

    arrival: int
    tries: int
    done: int
    reason: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row: a word of InboxState (stored where only a portion is done), the outcomes that
    were added as JSON, and a reason for the dead."""

    id: UUID
    state: InboxState
    outcome: bytes
    reason: str = ""


class Receipt(InboxRow, frozen=True, kw_only=True):
    """A row as its sender or a responder looks it up."""

    arrival: int
    state: InboxState
    outcome: str
    reason: str
    processed_at: datetime | None
    integration_name: str
    service_id: UUID


_PUT = written(
    """
    INSERT INTO inbox (tenant_id, id, integration_id, format, body, truncated, received_at, request_id,
      traceparent, address)
    SELECT * FROM unnest(:tenant_id, :id, :integration_id, :format, :body, :truncated, :received_at,
      :request_id, :traceparent, :address)
    ON CONFLICT DO NOTHING
    """,
    tenant_id="uuid[]",
    id="uuid[]",
    integration_id="uuid[]",
    format="text[]",
    body="bytes[]",
    truncated="bool[]",
    received_at="time[]",
    request_id="text[]",
    traceparent="text[]",
    address="text[]",
)
_BATCH = written(
    """
    SELECT w.* FROM (
      SELECT t.*, sum(length(t.body)) OVER (ORDER BY t.arrival) AS bytes,
        row_number() OVER (ORDER BY t.arrival) AS n
      FROM (
        SELECT tenant_id, id, integration_id, format, body, truncated, received_at, request_id, traceparent,
          address, arrival, tries, jsonb_array_length(outcome) AS done,
          reason
        FROM inbox WHERE tenant_id = :tenant AND integration_id = :integration AND state = 'stored'
        ORDER BY arrival LIMIT :limit) t) w
    WHERE w.bytes <= :bytes OR w.n = 1 ORDER BY w.arrival
    """,
    tenant="uuid",
    integration="uuid",
    limit="int",
    bytes="big",
)
_DONE = written(
    """
    UPDATE inbox SET state = u.state, outcome = inbox.outcome || u.outcome::jsonb, reason = u.reason,
      tries = CASE u.state WHEN 'stored' THEN 0 ELSE inbox.tries END,
      processed_at = CASE WHEN u.state IN ('done', 'dead') THEN now() END
    FROM unnest(:ids, :states, :outcomes, :reasons) AS u (id, state, outcome, reason)
    WHERE inbox.tenant_id = :tenant AND inbox.id = u.id
    """,
    tenant="uuid",
    ids="uuid[]",
    states="text[]",
    outcomes="text[]",
    reasons="text[]",
)
_TRY = written(
    "UPDATE inbox SET tries = tries + :by WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", by="small",
)  # fmt: skip
_RECEIPT = (
    sa.select(
        *(inbox.c[name] for name in InboxRow.__struct_fields__ if name != "body"),
        inbox.c.arrival,
        inbox.c.state,
        inbox.c.outcome,
        inbox.c.reason,
        inbox.c.processed_at,
        integration.c.name.label("integration_name"),
        integration.c.service_id,
        sa.func.substr(inbox.c.body, sa.literal_column("1"), given("body_max", "int")).label("body"),
    )
    .select_from(
        inbox.join(
            integration,
            sa.and_(integration.c.tenant_id == inbox.c.tenant_id, integration.c.id == inbox.c.integration_id),
        )
    )
    .where(inbox.c.tenant_id == TENANT)
)
_SHOW = Statement(_RECEIPT.where(inbox.c.id == given("id", "uuid")))
_DEAD = Statement(
    _RECEIPT.where(inbox.c.state == sa.literal_column("'dead'"))
    .where(
        sa.tuple_(inbox.c.received_at, inbox.c.id) < sa.tuple_(given("before", "time"), given("id", "uuid"))
    )
    .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
    .limit(given("limit", "int"))
)
_CAME = Statement(
    _RECEIPT.where(inbox.c.integration_id == given("integration", "uuid"))
    .where(inbox.c.arrival < given("before", "big"))
    .order_by(inbox.c.arrival.desc())
    .limit(given("limit", "int"))
)
_PICK_DEAD = written(
    """
    SELECT b.id FROM unnest(:seen) AS v (id)
    JOIN integration n ON n.tenant_id = :tenant AND n.service_id = v.id
    CROSS JOIN LATERAL (
      SELECT id, received_at FROM inbox WHERE tenant_id = :tenant AND integration_id = n.id AND state = 'dead'
        AND (received_at, id) < (:before, :id) ORDER BY received_at DESC, id DESC LIMIT :limit) b
    ORDER BY b.received_at DESC, b.id DESC LIMIT :limit
    """,
    tenant="uuid", seen="uuid[]", before="time", id="uuid", limit="int",
)  # fmt: skip
_PICKED = Statement(
    _RECEIPT.where(inbox.c.id == sa.any_(many("ids", "uuid"))).order_by(
        inbox.c.received_at.desc(), inbox.c.id.desc()
    )
)
BODY_SHOWN = 65_536


async def put_many(store: Store, rows: Sequence[InboxRow]) -> None:
    """Keep the rows of several organizations in one insert; durable when this returns.

    Sorted by primary key, so that two processes that keep the same repeats cannot deadlock. A row that is
    there already is left as it is. Raise asyncpg's error where one row cannot be kept (poison).
    """
    async with store.begin(INSTALLATION) as tx:
        await put(tx, rows)


async def put(tx: Tx, rows: Sequence[InboxRow]) -> None:
    """Keep rows in a transaction that does more; durable when that commits."""
    ordered = sorted(rows, key=lambda row: (row.tenant_id, row.id))
    columns = {name: [getattr(row, name) for row in ordered] for name in InboxRow.__struct_fields__}
    await tx.fetch(_PUT, **columns)


async def batch(tx: Tx, integration_id: UUID, limit: int, size: int) -> list[Waiting]:
    """The next rows of a lane in arrival order: at most `limit` rows and `size` bytes, but at least one."""
    rows = await tx.fetch(_BATCH, integration=integration_id, limit=limit, bytes=size)
    return [Waiting(**{name: row[name] for name in Waiting.__struct_fields__}) for row in rows]


async def mark_done(tx: Tx, rows: Sequence[Done]) -> None:
    """Write what became of the rows."""
    await tx.fetch(
        _DONE,
        ids=[row.id for row in rows],
        states=[row.state for row in rows],
        outcomes=[row.outcome.decode() for row in rows],
        reasons=[row.reason for row in rows],
    )


async def count_try(tx: Tx, id: UUID, by: int = 1) -> None:
    """Count a try of one row alone, before it is made; `by` -1 takes it back."""
    await tx.fetch(_TRY, id=id, by=by)


def _receipt(row: asyncpg.Record) -> Receipt:
    values = {name: row[name] for name in Receipt.__struct_fields__}
    values["state"] = InboxState(row["state"])
    return Receipt(**values)


async def receipt(tx: Tx, id: UUID) -> Receipt | None:
    """One row with at most 64 KiB of its body."""
    row = await tx.one(_SHOW, id=id, body_max=BODY_SHOWN)
    return _receipt(row) if row else None


async def page_dead(tx: Tx, view: View, before: datetime, id: UUID, limit: int) -> list[Receipt]:
    """Dead letters of a view older than (before, id), newest first, without their bodies."""
    if view.whole:
        rows = await tx.fetch(_DEAD, before=before, id=id, limit=limit, body_max=0)
    else:
        picked = await tx.fetch(_PICK_DEAD, seen=list(view.services), before=before, id=id, limit=limit)
        rows = await tx.fetch(_PICKED, ids=[row["id"] for row in picked], body_max=0)
    return [_receipt(row) for row in rows]


async def page_of(tx: Tx, integration_id: UUID, before: int, limit: int) -> list[Receipt]:
    """What came for an integration before an arrival, newest first, without bodies."""
    rows = await tx.fetch(_CAME, integration=integration_id, before=before, limit=limit, body_max=0)
    return [_receipt(row) for row in rows]
