"""Invitations: made by those who manage members, and used, once, by whoever holds the link."""

from __future__ import annotations

from hub.contract.invitations import (
    Accepted,
    AcceptInvitation,
    InvitationPage,
    InvitationResource,
    InvitationShown,
    Invite,
)
from hub.domain.errors import Forbidden, NotAllowedNow, NotFound, Unauthenticated
from hub.door import guard
from hub.door.request import Request
from hub.door.says import says
from hub.handlers.sessions import renew
from hub.services import accepting, invitations


class Invitations(Request):
    """`/invitations` of an organization"""

    @says(InvitationPage)
    async def get(self, org: str) -> None:
        """A page of those that wait, without their links."""
        self.answer_page(await invitations.page(self.desk.ports, self.grant, *self.page()))

    @says(InvitationResource, 201, takes=Invite, once=True)
    async def post(self, org: str) -> None:
        """Invite an address. The link is in this answer, and never again."""
        asked, key = self.read(Invite), self.idempotency_key()
        made, replayed = await invitations.invite(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/invitations/{made.id}")
        self.answer_once(made, replayed, 201)


class Invitation(Request):
    """`/invitations/{invitation}` of an organization"""

    @says(InvitationResource, versioned=True, kept=True)
    async def get(self, org: str, invitation: str) -> None:
        """One that waits, without its link."""
        shown = await invitations.show(self.desk.ports, self.grant, invitation)
        self.answer_version(shown, shown.version)

    @says(status=204, versioned=True)
    async def delete(self, org: str, invitation: str) -> None:
        """Withdraw it."""
        await invitations.withdraw(self.desk.ports, self.grant, invitation, self.if_match(), self.context)
        self.set_status(204)


class Offer(Request):
    """`/api/v1/invitations/{link}`"""

    @says(InvitationShown, may=(NotFound,))
    async def get(self, link: str) -> None:
        """Who invites whom as what."""
        self.answer(await accepting.look(self.desk.ports, link))


class Accept(Request):
    """`/api/v1/invitations/{link}/accept`"""

    @says(
        Accepted,
        201,
        takes=AcceptInvitation,
        once=True,
        may=(NotFound, Unauthenticated, Forbidden, NotAllowedNow),
    )
    async def post(self, link: str) -> None:
        """Become a member, with the session of the invited address or as somebody new."""
        asked, key = self.read(AcceptInvitation), self.idempotency_key()
        visitor = await guard.visitor(self)
        accepted, replayed = await accepting.accept(self.desk.ports, link, asked, visitor, key, self.context)
        if visitor is not None and not replayed:
            await renew(self, visitor)
        self.answer_once(accepted, replayed, 201)
