"""Door: a body that came packed by gzip, unpacked within bounds."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

from hub.door.bounded import SALVAGE_MAX

RATIO_MAX: Final = 10
FREE: Final = 256 * 1024  # bytes of any ratio: a group of alerts that differ in one label packs well
NAMES: Final = frozenset({"gzip", "x-gzip"})
GZIP: Final = 16 + zlib.MAX_WBITS


class Unpacked(NamedTuple):
    """What was in it; of what was too much, or did not come whole, the beginning (`is_cut`)."""

    body: bytes
    is_cut: bool


def unpack(packed: bytes, limit: int, is_cut: bool = False) -> Unpacked | None:
    """The one gzip member of a body, where it holds at most `limit` bytes, and at most ten times its own size
    once that is more than 256 KiB; no more is ever unpacked. None for what is no gzip, or is damaged: it is
    read as it came."""
    most = min(limit, max(FREE, RATIO_MAX * len(packed)))
    reader = zlib.decompressobj(GZIP)
    try:
        body = reader.decompress(packed, SALVAGE_MAX if is_cut else most + 1)
    except zlib.error:
        return None
    if is_cut or len(body) > most:
        return Unpacked(body[:SALVAGE_MAX], True)
    return Unpacked(body, False) if reader.eof and not reader.unused_data else None
