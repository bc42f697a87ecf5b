"""Members of an organization, and their roles."""

from __future__ import annotations

from hub.contract import people
from hub.contract.people import (
    BindingPage,
    BindingResource,
    ChangeMember,
    GiveRole,
    MemberPage,
    MemberResource,
)
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import member_resets, members, roles


class Members(Request):
    """`/members`"""

    @says(MemberPage)
    async def get(self, org: str) -> None:
        """A page of members, in the order in which they came."""
        self.answer_page(await members.page(self.desk.ports, self.grant, *self.page()))


class Member(Request):
    """`/members/{member}`"""

    @says(MemberResource, versioned=True)
    async def get(self, org: str, member: str) -> None:
        """One member; its ETag is its version."""
        shown = await members.show(self.desk.ports, self.grant, member)
        self.answer_current(shown, shown.version)

    @says(MemberResource, takes=ChangeMember, versioned=True, may=(NotAllowedNow,))
    async def patch(self, org: str, member: str) -> None:
        """Change what the body names."""
        asked, expected = self.read(ChangeMember), self.if_match()
        changed = await members.change_member(
            self.desk.ports, self.grant, member, asked, expected, self.context
        )
        self.answer_current(changed, changed.version)

    @says(status=204, versioned=True, may=(NotAllowedNow,))
    async def delete(self, org: str, member: str) -> None:
        """Remove them, with their roles and teams."""
        await members.remove(self.desk.ports, self.grant, member, self.if_match(), self.context)
        self.set_status(204)


class OwnMembership(Request):
    """`/me` of an organization"""

    @says(status=204, may=(NotAllowedNow,))
    async def delete(self, org: str) -> None:
        """Leave the organization; the account stays."""
        await members.leave(self.desk.ports, self.grant, self.context)
        self.set_status(204)


class Holds(Request):
    """`/members/{member}/holds`"""

    @says(people.Holds)
    async def get(self, org: str, member: str) -> None:
        """What a removal would vacate."""
        self.answer(await members.holds(self.desk.ports, self.grant, member))


class PasswordReset(Request):
    """`/members/{member}/password-reset`"""

    @says(people.PasswordResetMade, 201, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, member: str) -> None:
        """Make a link with which a member of this organization alone sets a new password, once."""
        key = self.idempotency_key()
        made, replayed = await member_resets.offer(self.desk.ports, self.grant, member, key, self.context)
        self.answer_once(made, replayed, 201)


class Bindings(Request):
    """`/bindings`"""

    @says(BindingPage)
    async def get(self, org: str) -> None:
        """A page of roles, in the order in which they were given."""
        self.answer_page(await roles.page(self.desk.ports, self.grant, *self.page()))

    @says(BindingResource, 201, takes=GiveRole, once=True, may=(NotAllowedNow,))
    async def post(self, org: str) -> None:
        """Give a role."""
        asked, key = self.read(GiveRole), self.idempotency_key()
        given, replayed = await roles.give_role(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/bindings/{given.id}")
        self.answer_once(given, replayed, 201)


class Binding(Request):
    """`/bindings/{binding}`"""

    @says(BindingResource, versioned=True)
    async def get(self, org: str, binding: str) -> None:
        """One role that somebody has."""
        shown = await roles.show(self.desk.ports, self.grant, binding)
        self.answer_current(shown, shown.version)

    @says(status=204, versioned=True, may=(NotAllowedNow,))
    async def delete(self, org: str, binding: str) -> None:
        """Take it back."""
        await roles.take_back(self.desk.ports, self.grant, binding, self.if_match(), self.context)
        self.set_status(204)
