"""The wire's names for things: a typed prefix and a UUIDv7 in base32, such as `inc_06a4…`."""

from __future__ import annotations

from base64 import b32hexdecode
from functools import lru_cache
from typing import Final, NewType
from uuid import UUID

from uuid_utils.compat import uuid7

TenantId = NewType("TenantId", UUID)
IncidentId = NewType("IncidentId", UUID)
AlertId = NewType("AlertId", UUID)
ServiceId = NewType("ServiceId", UUID)
IntegrationId = NewType("IntegrationId", UUID)

INSTALLATION: Final = TenantId(UUID(int=0))
PREFIXES: Final = {
    "tenant": "ten", "organization": "org", "person": "usr", "member": "mem", "team": "tem", "service": "svc",
    "integration": "int", "key": "key", "alert": "alr", "incident": "inc", "event": "evt",
    "receipt": "rcp", "session": "ses", "binding": "rol", "task": "tsk",
    "invitation": "inv", "heartbeat": "hbt", "consumer": "con",
}  # fmt: skip


def new() -> UUID:
    """A fresh id. UUIDv7, so that an index grows at its end and ids sort by time of birth."""
    return uuid7()


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"  # base32hex (RFC 4648, section 7), in lower case
_PAIRS: Final = [first + second for first in _DIGITS for second in _DIGITS]
_SHIFTS: Final = range(120, -1, -10)


@lru_cache(maxsize=4096)
def text(kind: str, value: UUID) -> str:
    """Write an id for the wire: 4 characters of prefix, 26 of base32hex, which keeps the order."""
    bits = value.int << 2  # 26 digits of 5 bits: two more than an id has
    return f"{PREFIXES[kind]}_{''.join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])}"


def parse(kind: str, value: str) -> UUID | None:
    """Read an id of the wire; None for anything that `text` would not have written."""
    prefix, _, digits = value.partition("_")
    if prefix != PREFIXES[kind] or len(digits) != 26 or not digits.isascii() or digits != digits.lower():
        return None
    try:
        read = UUID(bytes=b32hexdecode(digits.upper() + "======"))
    except ValueError:
        return None
    return read if text(kind, read) == value else None
