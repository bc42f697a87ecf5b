"""Integrations: the configured sources of alerts, each with its service."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from hub.contract.words import Expire, SigningScheme
from hub.domain.hold import Hold
from hub.domain.sight import View
from hub.storage import quarantine
from hub.storage.constraints import told
from hub.storage.statement import written
from hub.storage.tx import Tx


class Signing(msgspec.Struct, frozen=True):
    """How its senders sign: by the newest secret, which is not here; `old_until` while the one before it
    works beside it."""

    scheme: SigningScheme
    last4: str
    since: datetime
    old_until: datetime | None = None


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """An integration and its service's name; `signing` where it takes signed requests only."""

    id: UUID
    name: str
    service_id: UUID
    service_name: str
    disabled_at: datetime | None
    stale_after: timedelta | None
    expire: Expire
    hold: Hold | None
    signing: Signing | None
    created_at: datetime
    version: int


_SHOWN = """
    SELECT i.id, i.name, i.service_id, s.name AS service_name, i.disabled_at,
      i.stale_after, i.expire,
      i.hold::text AS hold, i.created_at, i.version,
      (SELECT (k.about || jsonb_build_object('since', k.created_at, 'old_until',
          (SELECT max(o.expires_at) FROM sealed_secret o WHERE o.tenant_id = :tenant AND o.kind = 'signing'
            AND o.subject = i.id AND o.expires_at > now())))::text
        FROM sealed_secret k WHERE k.tenant_id = :tenant AND k.kind = 'signing' AND k.subject = i.id
          AND k.expires_at IS NULL ORDER BY k.created_at DESC, k.id DESC LIMIT 1) AS signing
    FROM integration i JOIN service s ON s.tenant_id = i.tenant_id AND s.id = i.service_id
    WHERE i.tenant_id = :tenant AND i.archived_at IS NULL
"""
_ONE = written(_SHOWN + " AND i.id = :id", tenant="uuid", id="uuid")
_NAMED = written(
    "SELECT id FROM integration WHERE tenant_id = :tenant AND name = :name", tenant="uuid", name="text"
)
_PAGE = written(
    _SHOWN + " AND i.id > :after ORDER BY i.id LIMIT :limit", tenant="uuid", after="uuid", limit="int"
)
_PICK = written(
    _SHOWN
    + """
      AND i.id IN (
        SELECT p.id FROM unnest(:seen) AS v (id) CROSS JOIN LATERAL (
          SELECT id FROM integration WHERE tenant_id = :tenant AND service_id = v.id AND archived_at IS NULL
            AND id > :after ORDER BY id LIMIT :limit) p)
    ORDER BY i.id LIMIT :limit
    """,
    tenant="uuid", seen="uuid[]", after="uuid", limit="int",
)  # fmt: skip
_LOCK = written(
    "SELECT id FROM integration WHERE tenant_id = :tenant AND id = :id FOR NO KEY UPDATE",
    tenant="uuid", id="uuid",
)  # fmt: skip
_SAVE = written(
    "UPDATE integration SET version = version + 1, name = :name, service_id = :service,"
    " disabled_at = :disabled_at, stale_after = :stale_after, expire = :expire"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", name="text", service="uuid", disabled_at="time",
    stale_after="span", expire="text",
)  # fmt: skip


def _integration(row: asyncpg.Record) -> Integration:
    signing = msgspec.json.decode(row["signing"], type=Signing) if row["signing"] else None
    told = {"hold": quarantine.read(row["hold"]), "signing": signing, "expire": Expire(row["expire"])}
    return Integration(**{**row, **told})


async def find(tx: Tx, id: UUID) -> Integration | None:
    """One integration."""
    row = await tx.one(_ONE, id=id)
    return _integration(row) if row else None


async def is_taken(tx: Tx, name: str) -> bool:
    """Whether an integration has this name."""
    return await tx.one(_NAMED, name=name) is not None


async def lock(tx: Tx, id: UUID) -> Integration | None:
    """One integration, locked against every other change; what is sent to it is still kept meanwhile."""
    return await find(tx, id) if await tx.one(_LOCK, id=id) else None


async def page(tx: Tx, view: View, after: UUID, limit: int) -> list[Integration]:
    """Integrations of a view in the order they were made; of a view of some services, by each of them."""
    if view.whole:
        rows = await tx.fetch(_PAGE, after=after, limit=limit)
    else:
        rows = await tx.fetch(_PICK, seen=list(view.services), after=after, limit=limit)
    return [_integration(row) for row in rows]


async def save(tx: Tx, integration: Integration) -> None:
    """The next version of a locked integration; raise Invalid for a name that is taken."""
    with told():
        await tx.fetch(
            _SAVE,
            id=integration.id,
            name=integration.name,
            service=integration.service_id,
            disabled_at=integration.disabled_at,
            stale_after=integration.stale_after,
            expire=integration.expire.value,
        )
