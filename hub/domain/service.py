"""How a service does, by the worst of its open incidents; and what it leads to, by what it needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from hub.contract.words import ServiceStatus, Severity

DOWN: Final = frozenset({Severity.SEV1, Severity.SEV2})


def status_of(worst: Severity | None) -> ServiceStatus:
    """`down` from SEV2 upwards, `degraded` below it, `ok` where nothing is open (None)."""
    if worst is None:
        return ServiceStatus.OK
    return ServiceStatus.DOWN if worst in DOWN else ServiceStatus.DEGRADED


def way(needs: Mapping[UUID, Iterable[UUID]], starts: Iterable[UUID], goal: UUID) -> list[UUID] | None:
    """A shortest way from one of the starts to the goal, both included; None where there is none.

    `needs` is a graph without circles, or one with: each service is visited once.
    """
    ways = {start: [start] for start in starts}
    left = deque(ways)
    while left:
        here = left.popleft()
        if here == goal:
            return ways[here]
        for there in needs.get(here, ()):
            if there not in ways:
                ways[there] = [*ways[here], there]
                left.append(there)
    return None
