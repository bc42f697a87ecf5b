"""What rings: the events of one commit, sealed so that Redis can neither read nor write them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.contract.ids import TenantId
from hub.storage.log import LogEvent

PREFIX: Final = "hub:"


class Hint(msgspec.Struct, frozen=True, array_like=True):
    """The log of `tenant` now ends at `head`, in `epoch`; `events` are the last ones, dense, up to the head.

    No events (a commit too big for a hint) means: read. A hint may be lost; nothing depends on it but speed.
    """

    tenant: UUID
    epoch: UUID
    head: int
    events: list[LogEvent]


def channel(tenant: TenantId) -> str:
    """The Redis channel of one tenant."""
    return f"{PREFIX}{tenant}"


def tenant_of(name: str) -> TenantId | None:
    """The tenant of a channel's name; None for a name that `channel` would not have written."""
    try:
        tenant = TenantId(UUID(name.removeprefix(PREFIX)))
    except ValueError:
        return None
    return tenant if channel(tenant) == name else None


class Seal:
    """Seals and opens hints under keys that Redis does not have: the first seals, all open.

    AES-SIV (RFC 5297) needs no nonce that must never come twice, however many processes share a key. The
    tenant is associated data, so that a hint copied to another tenant's channel does not open there; a
    replayed one opens, and is at or below the head, or of another epoch.
    """

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._ciphers = [AESSIV(key) for key in keys]
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Hint)

    def close(self, hint: Hint) -> bytes:
        """The sealed bytes of a hint."""
        return self._ciphers[0].encrypt(self._encoder.encode(hint), [hint.tenant.bytes])

    def open(self, tenant: TenantId, sealed: bytes) -> Hint | None:
        """The hint, or None for bytes that no process of ours sealed for this tenant."""
        for cipher in self._ciphers:
            try:
                hint = self._decoder.decode(cipher.decrypt(sealed, [tenant.bytes]))
            except (InvalidTag, ValueError, msgspec.MsgspecError):
                continue
            return hint if hint.tenant == tenant else None
        return None
