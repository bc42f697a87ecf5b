"""The view of an actor, computed in one place: lists, streams, receipts and audit all filter by it."""

from __future__ import annotations

from hub.domain.access import Grant
from hub.domain.sight import View


def view(grant: Grant) -> View:
    """What the holder of this Grant may see."""
    return View(administrative=grant.administrative)
