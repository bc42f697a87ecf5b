"""What a PATCH asks for, and what it altered, as the log tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from hub.contract.administration import Altered, Value


def asked_for(patch: msgspec.Struct) -> dict[str, Any]:
    """The fields that a PATCH names, by name."""
    return {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}


def altered(was: Mapping[str, Value], now: Mapping[str, Value]) -> dict[str, Altered]:
    """The fields of `now` that differ from `was`."""
    return {name: Altered(was[name], value) for name, value in now.items() if was[name] != value}
