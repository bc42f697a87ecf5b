"""Identities: how a person proves to be one. Their look-up is in directory.py, before a tenant is known."""

from __future__ import annotations

from hub.storage.statement import written
from hub.storage.tx import Tx

_REPLACE = written(
    "UPDATE identity SET secret = :secret WHERE tenant_id = :tenant AND issuer = 'password'"
    " AND (secret = :was OR :was IS NULL) RETURNING subject",
    tenant="uuid", secret="text", was="text",  # noqa: S106 - a type's name
)  # fmt: skip

_END_RESETS = written(
    "DELETE FROM credential WHERE tenant_id = :tenant AND kind = 'password_reset'", tenant="uuid"
)


async def replace_secret(tx: Tx, secret: str, was: str | None = None) -> bool:
    """Keep the hash of a new password; False where the person has none, or it is not `was` any more."""
    return await tx.one(_REPLACE, secret=secret, was=was) is not None


async def end_resets(tx: Tx) -> None:
    """Delete the person's links that would set a password."""
    await tx.fetch(_END_RESETS)
