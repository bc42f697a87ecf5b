"""Member resets: a link that an owner makes for a member who has forgotten the password."""

from __future__ import annotations

from hub.contract.membership import MemberPasswordResetOffered
from hub.contract.people import PasswordResetMade
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import NotAllowedNow
from hub.services import access
from hub.services.change import change, read
from hub.services.members import id_of, known
from hub.services.once import Claim, patiently
from hub.services.password_resets import LASTS, address, is_elsewhere, make
from hub.services.ports import Ports, RequestContext
from hub.storage import members

ELSEWHERE = (
    "This member belongs to another organization too, and the password opens both: "
    "ask the operator of this hub, who runs `incidenthub person reset` with the member's address."
)
OWN = "This is you: change your password on the page of your account."


async def offer(
    ports: Ports, grant: Grant, reference: str, key: str | None, context: RequestContext
) -> tuple[PasswordResetMade, bool]:
    """A link that sets a new password for a member, for an hour, once; True beside it where a request made
    before did, and then without the link.

    For owners: nobody else holds all that a member may do. Raise NotFound for whoever is no member,
    NotAllowedNow for oneself (a session that was left open must not become a password) and for somebody who
    is in another organization, where whoever holds the link could act as them.
    """
    grant.require(Action.OWNER_MANAGE)
    id = id_of(reference)
    if reference == grant.actor.id:
        raise NotAllowedNow(OWN)
    async with read(ports, grant) as tx:
        known(await members.find(tx, id))
        person = await members.person_of(tx, id)
    if await is_elsewhere(ports, person, grant.tenant):
        raise NotAllowedNow(ELSEWHERE)

    async def attempt() -> tuple[PasswordResetMade, bool]:
        async with change(ports, grant, context) as changed:
            known(await members.lock(changed.tx, id))
            claim = Claim(changed, "member.password_reset", key, reference)
            if await claim.earlier() is not None:
                return _made(reference, None), True
            # Two tenants cannot share a transaction: were this one taken back, nobody would know the link.
            link = await make(ports, access.helping(grant, person), context, grant)
            changed.happened(MemberPasswordResetOffered(), id)
            await claim.done(reference)
            return _made(reference, address(ports.config, link)), False

    return await patiently(attempt)


def _made(member: str, link: str | None) -> PasswordResetMade:
    return PasswordResetMade(member=member, link=link, lasts_seconds=int(LASTS.total_seconds()))
