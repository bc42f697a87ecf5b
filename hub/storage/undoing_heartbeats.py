"""Undo: when a heartbeat was last heard of, but for pings that are undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx
from hub.storage.undoing import MEANT, UNDONE, WHOSE, Since, whose

PINGS = 20_000  # that are looked through, at most

# Each ping's outcome names the one before it: from the last one back to the first that stays.
_LAST = written(
    f"""
    WITH RECURSIVE walk AS (
      SELECT given.heartbeat, given.last AS id, NULL::timestamptz AS at, 0 AS n, true AS known
      FROM unnest(:heartbeats, :lasts) AS given (heartbeat, last)
      UNION ALL
      SELECT walk.heartbeat, (of.pinged ->> 'before')::uuid, (of.pinged ->> 'before_at')::timestamptz,
        walk.n + 1, of.pinged IS NOT NULL
      FROM walk JOIN inbox ON inbox.tenant_id = :tenant AND inbox.id = walk.id
          AND inbox.integration_id = :integration AND inbox.state = 'done'
          AND (inbox.reason = '{UNDONE}' OR (inbox.received_at >= :since AND {MEANT}))
        CROSS JOIN LATERAL (SELECT jsonb_path_query_first(inbox.outcome,
          '$[*].pinged[*] ? (@.heartbeat == $heartbeat)',
          jsonb_build_object('heartbeat', walk.heartbeat)) AS pinged) of
      WHERE walk.n < :limit)
    SELECT DISTINCT ON (heartbeat) heartbeat, id, at, n, known FROM walk ORDER BY heartbeat, n DESC
    """,
    heartbeats="text[]", lasts="uuid[]", limit="int", **WHOSE,
)  # fmt: skip


class Last(msgspec.Struct, frozen=True):
    """The last ping that stays: its receipt and time, None where there is none. `undone` pings came after it;
    what was before them is not always `known`."""

    receipt: UUID | None
    at: datetime | None
    undone: int
    known: bool


async def last(tx: Tx, wanted: Since, heard: Mapping[str, UUID]) -> dict[str, Last]:
    """For these heartbeats (ids of the wire), each with the receipt of its last ping."""
    rows = await tx.fetch(
        _LAST, heartbeats=list(heard), lasts=list(heard.values()), limit=PINGS, **whose(wanted)
    )
    return {row["heartbeat"]: Last(row["id"], row["at"], row["n"], row["known"]) for row in rows}
