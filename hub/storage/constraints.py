"""What a constraint of the schema refuses, told as the bad field that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from hub.contract.signals import Fault
from hub.domain.errors import Invalid

TAKEN: Final = "This name is taken here."
FAULTS: Final = {
    "team_tenant_id_name_key": Fault(pointer="/name", code="taken", detail=TAKEN),
    "service_tenant_id_name_key": Fault(pointer="/name", code="taken", detail=TAKEN),
    "service_tenant_id_team_id_fkey": Fault(pointer="/team", code="unknown", detail="There is no such team."),
    "service_dependency_tenant_id_needs_id_fkey": Fault(
        pointer="/services", code="unknown", detail="There is no such service."
    ),
    "heartbeat_tenant_id_integration_id_name_key": Fault(pointer="/name", code="taken", detail=TAKEN),
    "integration_tenant_id_name_key": Fault(pointer="/name", code="taken", detail=TAKEN),
    "consumer_tenant_id_name_key": Fault(pointer="/name", code="taken", detail=TAKEN),
}


@contextmanager
def told() -> Iterator[None]:
    """Raise Invalid for what a named constraint refuses. Asking beforehand would race with another writer;
    and a foreign key knows only this tenant's rows, so that a foreign team is refused like a missing one."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        fault = FAULTS.get(error.constraint_name or "")
        if fault is None:
            raise
        raise Invalid([fault]) from None
