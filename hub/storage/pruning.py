"""Pruning: what is over, and of no use to anybody, is deleted in portions."""

from __future__ import annotations

from hub.storage.statement import written
from hub.storage.tx import Tx

# An API key that has expired stays listed until somebody deletes it; of one that was rotated, the secrets
# before the newest go.
_CREDENTIALS = written(
    """
    DELETE FROM credential WHERE tenant_id = :tenant AND hash = ANY (ARRAY(
      SELECT c.hash FROM credential c WHERE c.tenant_id = :tenant AND c.expires_at < now() - interval '1 day'
        AND (c.kind <> 'api_key' OR EXISTS (
          SELECT FROM credential n WHERE n.tenant_id = :tenant AND n.kind = 'api_key'
            AND n.subject = c.subject AND n.id > c.id))
      ORDER BY c.expires_at LIMIT :limit))
    RETURNING id
    """,
    tenant="uuid", limit="int",
)  # fmt: skip
# Keys are promised for a day. That a session was used in an organization is remembered for as long as a
# session can last: it must be told of once.
_REQUEST_KEYS = written(
    """
    DELETE FROM request_key WHERE tenant_id = :tenant AND (actor, command, key) IN (
      SELECT actor, command, key FROM request_key WHERE tenant_id = :tenant
        AND created_at < now() - CASE command WHEN 'session.used' THEN interval '15 days'
          ELSE interval '7 days' END
        AND created_at < now() - interval '7 days'
      ORDER BY created_at LIMIT :limit)
    RETURNING key
    """,
    tenant="uuid", limit="int",
)  # fmt: skip
_SECRETS = written(
    """
    DELETE FROM sealed_secret WHERE tenant_id = :tenant AND id = ANY (ARRAY(
      SELECT id FROM sealed_secret WHERE tenant_id = :tenant AND expires_at < now() - interval '1 day'
      ORDER BY id LIMIT :limit))
    RETURNING id
    """,
    tenant="uuid", limit="int",
)  # fmt: skip


async def credentials(tx: Tx, limit: int) -> int:
    """Delete credentials that ended a day ago or earlier, the oldest first; how many, at most `limit`."""
    return len(await tx.fetch(_CREDENTIALS, limit=limit))


async def request_keys(tx: Tx, limit: int) -> int:
    """Delete idempotency keys of a week ago or earlier, the oldest first; how many, at most `limit`."""
    return len(await tx.fetch(_REQUEST_KEYS, limit=limit))


async def secrets(tx: Tx, limit: int) -> int:
    """Delete sealed secrets that ended a day ago or earlier; how many, at most `limit`."""
    return len(await tx.fetch(_SECRETS, limit=limit))
