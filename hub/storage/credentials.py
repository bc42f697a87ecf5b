"""The one table of credentials; the look-up by hash is in directory.py, before a tenant is known."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a presented secret stands for. `subject` is the person's session, the key or the integration."""

    tenant_id: UUID
    id: UUID
    kind: str
    subject: UUID
    scopes: tuple[str, ...]
    expires_at: datetime | None
    last_used_at: datetime | None
    about: dict[str, str]


_ADD = written(
    """
    INSERT INTO credential
      (hash, tenant_id, id, kind, subject, scopes, created_at, expires_at, last_used_at, about)
    VALUES (:hash, :tenant, :id, :kind, :subject, :scopes, :at, :expires_at, :used_at, (:about)::jsonb)
    """,
    hash="bytes", tenant="uuid", id="uuid", kind="text", subject="uuid", scopes="texts", at="time",
    expires_at="time", used_at="time", about="text",
)  # fmt: skip
_USED = written(
    "UPDATE credential SET last_used_at = :at WHERE tenant_id = :tenant AND id = :id"
    " AND (last_used_at IS NULL OR last_used_at < :at - interval '1 minute')",
    tenant="uuid", id="uuid", at="time",
)  # fmt: skip
_END = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = :kind AND id = :id"
    " AND NOT about ? 'used_key' RETURNING id",
    tenant="uuid", kind="text", id="uuid",
)  # fmt: skip
_SPEND = written(
    "UPDATE credential SET about = (:about)::jsonb, expires_at = :until"
    " WHERE tenant_id = :tenant AND kind = :kind AND id = :id AND NOT about ? 'used_key' RETURNING id",
    tenant="uuid", kind="text", id="uuid", about="text", until="time",
)  # fmt: skip
_FORGET = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject"
    " AND expires_at <= now() RETURNING id",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_ALIVE = written(
    "SELECT tenant_id, id, kind, subject, scopes, expires_at, last_used_at, about FROM credential"
    " WHERE tenant_id = :tenant AND id = :id AND (expires_at IS NULL OR expires_at > now())",
    tenant="uuid", id="uuid",
)  # fmt: skip


def credential(row: asyncpg.Record) -> Credential:
    """A row of the table, without its hash."""
    values = dict(row)
    values["scopes"] = tuple(values["scopes"])
    values["about"] = msgspec.json.decode(values["about"], type=dict[str, str])
    return Credential(**values)


async def add(tx: Tx, hash: bytes, credential: Credential, at: datetime) -> None:
    """Keep a credential by the SHA-256 of its secret; the secret itself is kept nowhere."""
    await tx.fetch(
        _ADD, hash=hash, id=credential.id, kind=credential.kind, subject=credential.subject,
        scopes=list(credential.scopes), at=at, expires_at=credential.expires_at,
        used_at=credential.last_used_at, about=msgspec.json.encode(credential.about).decode(),
    )  # fmt: skip


async def mark_used(tx: Tx, id: UUID, at: datetime) -> None:
    """Move the last use, at most once a minute."""
    await tx.fetch(_USED, id=id, at=at)


async def end(tx: Tx, kind: str, id: UUID) -> bool:
    """Delete a credential; False when it was gone already, so that only one can use it up."""
    return await tx.one(_END, kind=kind, id=id) is not None


async def spend(tx: Tx, kind: str, id: UUID, about: dict[str, str], until: datetime) -> bool:
    """Use a credential up, but remember what it was used for, until then; False when it was used or gone."""
    found = await tx.one(_SPEND, kind=kind, id=id, about=msgspec.json.encode(about).decode(), until=until)
    return found is not None


async def forget(tx: Tx, kind: str, subject: UUID) -> None:
    """Delete what has expired of a kind and subject."""
    await tx.fetch(_FORGET, kind=kind, subject=subject)


async def standing(tx: Tx, id: UUID) -> Credential | None:
    """A credential of this tenant as it stands: a rotation may have brought its end nearer. None where it has
    ended."""
    row = await tx.one(_ALIVE, id=id)
    return credential(row) if row else None
