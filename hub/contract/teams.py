"""Teams on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.contract.catalogue import Name
from hub.contract.people import Asked
from hub.contract.resources import Named


class NameTeam(Asked, frozen=True, kw_only=True):
    """A team to make, or its other name."""

    name: Name


class TeamResource(msgspec.Struct, frozen=True, kw_only=True):
    """A team and its members, of whom there are at most 200."""

    id: str
    name: str
    members: list[Named]
    created_at: datetime
    version: int


class TeamPage(msgspec.Struct, frozen=True):
    """Teams in the order in which they were made."""

    data: list[TeamResource]
    next_cursor: str | None
