"""Quarantine: an integration's hold, the rows that wait because of it, and who has used its keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.domain.hold import Hold
from hub.storage.statement import written
from hub.storage.tx import Tx

_HOLD = written(
    "SELECT hold::text AS hold FROM integration WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid",
)  # fmt: skip
_SET = written(
    "UPDATE integration SET hold = (:hold)::jsonb, version = version + 1"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", hold="text",
)  # fmt: skip
_GIVE_BACK = written(
    """
    UPDATE inbox SET state = 'stored', reason = :reason WHERE tenant_id = :tenant AND id = ANY (ARRAY(
      SELECT id FROM inbox WHERE tenant_id = :tenant AND integration_id = :integration
        AND state = 'quarantined' ORDER BY arrival LIMIT :limit))
    RETURNING id
    """,
    tenant="uuid", integration="uuid", reason="text", limit="int",
)  # fmt: skip
_USES = written(
    """
    SELECT address, count(*) AS count, min(received_at) AS first_at, max(received_at) AS last_at,
      count(*) FILTER (WHERE state = 'quarantined') AS quarantined,
      (sum(count(*)) OVER ())::bigint AS counted, min(min(received_at)) OVER () AS since
    FROM (SELECT address, received_at, state FROM inbox
      WHERE tenant_id = :tenant AND integration_id = :integration ORDER BY arrival DESC LIMIT :most) newest
    GROUP BY address ORDER BY last_at DESC, address LIMIT :limit
    """,
    tenant="uuid", integration="uuid", most="int", limit="int",
)  # fmt: skip


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What came from one address; `counted` and `since` are those of all addresses together."""

    address: str
    count: int
    first_at: datetime
    last_at: datetime
    quarantined: int
    counted: int
    since: datetime


async def hold_of(tx: Tx, integration_id: UUID) -> Hold | None:
    """An integration's hold as it is now. Who asks in a statement after the lane's lock sees every hold that
    was set before: setting one waits for the lane."""
    row = await tx.one(_HOLD, id=integration_id)
    return read(row["hold"]) if row else None


def read(column: str | None) -> Hold | None:
    """The column `hold` as text."""
    return msgspec.json.decode(column, type=Hold) if column else None


async def set_hold(tx: Tx, integration_id: UUID, hold: Hold | None) -> None:
    """Set it, change it or take it away; the integration's version moves."""
    written_down = msgspec.json.encode(hold).decode() if hold else None
    await tx.fetch(_SET, id=integration_id, hold=written_down)


async def give_back(tx: Tx, integration_id: UUID, reason: str, limit: int) -> int:
    """Put the oldest quarantined rows back into the lane, in the place that their arrival gives them, with
    what is to become of them as their reason; how many there were, at most `limit`."""
    return len(await tx.fetch(_GIVE_BACK, integration=integration_id, reason=reason, limit=limit))


async def uses(tx: Tx, integration_id: UUID, most: int, limit: int) -> list[Used]:
    """The newest `most` requests by address, the latest first, at most `limit` addresses."""
    rows = await tx.fetch(_USES, integration=integration_id, most=most, limit=limit)
    return [Used(**dict(row)) for row in rows]
