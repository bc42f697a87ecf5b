"""Lanes: the rows of one integration, locked while they are processed; and what a crash leaves behind."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hub.contract.words import Expire
from hub.domain.hold import Hold
from hub.storage.statement import written
from hub.storage.tx import Tx

_WAITING = written(
    """
    SELECT lane.integration_id FROM lane WHERE lane.tenant_id = :tenant AND EXISTS (
      SELECT FROM inbox WHERE inbox.tenant_id = :tenant AND inbox.integration_id = lane.integration_id
        AND inbox.state = 'stored')
    ORDER BY lane.drained_at NULLS FIRST, lane.integration_id LIMIT 200
    """,
    tenant="uuid",
)
_LOCK = written(
    """
    SELECT lane.integration_id, integration.service_id, integration.name, attempt.upto,
      integration.stale_after, integration.expire,
      ARRAY(SELECT fed_by FROM heartbeat WHERE heartbeat.tenant_id = lane.tenant_id
        AND heartbeat.integration_id = lane.integration_id AND fed_by <> '') AS fed_by
    FROM lane
      JOIN integration ON integration.tenant_id = lane.tenant_id AND integration.id = lane.integration_id
      LEFT JOIN attempt ON attempt.tenant_id = lane.tenant_id AND attempt.integration_id = lane.integration_id
    WHERE lane.tenant_id = :tenant AND lane.integration_id = :integration FOR UPDATE OF lane SKIP LOCKED
    """,
    tenant="uuid",
    integration="uuid",
)
_WAIT_FOR = written(
    "SELECT integration_id FROM lane WHERE tenant_id = :tenant AND integration_id = :integration FOR UPDATE",
    tenant="uuid",
    integration="uuid",
)
_ATTEMPT = written(
    """
    INSERT INTO attempt (tenant_id, integration_id, upto) VALUES (:tenant, :integration, :upto)
    ON CONFLICT (tenant_id, integration_id) DO UPDATE SET upto = greatest(attempt.upto, excluded.upto)
    """,
    tenant="uuid",
    integration="uuid",
    upto="big",
)
_FORGET = written(
    "DELETE FROM attempt WHERE tenant_id = :tenant AND integration_id = :integration",
    tenant="uuid",
    integration="uuid",
)
_HAS_WAITING = written(
    "SELECT 1 FROM inbox WHERE tenant_id = :tenant AND integration_id = :integration"
    " AND state = 'stored' LIMIT 1",
    tenant="uuid",
    integration="uuid",
)
_DRAINED = written(
    "UPDATE lane SET drained_at = now() WHERE tenant_id = :tenant AND integration_id = :integration",
    tenant="uuid",
    integration="uuid",
)


class Lane:
    """A lane that this transaction holds. `upto` is set where the last holder crashed: rows up to it are
    taken one by one; `hold` says whose requests wait, once it was read under the lock; `fed_by` are the names
    of alerts that are pings; `stale_after` and `expire` say what becomes of alerts that are not repeated."""

    __slots__ = ("expire", "fed_by", "hold", "integration_id", "name", "service_id", "stale_after", "upto")

    def __init__(
        self,
        integration_id: UUID,
        service_id: UUID,
        name: str,
        upto: int | None,
        fed_by: frozenset[str] = frozenset(),
        stale_after: timedelta | None = None,
        expire: Expire = Expire.STALE,
    ) -> None:
        self.integration_id = integration_id
        self.service_id = service_id
        self.name = name
        self.upto = upto
        self.hold: Hold | None = None
        self.fed_by = fed_by
        self.stale_after = stale_after
        self.expire = expire


async def waiting(tx: Tx) -> list[UUID]:
    """The integrations with stored rows; the one that was drained longest ago comes first."""
    return [row["integration_id"] for row in await tx.fetch(_WAITING)]


async def lock(tx: Tx, integration_id: UUID) -> Lane | None:
    """Take the lane, or None where another worker has it. The lock is the lease: it ends with us."""
    row = await tx.one(_LOCK, integration=integration_id)
    if row is None:
        return None
    return Lane(
        row["integration_id"],
        row["service_id"],
        row["name"],
        row["upto"],
        frozenset(row["fed_by"]),
        row["stale_after"],
        Expire(row["expire"]),
    )


async def has_waiting(tx: Tx, integration_id: UUID) -> bool:
    """Whether rows of the lane wait to be processed: what they say is not known yet."""
    return await tx.one(_HAS_WAITING, integration=integration_id) is not None


async def wait_for(tx: Tx, integration_id: UUID) -> None:
    """Take the lane, after whoever has it: what is changed then is known to every batch that follows."""
    await tx.fetch(_WAIT_FOR, integration=integration_id)


async def leave_attempt(tx: Tx, integration_id: UUID, upto: int) -> None:
    """Say, on a connection of its own, that rows up to an arrival are being processed."""
    await tx.fetch(_ATTEMPT, integration=integration_id, upto=upto)


async def forget_attempt(tx: Tx, integration_id: UUID) -> None:
    """The processing transaction, or whoever caught its error, takes the attempt back."""
    await tx.fetch(_FORGET, integration=integration_id)


async def mark_drained(tx: Tx, integration_id: UUID) -> None:
    """Note the time, so that lanes take turns."""
    await tx.fetch(_DRAINED, integration=integration_id)
