"""The inbox: a stored request is receipt, work and dead letter in one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.words import InboxState
from hub.storage.statement import written
from hub.storage.tx import Store, Tx


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request to keep. `id` decides what is a repeat: the primary key deduplicates. `correlation` is the
    sender's own name of what it reports, where its body has one beside the request's id."""

    tenant_id: UUID
    id: UUID
    integration_id: UUID
    format: str
    body: bytes
    truncated: bool = False
    received_at: datetime
    request_id: str
    correlation: str = ""
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


_PUT = written(
    """
    INSERT INTO inbox (tenant_id, id, integration_id, format, body, truncated, received_at, request_id,
      correlation, traceparent, address)
    SELECT * FROM unnest(:tenant_id, :id, :integration_id, :format, :body, :truncated, :received_at,
      :request_id, :correlation, :traceparent, :address)
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
    correlation="text[]",
    traceparent="text[]",
    address="text[]",
)
_KEEP_DONE = written(
    """
    INSERT INTO inbox (tenant_id, id, integration_id, format, body, truncated, received_at, request_id,
      correlation, traceparent, address, state, outcome, processed_at)
    VALUES (:tenant, :id, :integration_id, :format, :body, :truncated, :received_at, :request_id,
      :correlation, :traceparent, :address, 'done', CAST(:outcome AS jsonb), now())
    """,
    tenant="uuid", id="uuid", integration_id="uuid", format="text", body="bytes", truncated="bool",
    received_at="time", request_id="text", correlation="text", traceparent="text", address="text",
    outcome="text",
)  # fmt: skip
_BATCH = written(
    """
    SELECT w.* FROM (
      SELECT t.*, sum(length(t.body)) OVER (ORDER BY t.arrival) AS bytes,
        row_number() OVER (ORDER BY t.arrival) AS n
      FROM (
        SELECT tenant_id, id, integration_id, format, body, truncated, received_at, request_id, correlation,
          traceparent, address, arrival, tries, jsonb_array_length(outcome) AS done, reason
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


async def put_many(store: Store, rows: Sequence[InboxRow]) -> None:
    """Keep the rows of several organizations in one insert; durable when this returns.

    Sorted by primary key, so that two processes that keep the same repeats cannot deadlock. A row that is
    there already is left as it is. Raise asyncpg's error where one row cannot be kept (poison).

    The statement is a transaction of its own, in one round trip: no tenant is entered, since nothing is read
    and the table takes any INSERT.
    """
    async with store.connection() as connection:
        await connection.fetch(_PUT.text, *_PUT.arguments(_columns(rows)))


async def keep_done(tx: Tx, row: InboxRow, outcome: bytes) -> None:
    """Keep one request that was done at once, with its outcomes as JSON: nothing of it waits."""
    values = {name: getattr(row, name) for name in InboxRow.__struct_fields__ if name != "tenant_id"}
    await tx.fetch(_KEEP_DONE, outcome=outcome.decode(), **values)


async def put(tx: Tx, rows: Sequence[InboxRow]) -> None:
    """Keep rows in a transaction that does more; durable when that commits."""
    await tx.fetch(_PUT, **_columns(rows))


def _columns(rows: Sequence[InboxRow]) -> dict[str, list[object]]:
    ordered = sorted(rows, key=lambda row: (row.tenant_id, row.id))
    return {name: [getattr(row, name) for row in ordered] for name in InboxRow.__struct_fields__}


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
