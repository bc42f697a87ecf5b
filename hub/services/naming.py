"""Naming: a service that a body names, as the one who asks may name it."""

from __future__ import annotations

from hub.contract.ids import parse
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Invalid
from hub.domain.intake import Service
from hub.services.views import view
from hub.storage import catalogue
from hub.storage.tx import Tx


async def named_service(tx: Tx, grant: Grant, reference: str, action: Action) -> Service:
    """The service of a body's member `service`, locked so that nobody archives it meanwhile. Raise Invalid
    alike for a foreign one, a missing one, an archived one and one out of sight; Forbidden where it is seen,
    but the action is not allowed for it."""
    id = parse("service", reference)
    found = await catalogue.lock_service(tx, id) if id and view(grant).sees_service(id) else None
    if found is None or found.is_archived:
        raise Invalid([Fault(pointer="/service", code="unknown", detail="There is no such service.")])
    grant.require(action, service=found.id)
    return found
