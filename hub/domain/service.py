"""How a service does: its status follows the worst of its open incidents."""

from __future__ import annotations

from typing import Final

from hub.contract.words import ServiceStatus, Severity

DOWN: Final = frozenset({Severity.SEV1, Severity.SEV2})


def status_of(worst: Severity | None) -> ServiceStatus:
    """`down` from SEV2 upwards, `degraded` below it, `ok` where nothing is open (None)."""
    if worst is None:
        return ServiceStatus.OK
    return ServiceStatus.DOWN if worst in DOWN else ServiceStatus.DEGRADED
