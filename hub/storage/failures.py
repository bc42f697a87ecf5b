"""Failed sign-ins, read from the log that they are events of."""

from __future__ import annotations

from datetime import datetime

from hub.storage.statement import written
from hub.storage.tx import Tx

# What began anew is looked for in the newest 500 events, so that an old log costs no more than a young one.
# Failures have an index of their own: in the installation's log, those of other unknown names stand between
# the ones of this, and were they to push them out, an unknown name would tell itself apart from a known one.
_FAILURES = written(
    """
    WITH newest AS (
      SELECT position, kind FROM incident_event WHERE tenant_id = :tenant ORDER BY position DESC LIMIT 500
    )
    SELECT at FROM incident_event
    WHERE tenant_id = :tenant AND kind = 'sign_in.failed' AND subject = :subject AND at > :since
      AND position > (SELECT coalesce(max(position), 0) FROM newest
                        WHERE kind IN ('session.started', 'password.reset'))
    ORDER BY position DESC LIMIT :most
    """,
    tenant="uuid", subject="text", since="time", most="int",
)  # fmt: skip


async def failures(tx: Tx, subject: str, since: datetime, most: int) -> list[datetime]:
    """When sign-ins of this account failed since then, and since one worked or the
    password was reset; newest first."""
    return [row["at"] for row in await tx.fetch(_FAILURES, subject=subject, since=since, most=most)]
