"""Found an organization: its log, its owner, and a first team, service, integration and API key."""

from __future__ import annotations

import secrets
from uuid import UUID

import msgspec

from hub.contract import administration as a
from hub.contract.ids import TenantId, new, text
from hub.contract.words import Role
from hub.domain.errors import NotAllowedNow
from hub.services.access import system
from hub.services.change import Change, change
from hub.services.credentials import API_KEY, INTEGRATION_KEY, keep, new_api_key, new_integration_key
from hub.services.joining import KEY, give, join, register
from hub.services.ports import Ports, RequestContext
from hub.storage import catalogue, directory, people, services

CONTEXT = RequestContext(request_id="founding", address="local", device="command line")


class Founded(msgspec.Struct, frozen=True, kw_only=True):
    """What was made; secrets are shown here and never again. `password` is None for a known person."""

    organization: str
    email: str
    password: str | None
    api_key: str
    integration_key: str
    integration_id: str


async def found(ports: Ports, slug: str, name: str, email: str, password: str | None = None) -> Founded:
    """Make an organization with an owner, who is made too where nobody signs in with this address yet.

    It starts with a team, a service, an integration and an API key (role admin), so that an alert can be
    sent at once. Raise NotAllowedNow where the slug is taken.
    """
    email = email.strip().lower()
    if await directory.find_organization(ports.store, slug) is not None:
        raise NotAllowedNow(f"The organization {slug} exists already.")
    owner = await directory.find_identity(ports.store, "password", email)
    chosen = None
    if owner is None:
        chosen = password or secrets.token_urlsafe(12)
        owner = await register(ports, email, _name(email), chosen, CONTEXT)
    tenant = TenantId(new())
    async with change(ports, system("founder", tenant, slug), CONTEXT) as changed:
        await people.open_log(changed.tx)
        if not await people.add_organization(changed.tx, slug, name, changed.now):
            raise NotAllowedNow(f"The organization {slug} exists already.")
        changed.happened(a.OrganizationCreated(slug=slug, name=name), tenant)
        member = await join(changed, owner, _name(email), Role.OWNER)
        keys = await _start(changed, member)
    return Founded(
        organization=slug,
        email=email,
        password=chosen,
        api_key=keys[0],
        integration_key=keys[1],
        integration_id=keys[2],
    )


def _name(email: str) -> str:
    return email.split("@", 1)[0].title()


async def _start(changed: Change, member: UUID) -> tuple[str, str, str]:
    team, service, integration, key = new(), new(), new(), new()
    await people.add_team(changed.tx, team, "On call", [member], changed.now)
    changed.happened(a.TeamCreated(name="On call"), team)
    first = services.Kept(id=service, name="First service", team_id=team, created_at=changed.now)
    await services.add(changed.tx, first)
    changed.happened(a.ServiceCreated(name="First service"), service)
    await catalogue.add_integration(changed.tx, integration, service, "First integration", changed.now)
    about = a.IntegrationCreated(name="First integration", service=text("service", service))
    changed.happened(about, integration)
    integration_key, api_key = new_integration_key(), new_api_key()
    await keep(changed, INTEGRATION_KEY, integration_key, integration, "First integration")
    await keep(changed, API_KEY, api_key, key, "First key")
    changed.happened(a.KeyCreated(name="First key", scopes=()), key)
    await give(changed, KEY, key, Role.ADMIN)
    return api_key, integration_key, text("integration", integration)
