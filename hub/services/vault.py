"""The vault: secrets that must be read again, sealed under a key that is in the environment alone."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.config import Config
from hub.contract.ids import TenantId
from hub.domain.errors import Unavailable
from hub.storage.vault import Sealed

PURPOSE: Final = "secret"
log = structlog.get_logger()


def key_id(key: bytes) -> str:
    """The name of a key: from it, nothing about the key can be told, but which of a few it is."""
    return hashlib.sha256(b"incidenthub/key-id/1/" + key).hexdigest()[:16]


def newest(config: Config) -> str:
    """The name of the key that seals: that of the first of HUB_SECRET_KEYS."""
    return key_id(config.keys(PURPOSE)[0])


def close(config: Config, tenant: TenantId, kind: str, id: UUID, secret: str) -> bytes:
    """Seal a secret under the first key.

    AES-SIV (RFC 5297) needs no nonce that must never come twice. Tenant, kind and id are associated data:
    a row that somebody copies to another place does not open there.
    """
    return AESSIV(config.keys(PURPOSE)[0]).encrypt(secret.encode(), _place(tenant, kind, id))


def open_sealed(config: Config, tenant: TenantId, row: Sealed) -> str:
    """The secret in a row. Raise Unavailable where no key of ours opens it: the sender is not to blame, and
    what it sends again is taken once the operator has put the key back."""
    for key in config.keys(PURPOSE):
        if key_id(key) == row.key_id:
            try:
                return AESSIV(key).decrypt(row.sealed, _place(tenant, row.kind, row.id)).decode()
            except InvalidTag:
                break
    log.error("secret_not_opened", tenant=str(tenant), secret=str(row.id), key=row.key_id)
    raise Unavailable("A stored secret cannot be opened; is its key still in HUB_SECRET_KEYS?")


def _place(tenant: TenantId, kind: str, id: UUID) -> list[bytes]:
    return [tenant.bytes, kind.encode(), id.bytes]
