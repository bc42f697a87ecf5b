"""The view of an actor, computed in one place: lists, streams, receipts and audit all filter by it."""

from __future__ import annotations

from typing import Protocol

from hub.contract.words import Action
from hub.domain.access import Holdings
from hub.domain.sight import View


class Rights(Protocol):
    """What a view is made of: a Grant, or what somebody's roles come to."""

    @property
    def actions(self) -> frozenset[Action]:
        """What holds in the whole organization."""
        ...

    @property
    def administrative(self) -> bool:
        """Whether administrative events are in sight."""
        ...

    @property
    def services(self) -> Holdings:
        """What holds for one service."""
        ...

    @property
    def incidents(self) -> Holdings:
        """What holds for one incident."""
        ...


def view(grant: Rights) -> View:
    """What the holder of this Grant may see: what it holds any action for. Whether it may also do what it
    asks for is the Grant's own answer. Who sees the whole organization needs no list of services."""
    whole = bool(grant.actions)
    return View(
        administrative=grant.administrative,
        whole=whole,
        services=frozenset() if whole else frozenset(grant.services),
        incidents=frozenset(grant.incidents),
    )
