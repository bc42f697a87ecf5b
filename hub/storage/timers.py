"""Timers: what is due later, by the database's clock, one of a kind for each subject."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx


class Timer(msgspec.Struct, frozen=True):
    """A timer that is due; `generation` moves when it is set anew."""

    kind: str
    subject: UUID
    generation: int


_SET = written(
    "INSERT INTO timer (tenant_id, kind, subject, due) VALUES (:tenant, :kind, :subject, :due)"
    " ON CONFLICT (tenant_id, kind, subject) DO UPDATE SET due = :due, generation = timer.generation + 1",
    tenant="uuid", kind="text", subject="uuid", due="time",
)  # fmt: skip
_SET_EARLIER = written(
    "INSERT INTO timer (tenant_id, kind, subject, due) VALUES (:tenant, :kind, :subject, :due)"
    " ON CONFLICT (tenant_id, kind, subject) DO UPDATE SET due = :due, generation = timer.generation + 1"
    " WHERE timer.due > :due",
    tenant="uuid", kind="text", subject="uuid", due="time",
)  # fmt: skip
_CLEAR = written(
    "DELETE FROM timer WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_DUE = written(
    "SELECT kind, subject, generation FROM timer WHERE tenant_id = :tenant AND due <= now()"
    " ORDER BY due, kind, subject LIMIT :limit",
    tenant="uuid", limit="int",
)  # fmt: skip
_FIRED = written(
    "DELETE FROM timer WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject"
    " AND generation = :generation",
    tenant="uuid", kind="text", subject="uuid", generation="int",
)  # fmt: skip


async def set_due(tx: Tx, kind: str, subject: UUID, due: datetime | None) -> None:
    """Set a timer, or move it; None takes it away."""
    if due is None:
        await tx.fetch(_CLEAR, kind=kind, subject=subject)
    else:
        await tx.fetch(_SET, kind=kind, subject=subject, due=due)


async def set_earlier(tx: Tx, kind: str, subject: UUID, due: datetime) -> None:
    """Set a timer, unless it is due before that anyhow."""
    await tx.fetch(_SET_EARLIER, kind=kind, subject=subject, due=due)


async def due(tx: Tx, limit: int) -> list[Timer]:
    """The timers of this tenant that are due, the one that is overdue longest first."""
    return [Timer(**dict(row)) for row in await tx.fetch(_DUE, limit=limit)]


async def fired(tx: Tx, timer: Timer) -> None:
    """Forget a timer that was fired, unless it was set anew meanwhile."""
    await tx.fetch(_FIRED, kind=timer.kind, subject=timer.subject, generation=timer.generation)
