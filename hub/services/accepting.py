"""Accepting: what the holder of an invitation's link sees, and how it makes them a member, once."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from hub.contract.ids import TenantId, new, text
from hub.contract.invitations import WEEK, Accepted, AcceptInvitation, InvitationShown
from hub.contract.membership import InvitationAccepted
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, NotAllowedNow, NotFound, Unauthenticated
from hub.domain.faults import Faults
from hub.domain.passwords import require_strong
from hub.services import access
from hub.services.change import change
from hub.services.credentials import find
from hub.services.invitations import KIND
from hub.services.joining import enrol, join
from hub.services.links import open_link
from hub.services.passwords import hash_password
from hub.services.ports import Ports, RequestContext
from hub.services.used_up import KEPT, Use
from hub.storage import directory, invitations, organizations, people
from hub.storage.credentials import Credential
from hub.storage.invitations import Invitation
from hub.storage.tx import Tx

NEEDED = "Somebody new chooses a name and a password."


async def look(ports: Ports, presented: str) -> InvitationShown:
    """Who invites whom as what. NotFound alike for a link that was used, withdrawn, is too old or was never
    made, and for one whose maker may not give this role any more."""
    credential = await _open(ports, _token(ports, presented))
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
    ports: Ports,
    presented: str,
    asked: AcceptInvitation,
    visitor: Credential | None,
    key: str | None,
    context: RequestContext,
) -> tuple[Accepted, bool]:
    """Make a member of the visitor's person, or, without a session, of somebody new; True beside it where the
    same request, with the same Idempotency-Key, did before: that signs nobody in.

    Raise NotFound like `look`; Forbidden for a session of another address; Unauthenticated where the address
    has an account and nobody is signed in; Invalid for a missing name or a weak password; NotAllowedNow for
    a member.
    """
    token = _token(ports, presented)
    used = Use(token, key, asked)
    if (earlier := await _earlier(ports, token, used)) is not None:
        return earlier, True
    try:
        return await _join(ports, presented, used, asked, visitor, context), False
    except (NotFound, Unauthenticated, NotAllowedNow):
        if (earlier := await _earlier(ports, token, used)) is not None:  # at the same time
            return earlier, True
        raise


async def _join(
    ports: Ports,
    presented: str,
    used: Use,
    asked: AcceptInvitation,
    visitor: Credential | None,
    context: RequestContext,
) -> Accepted:
    shown, secret = await look(ports, presented), None
    if visitor is not None:
        person = await _visitor(ports, shown, visitor)
    else:
        person, secret = await _newcomer(ports, shown, asked)
    credential = await _open(ports, _token(ports, presented))
    grant = access.invited(person, TenantId(credential.tenant_id), shown.slug)
    async with change(ports, grant, context) as changed:
        await organizations.lock(changed.tx)
        invitation = await _standing(changed.tx, credential)
        if await people.member_of(changed.tx, person.tenant) is not None:
            raise NotAllowedNow("You are a member already.")
        member = await join(changed, person.tenant, person.actor.name, invitation.role)
        accepted = Accepted(slug=shown.slug, member=text("member", member))
        if not await used.spend(changed.tx, credential, msgspec.json.encode(accepted).decode(), changed.now):
            raise _over()
        changed.happened(InvitationAccepted(member=accepted.member), invitation.id)
        if secret is not None:
            # Two tenants cannot share a transaction: the account is made last, while the link is ours and
            # nobody can end it, so that whoever comes too late with it leaves no account behind.
            await enrol(ports, person.tenant, shown.email, person.actor.name, secret, context)
    return accepted


async def _earlier(ports: Ports, token: str, used: Use) -> Accepted | None:
    try:
        answer = used.earlier(await _open(ports, token))
    except NotFound:
        raise _over() from None
    return msgspec.json.decode(answer, type=Accepted) if answer is not None else None


def _token(ports: Ports, presented: str) -> str:
    """The token of a link that we have signed; how long it works is its credential's matter."""
    token = open_link(ports.config, KIND, presented, timedelta(seconds=WEEK) + KEPT)
    if token is None:
        raise _over()
    return token


async def _open(ports: Ports, token: str) -> Credential:
    credential = await find(ports, token)
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


async def _newcomer(ports: Ports, shown: InvitationShown, asked: AcceptInvitation) -> tuple[Grant, str]:
    """Whoever somebody new will be, and the hash of their password; nothing is kept yet."""
    if await directory.find_identity(ports.store, "password", shown.email) is not None:
        raise Unauthenticated("This address has an account: sign in with it, and open the link again.")
    faults, name, password = Faults(), asked.name, asked.password
    if name is None:
        faults.add("/name", "required", NEEDED)
    if password is None:
        faults.add("/password", "required", NEEDED)
    else:
        with faults.collected():
            require_strong(password, "/password", shown.email)
    faults.check()
    return access.newcomer(TenantId(new()), name or ""), await hash_password(password or "")


def _over() -> NotFound:
    return NotFound("This invitation was used or withdrawn, is too old, or was never made. Ask for another.")
