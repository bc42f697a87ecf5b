"""Refusals, folded: equal ones of one minute become one entry with a count, written by `system:guard`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.contract.ids import TenantId

KEPT = 10_000


class Refusal(msgspec.Struct, kw_only=True):
    """What one actor was refused, how often, from when to when."""

    tenant: TenantId
    who: str
    action: str
    target: str
    address: str
    request_id: str
    count: int
    first_at: datetime
    last_at: datetime


class Refusals:
    """In this process, until written. The first of a minute is due at once, so that it is seen; what
    follows in the same minute is folded into one more. Bounded: beyond 10,000 the count of one shared
    entry a tenant moves instead."""

    def __init__(self) -> None:
        self._due: list[Refusal] = []
        self._folded: dict[tuple[TenantId, str, str, datetime], Refusal] = {}

    def add(self, refusal: Refusal) -> None:
        """Count one refusal."""
        minute = refusal.first_at.replace(second=0, microsecond=0)
        key = (refusal.tenant, refusal.who, refusal.action, minute)
        if key not in self._folded and len(self._folded) >= KEPT:
            key = (refusal.tenant, "several", "several", minute)
        seen = self._folded.get(key)
        if seen is not None:
            seen.count += 1
            seen.last_at = refusal.last_at
            return
        is_told = len(self._due) < KEPT
        if is_told:
            self._due.append(refusal)
        self._folded[key] = msgspec.structs.replace(
            refusal, count=0 if is_told else 1, who=key[1], action=key[2]
        )

    def keep(self, refusals: list[Refusal]) -> None:
        """Take back what could not be written; bounded like the rest."""
        self._due = (refusals + self._due)[:KEPT]

    def take(self, now: datetime, everything: bool = False) -> list[Refusal]:
        """What is to be written now: first refusals, and the folds of minutes that are over."""
        due, self._due = self._due, []
        for key in [key for key in self._folded if everything or (now - key[3]).total_seconds() >= 60]:
            folded = self._folded.pop(key)
            if folded.count:
                due.append(folded)
        return due
