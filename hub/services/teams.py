"""Teams: who works together, and with which roles."""

from __future__ import annotations

from uuid import UUID

from hub.contract.administration import TeamCreated
from hub.contract.ids import new, parse, text
from hub.contract.membership import TeamDeleted, TeamMemberAdded, TeamMemberRemoved, TeamRenamed
from hub.contract.resources import Named
from hub.contract.teams import NameTeam, TeamPage, TeamResource
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import NotAllowedNow, NotFound, Stale
from hub.domain.version import Expected
from hub.services import paging
from hub.services.change import change, read
from hub.services.joining import TEAM, Place
from hub.services.members import id_of, known
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.roles import require_grantable
from hub.storage import members, people, teams
from hub.storage.constraints import told
from hub.storage.teams import Team
from hub.storage.tx import Tx

MEMBERS_MAX = 200


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> TeamPage:
    """Teams that one sees, in the order in which they were made."""
    grant.require_somewhere(Action.MEMBER_READ)
    after = paging.id_place(ports, grant, "teams", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await teams.page(tx, after, limit + 1, None if grant.actions else sorted(grant.teams))
    last = found[limit - 1].id if len(found) > limit else None
    return TeamPage(
        [_resource(team) for team in found[:limit]],
        paging.next_cursor(ports, grant, "teams", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> TeamResource:
    """One team; NotFound alike for a foreign and a missing one, and one out of sight."""
    id = _permitted(grant, reference, Action.MEMBER_READ)
    async with read(ports, grant) as tx:
        return _resource(await _find(tx, id))


async def create(
    ports: Ports, grant: Grant, body: NameTeam, key: str | None, context: RequestContext
) -> tuple[TeamResource, bool]:
    """Make a team without members; True beside it where a request made before did. Invalid for a name that
    is taken."""
    grant.require(Action.TEAM_MANAGE)

    async def attempt() -> tuple[TeamResource, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "team.create", key, body)
            if (earlier := await claim.earlier()) is not None:
                return _resource(await _find(changed.tx, _id(earlier))), True
            id = new()
            with told():
                await people.add_team(changed.tx, id, body.name, [], changed.now)
            changed.happened(TeamCreated(name=body.name), id)
            await claim.done(text("team", id))
            return _resource(await _find(changed.tx, id)), False

    return await patiently(attempt)


async def rename(
    ports: Ports, grant: Grant, reference: str, body: NameTeam, expected: Expected, context: RequestContext
) -> TeamResource:
    """Another name. Raise Stale unless `expected` has the present version, Invalid for a taken name."""
    id = _permitted(grant, reference, Action.TEAM_MANAGE)
    async with change(ports, grant, context) as changed:
        before = await _lock(changed.tx, id, expected)
        if body.name != before.name:
            await teams.rename(changed.tx, id, body.name)
            changed.happened(TeamRenamed(name=body.name, was=before.name), id)
        return _resource(await _find(changed.tx, id))


async def add(
    ports: Ports, grant: Grant, reference: str, member: str, context: RequestContext
) -> TeamResource:
    """Let a member be in the team, and so have its roles: Forbidden where the actor does not hold them. Who
    is in it already stays; NotAllowedNow beyond 200."""
    id, whom = _permitted(grant, reference, Action.TEAM_MANAGE), id_of(member)
    async with change(ports, grant, context) as changed:
        team = await _lock(changed.tx, id, Expected(None))
        known(await members.lock(changed.tx, whom))
        if whom in team.member_ids:
            return _resource(team)
        for binding in await people.bindings(changed.tx, TEAM, id):
            require_grantable(grant, binding.role, Place(binding.scope_kind, binding.scope_id))
        if len(team.member_ids) >= MEMBERS_MAX:
            raise NotAllowedNow(f"A team has at most {MEMBERS_MAX} members.")
        await teams.put(changed.tx, id, whom)
        changed.happened(TeamMemberAdded(member=text("member", whom)), id)
        return _resource(await _find(changed.tx, id))


async def take_out(
    ports: Ports, grant: Grant, reference: str, member: str, expected: Expected, context: RequestContext
) -> TeamResource:
    """Take a member out of the team; its roles go with it. Raise Stale unless `expected` has the version of
    the team."""
    id, whom = _permitted(grant, reference, Action.TEAM_MANAGE), id_of(member)
    async with change(ports, grant, context) as changed:
        team = await _lock(changed.tx, id, expected)
        if whom not in team.member_ids:
            raise NotFound("There is no such member.")
        await teams.take(changed.tx, id, whom)
        changed.happened(TeamMemberRemoved(member=text("member", whom)), id)
        return _resource(await _find(changed.tx, id))


async def delete(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Delete a team: its members lose the roles that it passed on. Raise Stale unless `expected` has the
    present version, NotAllowedNow while a service is the team's."""
    id = _permitted(grant, reference, Action.TEAM_MANAGE)
    async with change(ports, grant, context) as changed:
        team = await _lock(changed.tx, id, expected)
        service = await teams.owned_service(changed.tx, id)
        if service is not None:
            raise NotAllowedNow(f"{service} is this team's: give it to another team first.")
        await teams.delete(changed.tx, id)
        changed.happened(TeamDeleted(name=team.name), id)


def _permitted(grant: Grant, reference: str, action: Action) -> UUID:
    """The team's id for who may do `action` to it. Who has roles for single teams sees no other one."""
    id = _id(reference)
    if not grant.actions and id not in grant.teams:
        raise NotFound("There is no such team.")
    grant.require(action, team=id)
    return id


def _id(reference: str) -> UUID:
    id = parse("team", reference)
    if id is None:
        raise NotFound("There is no such team.")
    return id


async def _find(tx: Tx, id: UUID) -> Team:
    team = await teams.find(tx, id)
    if team is None:
        raise NotFound("There is no such team.")
    return team


async def _lock(tx: Tx, id: UUID, expected: Expected) -> Team:
    team = await teams.lock(tx, id)
    if team is None:
        raise NotFound("There is no such team.")
    if not expected.meets(team.version):
        raise Stale(_resource(team))
    return team


def _resource(team: Team) -> TeamResource:
    return TeamResource(
        id=text("team", team.id),
        name=team.name,
        members=[
            Named(text("member", id), name)
            for id, name in zip(team.member_ids, team.member_names, strict=True)
        ],
        created_at=team.created_at,
        version=team.version,
    )
