"""Stream tickets on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec


class TicketMade(msgspec.Struct, frozen=True, kw_only=True):
    """A stream ticket: `?ticket=` of one stream of this organization, once, until `expires_at`."""

    ticket: str
    expires_at: datetime
