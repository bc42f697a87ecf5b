"""The bodies of what a person does about their own sign-in."""

from __future__ import annotations

from datetime import datetime

import msgspec


class SessionResource(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that a person is signed in with; `current` is the one that asks. It ends at `expires_at`,
    or after three days without a use."""

    id: str
    device: str
    address: str
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionPage(msgspec.Struct, frozen=True):
    """Sessions, newest first."""

    data: list[SessionResource]
    next_cursor: str | None
