"""Cursors: opaque, encrypted, deterministic. The same place in the same view is always the same text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.config import Config
from hub.contract.ids import TenantId
from hub.domain.resume import Place

PLACE_BYTES = 16 + 8 + 4
OWED_BYTES = 16


class Cursors:
    """AES-SIV under the keys of the configuration: nobody can forge one, or read a position out of it.

    A dense position would tell of private incidents and of the organization's volume, so it is encrypted,
    not only signed; so are the places in pages of lists.
    """

    def __init__(self, config: Config) -> None:
        self._streams = [AESSIV(key) for key in config.keys("cursor")]
        self._pages = [AESSIV(key) for key in config.keys("page")]

    def write(self, tenant: TenantId, place: Place) -> str:
        """The cursor of a place in a tenant's log; 59 characters, or 80 where something is owed."""
        owed = place.owed.bytes if place.owed is not None else b""
        plain = place.epoch.bytes + place.position.to_bytes(8, "big") + place.view + owed
        return _seal(self._streams, plain, tenant.bytes)

    def read(self, tenant: TenantId, text: str) -> Place | None:
        """The place of a cursor, or None for anything that was not written for this tenant."""
        plain = _open(self._streams, text, tenant.bytes)
        if plain is None or len(plain) not in {PLACE_BYTES, PLACE_BYTES + OWED_BYTES}:
            return None
        return Place(
            epoch=UUID(bytes=plain[:16]),
            position=int.from_bytes(plain[16:24], "big"),
            view=plain[24:PLACE_BYTES],
            owed=UUID(bytes=plain[PLACE_BYTES:]) if len(plain) > PLACE_BYTES else None,
        )

    def write_page(self, tenant: TenantId, filter: str, place: bytes) -> str:
        """The cursor of a list's next page, bound to the tenant and the filter."""
        return _seal(self._pages, place, tenant.bytes, filter.encode())

    def read_page(self, tenant: TenantId, filter: str, text: str) -> bytes | None:
        """The place in a list, or None for a cursor of another list, filter or tenant."""
        return _open(self._pages, text, tenant.bytes, filter.encode())


def _seal(keys: list[AESSIV], plain: bytes, *bound: bytes) -> str:
    return urlsafe_b64encode(keys[0].encrypt(plain, list(bound))).decode().rstrip("=")


def _open(keys: list[AESSIV], text: str, *bound: bytes) -> bytes | None:
    if not 20 <= len(text) <= 128 or not text.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    if urlsafe_b64encode(sealed).decode().rstrip("=") != text:
        return None
    for key in keys:
        try:
            return key.decrypt(sealed, list(bound))
        except (InvalidTag, ValueError):
            continue
    return None
