"""What a source is: four pure functions between a sender's bytes and our signals."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec

from hub.contract.signals import Fault, Rejected, Signal


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the synchronous answer needs of a body. `faults` make the answer a refusal (the body is
    kept); `correlation` is the sender's own name of what it reports, where the whole body has one."""

    key: str | None = None
    correlation: str = ""
    delivery: str | None = None
    items: tuple[Fault | None, ...] = ()
    dedup_key: str | None = None
    faults: tuple[Fault, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer in the sender's own shape. `body` None is an empty body; else it is sent as JSON."""

    status: int
    body: object = None
    content_type: str = "application/json"
    headers: dict[str, str] = {}


class Source(Protocol):
    """One inbound wire format; a module of this package, registered in `sources/registry.py`.

    `COMES_AGAIN`: whether its senders try again when they are refused. Those who do not are never refused for
    a quota: what they bring would be lost.
    """

    NAME: str
    BODY_MAX: int
    COMES_AGAIN: bool

    def check(self, body: bytes) -> Checked:
        """Read only what the answer needs; never raises."""
        ...

    def signals(self, body: bytes) -> list[Signal | Rejected]:
        """Take the signals out of a stored body, in order; raise Unreadable (contract/signals.py)."""
        ...

    def answer(self, checked: Checked, row: UUID | None) -> Reply:
        """Answer after COMMIT, or with row None: the integration key is unknown."""
        ...

    def busy(self, is_over_quota: bool = False) -> Reply:
        """Answer when the body was not kept, as it cannot be or as too many came: so that this sender tries
        again."""
        ...


def derived_key(row: UUID, index: int) -> str:
    """The dedup key of a signal whose sender gave none: versioned, and the same on every reading."""
    return f"auto:1:{row.hex}:{index}"
