"""Who sees what: the view of an actor, as a small value with a hash that cursors carry."""

from __future__ import annotations

import hashlib

import msgspec

from hub.contract.kinds import ADMINISTRATIVE, KINDS

SHOWN = KINDS.keys() - ADMINISTRATIVE


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one actor may see. Two actors with equal views share frames and cursors."""

    administrative: bool = False

    def sees(self, kind: str) -> bool:
        """Whether an event of this kind is in the view. One that only a newer version knows is kept from
        those who do not administer: it may be an administrative one."""
        return self.administrative or kind in SHOWN

    @property
    def hash(self) -> bytes:
        """Four bytes that change when what may be seen changes; a cursor of another view is reset."""
        return hashlib.sha256(b"incidenthub/view/1/" + msgspec.json.encode(self)).digest()[:4]
