"""The catalogue for readers: the organization and its services."""

from __future__ import annotations

from hub.contract.ids import text
from hub.contract.resources import Named, OrganizationResource, ServicePage, ServiceResource
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import NotFound
from hub.services import paging
from hub.services.change import read
from hub.services.ports import Ports
from hub.storage import catalogue, people


async def organization(ports: Ports, grant: Grant) -> OrganizationResource:
    """The organization, and what the caller may do in it."""
    async with read(ports, grant) as tx:
        named = await people.this_organization(tx)
    if named is None:
        raise NotFound
    return OrganizationResource(
        id=text("organization", grant.tenant),
        slug=named[0],
        name=named[1],
        actor=Named(grant.actor.id, grant.actor.name),
        actions=sorted(grant.actions),
        nobody_is_paged=True,  # there is no notification target and no relay yet
    )


async def page_services(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> ServicePage:
    """Services that are not archived, in the order they were made."""
    grant.require(Action.SERVICE_READ)
    after = paging.id_place(ports, grant, "services", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await catalogue.page_services(tx, after, limit + 1)
    shown = [
        ServiceResource(
            id=text("service", service.id),
            name=service.name,
            tier=service.tier,
            runbook_url=service.runbook_url,
            auto_resolve=service.auto_resolve,
        )
        for service in found[:limit]
    ]
    last = found[limit - 1].id if len(found) > limit else None
    return ServicePage(shown, paging.next_cursor(ports, grant, "services", len(found) > limit, last))
