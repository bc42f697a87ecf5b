"""Organizations: make one, show it, rename it."""

from __future__ import annotations

from uuid import uuid5

import msgspec

from hub.contract.administration import OrganizationCreated
from hub.contract.ids import TenantId, new, text
from hub.contract.membership import OrganizationRenamed
from hub.contract.people import CreateOrganization, RenameOrganization
from hub.contract.resources import Named, OrganizationResource
from hub.contract.words import Action, Role
from hub.domain.access import Grant
from hub.domain.errors import Contended, KeyReused, NotAllowedNow, NotFound, Stale
from hub.domain.version import Expected
from hub.services import access
from hub.services.change import change, read
from hub.services.joining import join
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.storage import directory, organizations, people
from hub.storage.credentials import Credential
from hub.storage.organizations import Organization

MEMBERSHIPS_MAX = 50


class Created(msgspec.Struct, frozen=True):
    """A new organization, and whether a request made before created it."""

    organization: OrganizationResource
    replayed: bool


async def create(
    ports: Ports,
    credential: Credential,
    grant: Grant,
    body: CreateOrganization,
    key: str | None,
    context: RequestContext,
) -> Created:
    """Make an organization whose owner is the person of the Grant. Raise NotAllowedNow where the slug is
    taken, or where the person is in fifty organizations."""
    grant.require(Action.SELF_MANAGE)
    # Two tenants cannot share a transaction: the key is kept at the person, after the organization is made,
    # so that a refusal keeps nothing; and the new tenant's id follows from the key, so that a repeat of
    # whatever was interrupted in between finds the same organization.
    tenant = TenantId(uuid5(grant.tenant, f"organization/{key}") if key else new())
    async with change(ports, grant, context) as changed:
        claim = Claim(changed, "organization", key, body)
        is_repeat = await claim.earlier() is not None
    made = not is_repeat and await patiently(lambda: _found(ports, grant, tenant, body, context))
    if not is_repeat:
        async with change(ports, grant, context) as changed:
            await Claim(changed, "organization", key, body).is_taken(text("organization", tenant))
    now = await access.authorize(ports, credential, body.slug, Action.INCIDENT_READ, context)
    return Created(await show(ports, now), not made)


async def _found(
    ports: Ports, grant: Grant, tenant: TenantId, body: CreateOrganization, context: RequestContext
) -> bool:
    """Make it, unless it is there; whether it was made. Raise KeyReused where the key has made another."""
    async with change(ports, access.founder(grant, tenant, body.slug), context) as changed:
        if (present := await organizations.find(changed.tx)) is not None:
            if present.slug != body.slug:
                raise KeyReused
            return False
        if len(await directory.organizations_of(ports.store, grant.tenant)) >= MEMBERSHIPS_MAX:
            raise NotAllowedNow(f"You are in {MEMBERSHIPS_MAX} organizations, which is the most.")
        if not await people.open_log(changed.tx):
            raise Contended  # the same request, at the same time: it is made when we look again
        if not await people.add_organization(changed.tx, body.slug, body.name, changed.now):
            raise NotAllowedNow(f"The organization {body.slug} exists already.")
        changed.happened(OrganizationCreated(slug=body.slug, name=body.name), tenant)
        await join(changed, grant.tenant, grant.actor.name, Role.OWNER)
    return True


async def show(ports: Ports, grant: Grant) -> OrganizationResource:
    """The organization, and what the caller may do in it."""
    async with read(ports, grant) as tx:
        found = await organizations.find(tx)
    return _resource(grant, found)


async def rename(
    ports: Ports, grant: Grant, body: RenameOrganization, expected: Expected, context: RequestContext
) -> OrganizationResource:
    """Another name. Raise Stale unless `expected` has the present version."""
    grant.require(Action.ORGANIZATION_MANAGE)
    async with change(ports, grant, context) as changed:
        before = await organizations.lock(changed.tx)
        if before is None or not expected.meets(before.version):
            raise Stale(_resource(grant, before))
        if body.name != before.name:
            await organizations.rename(changed.tx, body.name)
            changed.happened(OrganizationRenamed(name=body.name, was=before.name), grant.tenant)
        return _resource(grant, await organizations.find(changed.tx))


def _resource(grant: Grant, found: Organization | None) -> OrganizationResource:
    if found is None:
        raise NotFound
    return OrganizationResource(
        id=text("organization", grant.tenant),
        slug=found.slug,
        name=found.name,
        actor=Named(grant.actor.id, grant.actor.name),
        actions=sorted(grant.actions),
        actions_somewhere=sorted(grant.anywhere),
        nobody_is_paged=True,  # there is no notification target and no relay yet
        version=found.version,
    )
