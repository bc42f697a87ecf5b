"""Joining: how one becomes a person, a member, and somebody with a role."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from hub.contract.administration import MemberAdded, PersonCreated, RoleGranted
from hub.contract.ids import TenantId, new, text
from hub.contract.words import Role, Scope
from hub.domain.errors import NotAllowedNow
from hub.services import access
from hub.services.change import Change, change
from hub.services.passwords import hash_password
from hub.services.ports import Ports, RequestContext
from hub.storage import members, people

MEMBER, KEY, TEAM = "member", "key", "team"


async def join(changed: Change, person: TenantId, name: str, role: Role) -> UUID:
    """Make a person a member with a role in the whole organization; the member's id."""
    member = await people.add_member(changed.tx, new(), person, name, changed.now)
    await members.vacate(changed.tx, member)  # of a membership that ended by itself, roles are left over
    changed.happened(MemberAdded(name=name), member)
    await give(changed, MEMBER, member, role)
    return member


class Place(NamedTuple):
    """Where a role is to hold; `named` is its id for the log, empty for the whole organization."""

    kind: Scope
    id: UUID
    named: str = ""


async def give(
    changed: Change,
    kind: str,
    subject: UUID,
    role: Role,
    expires_at: datetime | None = None,
    place: Place | None = None,
) -> UUID | None:
    """Bind a role to a member, team or key: in the whole organization, unless a place is given. None where it
    is bound already."""
    binding, at = new(), place or Place(Scope.ORGANIZATION, changed.grant.tenant)
    scope = (at.kind, at.id)
    if not await people.bind(changed.tx, binding, (kind, subject), role, scope, changed.now, expires_at):
        return None
    granted = RoleGranted(subject=text(kind, subject), role=role, scope=at.kind, scope_id=at.named)
    changed.happened(granted, binding)
    return binding


async def register(ports: Ports, email: str, name: str, password: str, context: RequestContext) -> TenantId:
    """Make a person who can sign in. Raise NotAllowedNow where somebody has the address."""
    tenant = TenantId(new())
    await enrol(ports, tenant, email, name, await hash_password(password), context)
    return tenant


async def enrol(
    ports: Ports, tenant: TenantId, email: str, name: str, secret: str, context: RequestContext
) -> None:
    """Make this person; `secret` is the hash of the password. Raise NotAllowedNow as `register` does."""
    async with change(ports, access.system("founder", tenant), context) as changed:
        await people.open_log(changed.tx)
        if not await people.add_person(changed.tx, email, name, secret, changed.now):
            raise NotAllowedNow(f"{email} has an account already.")
        changed.happened(PersonCreated(), tenant)
