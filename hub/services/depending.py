"""Depending: what a service needs, set as a whole, and never in a circle."""

from __future__ import annotations

from uuid import UUID

from hub.contract.administration import ServiceDependenciesSet
from hub.contract.catalogue import DependOn
from hub.contract.ids import parse, text
from hub.contract.resources import ServiceResource
from hub.domain.access import Grant
from hub.domain.errors import NotAllowedNow, Stale
from hub.domain.faults import Faults
from hub.domain.service import way
from hub.domain.version import Expected
from hub.services.catalogue import known, lock_service, resource
from hub.services.change import Change, change
from hub.services.once import patiently
from hub.services.ports import Ports, RequestContext
from hub.services.views import view
from hub.storage import dependencies, organizations, services


async def depend(
    ports: Ports, grant: Grant, reference: str, asked: DependOn, expected: Expected, context: RequestContext
) -> ServiceResource:
    """Have a service need these and no others. Raise Stale unless `expected` has the present version, Invalid
    for what is no service here, NotAllowedNow, naming the circle, where one would close. Who does not see all
    of what it needs leaves the rest as it is."""
    seen = view(grant)

    async def attempt() -> ServiceResource:
        async with change(ports, grant, context) as changed:
            # Two that each close half of a circle would not see each other: one writes the graph at a time.
            await organizations.lock(changed.tx)
            found = await lock_service(changed, reference)
            if not expected.meets(found.version):
                raise Stale(resource(found, seen))
            present = {each.id for each in found.needs}
            unseen = [id for id in sorted(present) if not seen.sees_service(id)]
            wanted = await _services(changed, asked) + unseen
            if set(wanted) == present:
                return resource(found, seen)
            await _require_no_circle(changed, found.kept.id, wanted)
            await dependencies.replace(changed.tx, found.kept.id, wanted)
            await services.save(changed.tx, found.kept)
            event = ServiceDependenciesSet(
                was=tuple(sorted(text("service", id) for id in present)),
                now=tuple(sorted(text("service", id) for id in wanted)),
            )
            changed.happened(event, found.kept.id)
            return resource(known(await services.find(changed.tx, found.kept.id)), seen)

    return await patiently(attempt)


async def _services(changed: Change, asked: DependOn) -> list[UUID]:
    """The services that are named, each once; every one that is not there is a fault."""
    found, faults, sees = [], Faults(), view(changed.grant).sees_service
    for index, reference in enumerate(asked.services):
        id = parse("service", reference)
        if id is None or not sees(id) or await services.find(changed.tx, id) is None:
            faults.add(f"/services/{index}", "unknown", "There is no such service.")
        else:
            found.append(id)
    faults.check()
    return list(dict.fromkeys(found))


async def _require_no_circle(changed: Change, service: UUID, wanted: list[UUID]) -> None:
    back = way(await dependencies.reached(changed.tx, wanted), wanted, service)
    if back is not None:
        shown = [await services.find(changed.tx, id) for id in (service, *back)]
        sees = view(changed.grant).sees_service
        names = " needs ".join(each.kept.name if sees(each.kept.id) else "another" for each in shown if each)
        raise NotAllowedNow(f"That would be a circle: {names}.")
