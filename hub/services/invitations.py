"""Invitations: made, listed and withdrawn by those who manage members."""

from __future__ import annotations

import secrets
from datetime import timedelta

from hub.config import Config
from hub.contract.ids import new, parse, text
from hub.contract.invitations import InvitationPage, InvitationResource, Invite
from hub.contract.membership import InvitationCreated, InvitationWithdrawn
from hub.contract.resources import Named
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound, Stale
from hub.domain.version import Expected
from hub.services import paging
from hub.services.change import Change, change, read
from hub.services.credentials import hash_of
from hub.services.links import seal_link
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.roles import require_grantable
from hub.storage import credentials, directory, invitations, people
from hub.storage.credentials import Credential
from hub.storage.invitations import Invitation
from hub.storage.tx import Tx

KIND = "invitation"
VERSION = 1  # of every invitation: it is used or withdrawn, never changed


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> InvitationPage:
    """Invitations that wait, in the order in which they were made; without their links."""
    grant.require(Action.MEMBER_MANAGE)
    after = paging.id_place(ports, grant, "invitations", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await invitations.page(tx, after, limit + 1)
    last = found[limit - 1].id if len(found) > limit else None
    return InvitationPage(
        [_resource(invitation) for invitation in found[:limit]],
        paging.next_cursor(ports, grant, "invitations", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> InvitationResource:
    """One that waits; NotFound alike for a foreign, a used and a missing one."""
    grant.require(Action.MEMBER_MANAGE)
    async with read(ports, grant) as tx:
        return _resource(await _find(tx, reference))


async def invite(
    ports: Ports, grant: Grant, body: Invite, key: str | None, context: RequestContext
) -> tuple[InvitationResource, bool]:
    """Invite an address; True beside it where a request made before did, and then without the link.

    Nothing tells whether the address has an account: only that it is a member's already is Invalid.
    Forbidden for a role that the actor does not hold.
    """
    grant.require(Action.MEMBER_MANAGE)
    require_grantable(grant, body.role)
    email = body.email.lower()
    person = await directory.find_identity(ports.store, "password", email)

    async def attempt() -> tuple[InvitationResource, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "invitation.create", key, body)
            if (earlier := await claim.earlier()) is not None:
                return _resource(await _find(changed.tx, earlier)), True
            if person is not None and await people.member_of(changed.tx, person) is not None:
                raise Invalid([Fault(pointer="/email", code="taken", detail="This is a member already.")])
            link, subject = await _make(ports.config, changed, body, email)
            await claim.done(subject)
            return _resource(await _find(changed.tx, subject), link), False

    return await patiently(attempt)


async def _make(config: Config, changed: Change, body: Invite, email: str) -> tuple[str, str]:
    token, id, actor = secrets.token_urlsafe(32), new(), changed.grant.actor
    credential = Credential(
        tenant_id=changed.grant.tenant,
        id=id,
        kind=KIND,
        subject=id,
        scopes=(),
        expires_at=changed.now + timedelta(seconds=body.expires_in_seconds),
        last_used_at=None,
        about={"email": email, "role": body.role, "by": actor.id, "by_name": actor.name},
    )
    await credentials.add(changed.tx, hash_of(token), credential, changed.now)
    changed.happened(InvitationCreated(email=email, role=body.role), id)
    # Behind the `#`, so that it is in no log of a server or proxy.
    home = config.public_url or f"http://127.0.0.1:{config.port}"
    return f"{home}/invitations#{seal_link(config, KIND, token)}", text("invitation", id)


async def withdraw(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Make the link worthless."""
    grant.require(Action.MEMBER_MANAGE)
    async with change(ports, grant, context) as changed:
        invitation = await _find(changed.tx, reference)
        if not expected.meets(VERSION):
            raise Stale(_resource(invitation))
        if not await credentials.end(changed.tx, KIND, invitation.id):
            raise NotFound("There is no such invitation.")  # used meanwhile
        changed.happened(InvitationWithdrawn(email=invitation.email), invitation.id)


async def _find(tx: Tx, reference: str) -> Invitation:
    id = parse("invitation", reference)
    invitation = await invitations.find(tx, id) if id else None
    if invitation is None:
        raise NotFound("There is no such invitation.")
    return invitation


def _resource(invitation: Invitation, link: str | None = None) -> InvitationResource:
    return InvitationResource(
        id=text("invitation", invitation.id),
        email=invitation.email,
        role=invitation.role,
        invited_by=Named(invitation.by, invitation.by_name),
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        link=link,
    )
