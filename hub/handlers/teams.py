"""Teams of an organization, and who is in them."""

from __future__ import annotations

from hub.contract.teams import NameTeam, TeamPage, TeamResource
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import teams


class Teams(Request):
    """`/teams`"""

    @says(TeamPage)
    async def get(self, org: str) -> None:
        """A page of teams, in the order in which they were made."""
        self.answer_page(await teams.page(self.desk.ports, self.grant, *self.page()))

    @says(TeamResource, 201, takes=NameTeam, once=True)
    async def post(self, org: str) -> None:
        """Make a team without members."""
        asked, key = self.read(NameTeam), self.idempotency_key()
        made, replayed = await teams.create(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/teams/{made.id}")
        self.answer_once(made, replayed, 201)


class Team(Request):
    """`/teams/{team}`"""

    @says(TeamResource, versioned=True)
    async def get(self, org: str, team: str) -> None:
        """One team; its ETag is its version."""
        shown = await teams.show(self.desk.ports, self.grant, team)
        self.answer_current(shown, shown.version)

    @says(TeamResource, takes=NameTeam, versioned=True)
    async def patch(self, org: str, team: str) -> None:
        """Give it another name."""
        asked, expected = self.read(NameTeam), self.if_match()
        renamed = await teams.rename(self.desk.ports, self.grant, team, asked, expected, self.context)
        self.answer_current(renamed, renamed.version)

    @says(status=204, versioned=True, may=(NotAllowedNow,))
    async def delete(self, org: str, team: str) -> None:
        """Delete it; its services must be another team's by then."""
        await teams.delete(self.desk.ports, self.grant, team, self.if_match(), self.context)
        self.set_status(204)


class TeamMember(Request):
    """`/teams/{team}/members/{member}`"""

    @says(TeamResource, may=(NotAllowedNow,))
    async def put(self, org: str, team: str, member: str) -> None:
        """Let a member be in the team, and have its roles."""
        self.answer(await teams.add(self.desk.ports, self.grant, team, member, self.context))

    @says(TeamResource, versioned=True)
    async def delete(self, org: str, team: str, member: str) -> None:
        """Take a member out of the team; If-Match is the team's version."""
        left = await teams.take_out(self.desk.ports, self.grant, team, member, self.if_match(), self.context)
        self.answer_current(left, left.version)
