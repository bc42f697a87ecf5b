"""What rings: the events of one commit, sealed so that Redis can neither read nor write them."""

from __future__ import annotations

from typing import Final, Generic, Protocol, TypeVar
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


def channel(tenant: TenantId, prefix: str = PREFIX) -> str:
    """The Redis channel of one tenant."""
    return f"{prefix}{tenant}"


def tenant_of(name: str, prefix: str = PREFIX) -> TenantId | None:
    """The tenant of a channel's name; None for a name that `channel` would not have written."""
    try:
        tenant = TenantId(UUID(name.removeprefix(prefix)))
    except ValueError:
        return None
    return tenant if channel(tenant, prefix) == name else None


class Sealed(Protocol):
    """What names its tenant inside."""

    @property
    def tenant(self) -> UUID: ...


Said = TypeVar("Said", bound=Sealed)


class Sealing(Generic[Said]):
    """Seals and opens what is said on channels under keys that Redis lacks: the first seals, all open.

    AES-SIV (RFC 5297) needs no nonce that must never come twice, however many processes share a key. The
    tenant is associated data, so that a hint copied to another tenant's channel does not open there; a
    replayed one opens, and is at or below the head, or of another epoch.
    """

    def __init__(self, keys: tuple[bytes, ...], kind: type[Said]) -> None:
        self._ciphers = [AESSIV(key) for key in keys]
        self._encoder = msgspec.msgpack.Encoder(uuid_format="bytes")  # which all decoders read
        self._decoder = msgspec.msgpack.Decoder(kind)

    def close(self, said: Said) -> bytes:
        """The sealed bytes."""
        return self._ciphers[0].encrypt(self._encoder.encode(said), [said.tenant.bytes])

    def open(self, tenant: TenantId, sealed: bytes) -> Said | None:
        """What was said, or None for bytes that no process of ours sealed for this tenant."""
        for cipher in self._ciphers:
            try:
                said = self._decoder.decode(cipher.decrypt(sealed, [tenant.bytes]))
            except (InvalidTag, ValueError, msgspec.MsgspecError):
                continue
            return said if said.tenant == tenant else None
        return None


class Seal(Sealing[Hint]):
    """The seal of hints."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        super().__init__(keys, Hint)
