"""Version: which versions of a thing a change may meet."""

from __future__ import annotations

import msgspec


class Expected(msgspec.Struct, frozen=True):
    """What a caller has read: one of these versions, none at all, or, where `versions` is None, any."""

    versions: frozenset[int] | None

    def meets(self, present: int) -> bool:
        """Whether a change may be made to the version that there is."""
        return self.versions is None or present in self.versions
