"""Organizations: make one, look at it, rename it."""

from __future__ import annotations

from hub.contract.people import CreateOrganization, RenameOrganization
from hub.contract.resources import OrganizationResource
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.handlers.sessions import renew
from hub.services import organizations


class Organizations(Request):
    """`/api/v1/orgs`"""

    @says(OrganizationResource, 201, takes=CreateOrganization, once=True, may=(NotAllowedNow,))
    async def post(self) -> None:
        """Create an organization; who asks becomes its owner, with a new session."""
        asked, key = self.read(CreateOrganization), self.idempotency_key()
        created = await organizations.create(
            self.desk.ports, self.credential, self.grant, asked, key, self.context
        )
        if not created.replayed:
            await renew(self, self.credential)
        self.set_header("Location", f"/api/v1/orgs/{created.organization.slug}")
        self.answer_once(created.organization, created.replayed, 201)


class Organization(Request):
    """`/api/v1/orgs/{org}`"""

    @says(OrganizationResource, versioned=True)
    async def get(self, org: str) -> None:
        """The organization, and what the caller may do in it; its ETag is its version."""
        shown = await organizations.show(self.desk.ports, self.grant)
        self.answer_current(shown, shown.version)

    @says(OrganizationResource, takes=RenameOrganization, versioned=True)
    async def patch(self, org: str) -> None:
        """Give it another name."""
        asked, expected = self.read(RenameOrganization), self.if_match()
        renamed = await organizations.rename(self.desk.ports, self.grant, asked, expected, self.context)
        self.answer_current(renamed, renamed.version)
