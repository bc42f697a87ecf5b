"""Receipts: stored requests as their senders and responders look them up, and dead letters that go back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from hub.contract.receipts import BODY_MAX
from hub.contract.words import InboxState
from hub.domain.sight import View
from hub.storage.inbox import InboxRow
from hub.storage.statement import TENANT, Statement, given, many, written
from hub.storage.tables import inbox, integration
from hub.storage.tx import Tx


class Receipt(InboxRow, frozen=True, kw_only=True):
    """A row as its sender or a responder looks it up."""

    arrival: int
    state: InboxState
    outcome: str
    reason: str
    processed_at: datetime | None
    integration_name: str
    service_id: UUID


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
_CALLED = sa.or_(  # the last comparison says that the partial index has them all
    inbox.c.request_id == given("named", "text"),
    sa.and_(inbox.c.correlation == given("named", "text"), inbox.c.correlation != sa.literal_column("''")),
)
_CORRELATED = Statement(
    _RECEIPT.where(_CALLED)
    .where(sa.or_(given("whole", "bool"), integration.c.service_id == sa.any_(many("seen", "uuid"))))
    .where(
        sa.tuple_(inbox.c.received_at, inbox.c.id) < sa.tuple_(given("before", "time"), given("id", "uuid"))
    )
    .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
    .limit(given("limit", "int"))
)
_CORRELATED_OF = Statement(
    _RECEIPT.where(_CALLED)
    .where(inbox.c.integration_id == given("integration", "uuid"))
    .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
    .limit(given("limit", "int"))
)
_REVIVE = written(
    """
    UPDATE inbox SET state = 'stored', outcome = '[]', reason = '', tries = 0, processed_at = NULL
    WHERE tenant_id = :tenant AND state = 'dead' AND NOT truncated AND id = ANY (ARRAY(
      SELECT id FROM inbox WHERE tenant_id = :tenant AND integration_id = :integration AND state = 'dead'
        AND NOT truncated AND received_at <= :until ORDER BY received_at DESC, id DESC LIMIT :limit))
    RETURNING id
    """,
    tenant="uuid", integration="uuid", until="time", limit="int",
)  # fmt: skip
_SETTLE = written(
    """
    UPDATE inbox SET state = :state, reason = :reason, outcome = CASE :state WHEN 'stored' THEN '[]'
      ELSE outcome END, tries = 0, processed_at = CASE :state WHEN 'stored' THEN NULL ELSE now() END
    WHERE tenant_id = :tenant AND id = :id AND state = 'dead' RETURNING id
    """,
    tenant="uuid", id="uuid", state="text", reason="text",
)  # fmt: skip
_LEFT = written(
    """
    SELECT count(*) AS dead, count(*) FILTER (WHERE truncated) AS cut FROM (
      SELECT truncated FROM inbox
      WHERE tenant_id = :tenant AND integration_id = :integration AND state = 'dead' LIMIT :limit) AS counted
    """,
    tenant="uuid", integration="uuid", limit="int",
)  # fmt: skip
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


def _receipt(row: asyncpg.Record) -> Receipt:
    values = {name: row[name] for name in Receipt.__struct_fields__}
    values["state"] = InboxState(row["state"])
    return Receipt(**values)


async def receipt(tx: Tx, id: UUID, body_max: int = BODY_MAX) -> Receipt | None:
    """One row with at most so many bytes of its body."""
    row = await tx.one(_SHOW, id=id, body_max=body_max)
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


async def page_correlated(
    tx: Tx, view: View, named: str, before: datetime, id: UUID, limit: int
) -> list[Receipt]:
    """What came under one request or correlation id, of a view, older than (before, id), newest first,
    without bodies."""
    rows = await tx.fetch(
        _CORRELATED, named=named, whole=view.whole, seen=list(view.services), before=before, id=id,
        limit=limit, body_max=0,
    )  # fmt: skip
    return [_receipt(row) for row in rows]


async def page_correlated_of(tx: Tx, integration_id: UUID, named: str, limit: int) -> list[Receipt]:
    """The newest that came for an integration under one request or correlation id, without bodies."""
    rows = await tx.fetch(_CORRELATED_OF, named=named, integration=integration_id, limit=limit, body_max=0)
    return [_receipt(row) for row in rows]


class Left(NamedTuple):
    """How many dead letters an integration has, counted up to a bound; `cut` of them are not whole."""

    dead: int
    cut: int


async def revive(tx: Tx, integration_id: UUID, until: datetime, limit: int) -> int:
    """Put dead letters that came until then, and are whole, back into their lane, at their old places in it,
    the newest first; how many."""
    return len(await tx.fetch(_REVIVE, integration=integration_id, until=until, limit=limit))


async def settle(tx: Tx, id: UUID, state: InboxState, reason: str) -> bool:
    """Make something else of one dead letter; False where it is none any more."""
    return bool(await tx.fetch(_SETTLE, id=id, state=state, reason=reason))


async def left(tx: Tx, integration_id: UUID, limit: int) -> Left:
    """How many dead letters there are, at most `limit`."""
    row = await tx.one(_LEFT, integration=integration_id, limit=limit)
    return Left(row["dead"], row["cut"]) if row else Left(0, 0)
