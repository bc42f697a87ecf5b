"""Holds on the wire: what is asked of an integration whose key may have leaked, and who has used it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.administration import Administrative
from hub.contract.words import Release

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class HoldBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hear these addresses and networks only; none at all where the list is empty."""

    addresses: Annotated[list[Address], msgspec.Meta(max_length=50)]


class LetGo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the requests that waited."""

    quarantined: Release


class HoldShown(msgspec.Struct, frozen=True, kw_only=True):
    """A hold. `releasing` says what becomes of what waited, while that is being done."""

    addresses: tuple[str, ...]
    since: datetime
    releasing: Release | None


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What came from one address; `quarantined` of it waits."""

    address: str
    count: int
    first_at: datetime
    last_at: datetime
    quarantined: int


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """Who has used an integration, by address, the latest first, at most 200 addresses. `counted` requests
    were looked at, the newest 10,000 at most, of which the oldest came at `since`."""

    data: list[Use]
    counted: int
    since: datetime | None


class IntegrationHeld(Administrative, frozen=True, kw_only=True):
    """Requests from other addresses than these wait."""

    kind = "integration.held"
    about = "integration"
    addresses: tuple[str, ...]


class IntegrationReleased(Administrative, frozen=True, kw_only=True):
    """Every address is heard again; what waited is processed or discarded."""

    kind = "integration.released"
    about = "integration"
    quarantined: Release


class QuarantineEmptied(Administrative, frozen=True, kw_only=True):
    """After a release, nothing waits apart any more."""

    kind = "integration.quarantine_emptied"
    about = "integration"
