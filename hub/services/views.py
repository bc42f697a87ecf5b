"""The view of an actor, computed in one place: lists, streams, receipts and audit all filter by it."""

from __future__ import annotations

from hub.domain.access import Grant
from hub.domain.sight import View


def view(grant: Grant) -> View:
    """What the holder of this Grant may see: what it holds any action for. Whether it may also do what it
    asks for is the Grant's own answer. Who sees the whole organization needs no list of services."""
    whole = bool(grant.actions)
    return View(
        administrative=grant.administrative,
        whole=whole,
        services=frozenset() if whole else frozenset(grant.services),
        incidents=frozenset(grant.incidents),
    )
