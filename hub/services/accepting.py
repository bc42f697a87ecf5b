"""Accepting: what the holder of an invitation's link sees, and how it makes them a member, once."""

from __future__ import annotations

from datetime import timedelta

from hub.contract.ids import TenantId, text
from hub.contract.invitations import WEEK, Accepted, AcceptInvitation, InvitationShown
from hub.contract.membership import InvitationAccepted
from hub.contract.signals import Fault
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, Invalid, NotAllowedNow, NotFound, Unauthenticated
from hub.domain.passwords import require_strong
from hub.services import access
from hub.services.change import change
from hub.services.credentials import find
from hub.services.invitations import KIND
from hub.services.joining import join, register
from hub.services.links import open_link
from hub.services.ports import Ports, RequestContext
from hub.storage import credentials, directory, invitations, organizations, people
from hub.storage.credentials import Credential
from hub.storage.invitations import Invitation
from hub.storage.tx import Tx


async def look(ports: Ports, presented: str) -> InvitationShown:
    """Who invites whom as what. NotFound alike for a link that was used, withdrawn, is too old or was never
    made, and for one whose maker may not give this role any more."""
    credential = await _open(ports, presented)
    async with ports.store.begin(TenantId(credential.tenant_id)) as tx:
        invitation = await _standing(tx, credential)
        organization = await organizations.find(tx)
    if organization is None:
        raise _over()
    return InvitationShown(
        organization=organization.name,
        slug=organization.slug,
        email=invitation.email,
        role=invitation.role,
        expires_at=invitation.expires_at,
    )


async def accept(
    ports: Ports, presented: str, asked: AcceptInvitation, visitor: Credential | None, context: RequestContext
) -> Accepted:
    """Make a member of the visitor's person, or, without a session, of somebody new.

    Raise NotFound like `look`; Forbidden for a session of another address; Unauthenticated where the address
    has an account and nobody is signed in; Invalid for a missing name or a weak password; NotAllowedNow for
    a member.
    """
    shown = await look(ports, presented)
    person = await _visitor(ports, shown, visitor) if visitor else await _new(ports, shown, asked, context)
    credential = await _open(ports, presented)
    grant = access.invited(person, TenantId(credential.tenant_id), shown.slug)
    async with change(ports, grant, context) as changed:
        await organizations.lock(changed.tx)
        invitation = await _standing(changed.tx, credential)
        # Of several that use one link at once, one deletes the row; the others find none.
        if not await credentials.end(changed.tx, KIND, invitation.id):
            raise _over()
        if await people.member_of(changed.tx, person.tenant) is not None:
            raise NotAllowedNow("You are a member already.")
        member = await join(changed, person.tenant, person.actor.name, invitation.role)
        changed.happened(InvitationAccepted(member=text("member", member)), invitation.id)
    return Accepted(slug=shown.slug, member=text("member", member))


async def _open(ports: Ports, presented: str) -> Credential:
    token = open_link(ports.config, KIND, presented, timedelta(seconds=WEEK))
    credential = await find(ports, token) if token else None
    if credential is None or credential.kind != KIND:
        raise _over()
    return credential


async def _standing(tx: Tx, credential: Credential) -> Invitation:
    """The invitation, while whoever made it could make it today: who was removed or lowered leaves no
    way back behind."""
    invitation = await invitations.find(tx, credential.subject)
    if invitation is None or not await access.may_invite(tx, invitation.by, invitation.role):
        raise _over()
    return invitation


async def _visitor(ports: Ports, shown: InvitationShown, visitor: Credential) -> Grant:
    tenant = TenantId(visitor.tenant_id)
    async with ports.store.begin(tenant) as tx:
        found = await people.this_person(tx)
    if found is None or found.email != shown.email:
        raise Forbidden(f"This invitation is for {shown.email}: sign in with that address.")
    return await access.person(ports, tenant, visitor)


async def _new(
    ports: Ports, shown: InvitationShown, asked: AcceptInvitation, context: RequestContext
) -> Grant:
    if await directory.find_identity(ports.store, "password", shown.email) is not None:
        raise Unauthenticated("This address has an account: sign in with it, and open the link again.")
    missing = [
        Fault(pointer=f"/{name}", code="required", detail="Somebody new chooses a name and a password.")
        for name in ("name", "password")
        if getattr(asked, name) is None
    ]
    if asked.name is None or asked.password is None:
        raise Invalid(missing)
    require_strong(asked.password, "/password", shown.email)
    tenant = await register(ports, shown.email, asked.name, asked.password, context)
    return await access.person(ports, tenant)


def _over() -> NotFound:
    return NotFound("This invitation was used or withdrawn, is too old, or was never made. Ask for another.")
