"""Credentials: how secrets look, how they are made, and the one look-up that every door asks."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

from hub.services.ports import Ports
from hub.storage import directory
from hub.storage.credentials import Credential

ALPHABET = string.ascii_lowercase + string.digits
KEY_PREFIX = "ihk_"
SECRET_MAX = 256


def hash_of(secret: str) -> bytes:
    """What is stored. Secrets have 128 bits or more, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(secret.encode()).digest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def new_api_key() -> str:
    """`ihk_<id>_<secret><checksum>`: 8, 32 and 6 characters, a form that secret scanners can match."""
    body = f"{KEY_PREFIX}{_letters(8)}_{_letters(32)}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 in six base-36 digits: a mistyped key is refused without asking the database."""
    number, digits = zlib.crc32(body.encode()), ""
    while len(digits) < 6:
        number, digit = divmod(number, 36)
        digits = (string.digits + string.ascii_lowercase)[digit] + digits
    return digits


def new_integration_key() -> str:
    """32 lower-case letters and digits, as long as a PagerDuty `routing_key` must be; 165 bits."""
    return _letters(32)


async def find(ports: Ports, presented: str) -> Credential | None:
    """What a presented secret stands for; None when it is none, has expired or was revoked."""
    if not presented or len(presented) > SECRET_MAX:
        return None
    if presented.startswith(KEY_PREFIX) and checksum(presented[:-6]) != presented[-6:]:
        return None
    return await directory.find_credential(ports.store, hash_of(presented))
