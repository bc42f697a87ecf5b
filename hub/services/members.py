"""Members: who is in the organization, and as what."""

from __future__ import annotations

from uuid import UUID

from hub.contract.ids import parse, text
from hub.contract.people import MemberPage, MemberResource
from hub.contract.resources import Named
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import NotFound
from hub.services import paging
from hub.services.change import read
from hub.services.ports import Ports
from hub.storage import members
from hub.storage.members import Member


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> MemberPage:
    """Members in the order in which they came."""
    grant.require(Action.MEMBER_READ)
    after = paging.id_place(ports, grant, "members", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await members.page(tx, after, limit + 1)
    last = found[limit - 1].id if len(found) > limit else None
    return MemberPage(
        [resource(member) for member in found[:limit]],
        paging.next_cursor(ports, grant, "members", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> MemberResource:
    """One member; NotFound alike for a foreign one, a missing one, and one whose membership has ended."""
    grant.require(Action.MEMBER_READ)
    async with read(ports, grant) as tx:
        return resource(known(await members.find(tx, id_of(reference))))


def id_of(reference: str) -> UUID:
    """The id in a member's reference; raise NotFound for what is none."""
    id = parse("member", reference)
    if id is None:
        raise NotFound("There is no such member.")
    return id


def known(member: Member | None) -> Member:
    """The member, or NotFound."""
    if member is None:
        raise NotFound("There is no such member.")
    return member


def resource(member: Member) -> MemberResource:
    """A member as readers see it."""
    return MemberResource(
        id=text("member", member.id),
        name=member.display_name,
        time_zone=member.time_zone,
        roles=member.roles,
        teams=[
            Named(text("team", id), name) for id, name in zip(member.team_ids, member.team_names, strict=True)
        ],
        joined_at=member.created_at,
        expires_at=member.expires_at,
        version=member.version,
    )
