"""Members of an organization."""

from __future__ import annotations

from hub.door.request import Request
from hub.services import members


class Members(Request):
    """`/members`"""

    async def get(self, org: str) -> None:
        """A page of members, in the order in which they came."""
        self.answer_page(await members.page(self.desk.ports, self.grant, *self.page()))


class Member(Request):
    """`/members/{member}`"""

    async def get(self, org: str, member: str) -> None:
        """One member; its ETag is its version."""
        shown = await members.show(self.desk.ports, self.grant, member)
        self.answer_version(shown, shown.version)
