"""API keys of every role, for tests that ask what a role may do."""

from __future__ import annotations

from orgs import Org

from hub.contract.ids import new
from hub.contract.words import Role, Scope
from hub.services.access import system
from hub.services.change import change
from hub.services.credentials import hash_of, new_api_key
from hub.services.ports import Ports, RequestContext
from hub.storage import credentials, people
from hub.storage.credentials import Credential

CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")


async def key_of(ports: Ports, org: Org, role: Role, scopes: tuple[str, ...] = ()) -> str:
    """A new API key of the organization with one role, which scopes may narrow."""
    secret, subject = new_api_key(), new()
    credential = Credential(
        tenant_id=org.tenant, id=new(), kind="api_key", subject=subject, scopes=scopes, expires_at=None,
        last_used_at=None, about={"name": role.value},
    )  # fmt: skip
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        await credentials.add(changed.tx, hash_of(secret), credential, changed.now)
        scope = (Scope.ORGANIZATION, org.tenant)
        await people.bind(changed.tx, new(), ("key", subject), role, scope, changed.now)
    return secret
