"""Roles in narrower scopes: what authorize() lets through, and what the Grant then holds."""

from __future__ import annotations

from uuid import UUID

import pytest
from line import CONTEXT, connected
from orgs import Org
from servers import Database

from hub.contract.ids import new
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX
from hub.domain.errors import Forbidden, NotFound
from hub.services import access
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=40)


async def execute(database: Database, statement: str, *values: object) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute(statement, *values)


async def bind(database: Database, org: Org, role: Role, scope: Scope, id: UUID) -> None:
    """Give the organization's first key one more role."""
    await execute(
        database, "INSERT INTO role_binding VALUES ($1, $2, 'key', $3, $4, $5, $6, now(), NULL)",
        org.tenant, new(), org.key.subject, role, scope, id,
    )  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("scope", [Scope.TEAM, Scope.SERVICE, Scope.INCIDENT])
async def test_a_role_in_a_narrower_scope_holds_there_and_opens_nothing_else(
    ports: Ports, database: Database, acme: Org, globex: Org, role: Role, scope: Scope
) -> None:
    place = new()
    await execute(database, "DELETE FROM role_binding WHERE tenant_id = $1", acme.tenant)
    await bind(database, acme, role, scope, place)
    for action in Action:
        if action not in MATRIX[role] & CARRIES[scope]:
            with pytest.raises(Forbidden):
                await access.authorize(ports, acme.key, "acme", action, CONTEXT)
            continue
        grant = await access.authorize(ports, acme.key, "acme", action, CONTEXT)
        assert (grant.actions, grant.administrative) == (frozenset(), False)
        assert grant.allows(action, **{scope.value: place})
        with pytest.raises(Forbidden):
            grant.require(action)
    with pytest.raises(NotFound):
        await access.authorize(ports, acme.key, "globex", Action.INCIDENT_READ, CONTEXT)


async def test_a_teams_scope_holds_for_the_services_that_it_owns_now(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    async with connected(database.admin_url) as admin:
        team = await admin.fetchval("SELECT id FROM team WHERE tenant_id = $1", acme.tenant)
        service = await admin.fetchval("SELECT id FROM service WHERE tenant_id = $1", acme.tenant)
        theirs = await admin.fetchval("SELECT id FROM service WHERE tenant_id = $1", globex.tenant)
    await execute(database, "DELETE FROM role_binding WHERE tenant_id = $1", acme.tenant)
    await bind(database, acme, Role.RESPONDER, Scope.TEAM, team)
    for owner, services in ((team, {service}), (None, set()), (team, {service})):
        await execute(database, "UPDATE service SET team_id = $1 WHERE id = $2", owner, service)
        grant = await access.authorize(ports, acme.key, "acme", Action.INCIDENT_READ, CONTEXT)
        assert (set(grant.services), set(grant.teams)) == (services, {team})
        assert grant.allows(Action.INCIDENT_NOTE, service=service) == bool(services)
        assert not grant.allows(Action.INCIDENT_NOTE, service=theirs)
