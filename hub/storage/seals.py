"""The audit log's hashes: where the chain ends, and its next links."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.domain.chain import Link
from hub.storage.log import above, beside
from hub.storage.statement import TENANT, Statement, given, written
from hub.storage.tables import audit_log, event_body, incident_event
from hub.storage.tx import Tx


class Chained(msgspec.Struct, frozen=True, kw_only=True):
    """One link with what it stands for (None where erased) and its seal (None where not sealed yet)."""

    link: Link
    salt: bytes | None
    body: bytes | None
    address: str | None
    hash: bytes | None


_COLUMNS = [column for column in incident_event.c if column.name != "tenant_id"]
_LINKS = Statement(
    sa.select(*_COLUMNS)
    .where(incident_event.c.tenant_id == TENANT, above(incident_event))
    .order_by(incident_event.c.position)
    .limit(given("limit", "int"))
)
_CHAINED = Statement(
    sa.select(*_COLUMNS, event_body.c.salt, event_body.c.body, event_body.c.address, audit_log.c.hash)
    .select_from(
        incident_event.outerjoin(event_body, beside(event_body, above(event_body))).outerjoin(
            audit_log, beside(audit_log, above(audit_log))
        )
    )
    .where(incident_event.c.tenant_id == TENANT, above(incident_event))
    .order_by(incident_event.c.position)
    .limit(given("limit", "int"))
)

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


def _link(tx: Tx, row: asyncpg.Record) -> Link:
    return Link(
        tenant=tx.tenant,
        position=row["position"],
        id=row["id"],
        kind=row["kind"],
        at=row["at"],
        actor=row["actor"],
        subject=row["subject"],
        incident=row["incident_id"],
        version=row["version"],
        request_id=row["request_id"],
        digest=row["digest"],
    )


async def links(tx: Tx, after: int, limit: int) -> list[Link]:
    """What is to be hashed, after a position, in order."""
    return [_link(tx, row) for row in await tx.fetch(_LINKS, after=after, limit=limit)]


async def chained(tx: Tx, after: int, limit: int) -> list[Chained]:
    """The links after a position with their bodies and seals, in order."""
    return [
        Chained(
            link=_link(tx, row), salt=row["salt"], body=row["body"], address=row["address"], hash=row["hash"]
        )
        for row in await tx.fetch(_CHAINED, after=after, limit=limit)
    ]


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
