"""Problems: the one body of every answer that says what went wrong (RFC 9457)."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.contract.signals import Fault


class ProblemResource(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong. `code` never changes its meaning; `errors` names every bad field.

    `current` is the thing as it is, with a conflict and a stale version; `first` the event that came before
    yours, with a conflict. `reason` and `cursor`: why a stream's cursor means nothing any more, and from
    where it goes on.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[Fault]
    current: Any = msgspec.UNSET
    first: Any = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    cursor: str | msgspec.UnsetType = msgspec.UNSET
