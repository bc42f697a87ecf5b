"""Listening: since when the intake has taken requests without a break; one row of the installation."""

from __future__ import annotations

from hub.domain.heartbeat import SILENT, Listening
from hub.storage.statement import written
from hub.storage.tx import Tx

_BEAT = written(
    """
    INSERT INTO listening (tenant_id, since, until) VALUES (:tenant, now(), now())
    ON CONFLICT (tenant_id) DO UPDATE SET until = now(),
      since = CASE WHEN now() - listening.until < :silent THEN listening.since ELSE now() END
    """,
    tenant="uuid", silent="span",
)  # fmt: skip
_LISTENING = written(
    "SELECT coalesce(max(since), to_timestamp(0)) AS since, coalesce(max(until), to_timestamp(0)) AS until,"
    " now() AS now FROM listening WHERE tenant_id = :tenant",
    tenant="uuid",
)


async def beat(tx: Tx) -> None:
    """Note that the intake listens now, by the database's clock."""
    await tx.fetch(_BEAT, silent=SILENT)


async def read(tx: Tx) -> Listening:
    """When it has listened; long ago where it never did."""
    row = await tx.one(_LISTENING)
    if row is None:
        raise LookupError("an aggregate without a row")
    return Listening(row["since"], row["until"], row["now"])
