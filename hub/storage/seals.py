"""The audit log's hashes: where the chain ends, and its next links."""

from __future__ import annotations

from collections.abc import Sequence

from hub.storage.statement import written
from hub.storage.tx import Tx

_LAST = written(
    "SELECT position, hash FROM audit_log WHERE tenant_id = :tenant ORDER BY position DESC LIMIT 1",
    tenant="uuid",
)
_ADD = written(
    "INSERT INTO audit_log (tenant_id, position, hash)"
    " SELECT :tenant, * FROM unnest(:positions, :hashes) ON CONFLICT DO NOTHING",
    tenant="uuid", positions="big[]", hashes="bytes[]",
)  # fmt: skip
# The last lock of the sealing transaction: an append that came meanwhile has moved the position.
_REACHED = written(
    "UPDATE head SET unsealed = false WHERE tenant_id = :tenant AND position = :position AND unsealed",
    tenant="uuid", position="big",
)  # fmt: skip
_COUNT = written(
    "SELECT head.position, head.cut, (SELECT count(*) FROM audit_log WHERE tenant_id = :tenant) AS sealed"
    " FROM head WHERE tenant_id = :tenant",
    tenant="uuid",
)


async def last(tx: Tx) -> tuple[int, bytes] | None:
    """The (position, hash) of the newest link."""
    row = await tx.one(_LAST)
    return (row["position"], row["hash"]) if row else None


async def add(tx: Tx, positions: Sequence[int], hashes: Sequence[bytes]) -> None:
    """Write links; the primary key makes it safe twice, for equal links are the only possible ones."""
    await tx.fetch(_ADD, positions=list(positions), hashes=list(hashes))


async def reached(tx: Tx, position: int) -> None:
    """Say that all is sealed, unless the log has gone on."""
    await tx.fetch(_REACHED, position=position)


async def count(tx: Tx) -> tuple[int, int, int]:
    """The (head, cut, number of links): invariant I14 is links + cut = head."""
    row = await tx.one(_COUNT)
    return (row["position"], row["cut"], row["sealed"]) if row else (0, 0, 0)
