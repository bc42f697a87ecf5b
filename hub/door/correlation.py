"""Door: what follows a request into rows, events and logs: request id, trace, address, device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import getrandbits
from typing import Final

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
DEVICE_MAX: Final = 200


def request_id(headers: Mapping[str, str]) -> str:
    """The sender's `X-Request-ID` when it is harmless in logs and rows, else 16 fresh characters. It names,
    and proves nothing: whoever knows one can do nothing with it."""
    given = headers.get("X-Request-ID", "")
    return given if _REQUEST_ID.fullmatch(given) else f"{getrandbits(64):016x}"


def traceparent(headers: Mapping[str, str]) -> str:
    """The sender's W3C `traceparent` (Trace Context, section 3.2; version 00), or an empty text."""
    given = headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else ""


def device(headers: Mapping[str, str]) -> str:
    """The `User-Agent`, printable and cut: people know their sessions by it."""
    given = headers.get("User-Agent", "")[:DEVICE_MAX]
    if given.isprintable():
        return given
    return "".join(letter if letter.isprintable() else "?" for letter in given)
