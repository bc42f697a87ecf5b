"""Keys: the credentials of an integration or of a program, found by what they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from hub.storage.statement import written
from hub.storage.tx import Tx


class KeyKept(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret; `subject` is the integration or the API key."""

    id: UUID
    subject: UUID
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    about: dict[str, str]


_OF = written(
    """
    SELECT id, subject, scopes, created_at, expires_at, last_used_at, about FROM credential
    WHERE tenant_id = :tenant AND kind = :kind AND subject = ANY (:subjects) ORDER BY id DESC
    """,
    tenant="uuid", kind="text", subjects="uuid[]",
)  # fmt: skip
_SHOWN_TO = written(
    """
    SELECT DISTINCT kind, subject, coalesce(about->>'name', '') AS name FROM credential
    WHERE tenant_id = :tenant AND kind IN ('api_key', 'integration_key') AND about->>'by' = :actor
      AND (expires_at IS NULL OR expires_at > now()) ORDER BY kind, subject LIMIT 200
    """,
    tenant="uuid", actor="text",
)  # fmt: skip
# A lock on the rows would let two pass that waited for a key which a rotation has replaced: neither had asked
# for the row of the new one. Advisory locks know nothing of row-level security: the tenant is hashed in.
_LOCK = written(
    "SELECT pg_advisory_xact_lock("
    "hashtextextended(concat_ws('/', (:tenant)::text, :kind, (:subject)::text), 0))",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_END_OTHERS = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject AND id <> :id",
    tenant="uuid", kind="text", subject="uuid", id="uuid",
)  # fmt: skip
_EXPIRE = written(
    "UPDATE credential SET expires_at = least(coalesce(expires_at, :until), :until)"
    " WHERE tenant_id = :tenant AND id = :id",
    tenant="uuid", id="uuid", until="time",
)  # fmt: skip
_END_ALL = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_DISABLE = written(
    "UPDATE credential SET about = about || '{\"disabled\": \"yes\"}'::jsonb"
    " WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_ENABLE = written(
    "UPDATE credential SET about = about - 'disabled'"
    " WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_SIGNED = written(
    "UPDATE credential SET about = about || '{\"signed\": \"yes\"}'::jsonb"
    " WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip
_UNSIGNED = written(
    "UPDATE credential SET about = about - 'signed'"
    " WHERE tenant_id = :tenant AND kind = :kind AND subject = :subject",
    tenant="uuid", kind="text", subject="uuid",
)  # fmt: skip


async def of(tx: Tx, kind: str, subjects: Iterable[UUID]) -> dict[UUID, list[KeyKept]]:
    """The keys of each subject, the newest first, expired ones too; a rotation leaves at most two."""
    found: dict[UUID, list[KeyKept]] = {subject: [] for subject in subjects}
    for row in await tx.fetch(_OF, kind=kind, subjects=list(found)):
        values = dict(row)
        values["scopes"] = tuple(values["scopes"])
        values["about"] = msgspec.json.decode(values["about"], type=dict[str, str])
        found[row["subject"]].append(KeyKept(**values))
    return found


async def shown_to(tx: Tx, actor: str) -> list[tuple[str, UUID, str]]:
    """The (kind, subject, name) of the keys that an actor was shown and that still work, at most 200."""
    rows = await tx.fetch(_SHOWN_TO, actor=actor)
    return [(row["kind"], row["subject"], row["name"]) for row in rows]


async def lock(tx: Tx, kind: str, subject: UUID) -> list[KeyKept]:
    """A subject's keys, the newest first: one rotates or ends them at a time. They are read by a statement of
    its own: who waited for a rotation sees the key that it made."""
    await tx.fetch(_LOCK, kind=kind, subject=subject)
    return (await of(tx, kind, [subject]))[subject]


async def retire(tx: Tx, kind: str, present: KeyKept, until: datetime | None) -> None:
    """Let the present key work until then, or end it now (None); those before it end in any case."""
    await tx.fetch(_END_OTHERS, kind=kind, subject=present.subject, id=present.id)
    if until is None:
        await end(tx, kind, present.subject)
    else:
        await tx.fetch(_EXPIRE, id=present.id, until=until)


async def end(tx: Tx, kind: str, subject: UUID) -> None:
    """End every key of a subject."""
    await tx.fetch(_END_ALL, kind=kind, subject=subject)


async def disable(tx: Tx, kind: str, subject: UUID, is_disabled: bool) -> None:
    """Have the keys of a subject refused, or taken again. It is written on the keys themselves, because a
    key is looked up before a tenant is known."""
    await tx.fetch(_DISABLE if is_disabled else _ENABLE, kind=kind, subject=subject)


async def mark_signed(tx: Tx, kind: str, subject: UUID, is_signed: bool) -> None:
    """Have the keys of a subject open the door for signed requests only, or for all. It is written on the
    keys themselves, so that the look-up of a key tells it: the others cost no question more."""
    await tx.fetch(_SIGNED if is_signed else _UNSIGNED, kind=kind, subject=subject)
