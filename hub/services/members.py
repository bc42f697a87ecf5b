"""Members: who is in the organization, and as what."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from hub.contract.ids import parse, text
from hub.contract.membership import MemberChanged
from hub.contract.people import ChangeMember, Held, Holds, MemberPage, MemberResource
from hub.contract.resources import Named
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.version import Expected
from hub.services import paging
from hub.services.altered import altered, asked_for
from hub.services.change import change, read
from hub.services.commanding import END_OF_MEMBERSHIP
from hub.services.ending import end, keys_of
from hub.services.ports import Ports, RequestContext
from hub.services.roles import check_end, require_over, require_owned
from hub.services.views import view
from hub.storage import members, organizations, timers
from hub.storage.members import Member
from hub.storage.tx import Tx


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


async def change_member(
    ports: Ports,
    grant: Grant,
    reference: str,
    body: ChangeMember,
    expected: Expected,
    context: RequestContext,
) -> MemberResource:
    """Change what the body names. Raise Stale unless `expected` has the present version, Forbidden where
    somebody else than an owner changes an owner, NotAllowedNow where the last owner would get an end."""
    grant.require(Action.MEMBER_MANAGE)
    id, wanted, faults = id_of(reference), asked_for(body), Faults()
    if wanted.get("time_zone", "UTC") not in available_timezones():
        faults.add("/time_zone", "unknown", "This is no IANA time zone.")
    async with change(ports, grant, context) as changed:
        with faults.collected():
            check_end(wanted.get("expires_at"), changed.now)
        faults.check()
        before = await _lock(changed.tx, grant, id, expected)
        after = msgspec.structs.replace(before, **wanted)
        if after == before:
            return resource(before)
        await members.change(changed.tx, id, after.display_name, after.time_zone, after.expires_at)
        await timers.set_due(changed.tx, END_OF_MEMBERSHIP, id, after.expires_at)
        changed.happened(MemberChanged(changes=altered(_fields(before), _fields(after))), id)
        await require_owned(changed.tx)
        return resource(known(await members.find(changed.tx, id)))


async def remove(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """End a membership: roles and teams go, incidents lose them as commander, streams end when they are
    authorised again, the person's account stays. Only owners remove owners, and never the last one."""
    grant.require(Action.MEMBER_MANAGE)
    id = id_of(reference)
    async with change(ports, grant, context) as changed:
        await end(changed, await _lock(changed.tx, grant, id, expected), "removed")
        await require_owned(changed.tx)


async def leave(ports: Ports, grant: Grant, context: RequestContext) -> None:
    """End one's own membership, whatever one's roles are. Raise Forbidden for an API key, which is deleted
    instead, and NotAllowedNow for the last owner."""
    id = parse("member", grant.actor.id)
    if id is None:
        raise Forbidden("An API key is no member, and cannot leave.")
    async with change(ports, grant, context) as changed:
        await organizations.lock(changed.tx)
        await end(changed, known(await members.lock(changed.tx, id)), "left")
        await require_owned(changed.tx)


async def holds(ports: Ports, grant: Grant, reference: str) -> Holds:
    """What a removal would vacate, the incidents that nobody else may be working on, and the keys that work
    on. Private incidents out of sight are left out, though a removal takes the commander from them too."""
    grant.require(Action.MEMBER_MANAGE)
    async with read(ports, grant) as tx:
        member = known(await members.find(tx, id_of(reference)))
        has = await members.acknowledged(tx, text("member", member.id))
        commands = await members.commanded(tx, member.id)
        made = await keys_of(tx, member.id)
    shown = resource(member)
    return Holds(
        roles=shown.roles,
        teams=shown.teams,
        acknowledged=_seen(grant, has),
        commands=_seen(grant, commands),
        keys=made,
    )


def _seen(grant: Grant, incidents: list[members.Held]) -> list[Held]:
    seen = view(grant)
    return [
        Held(id=text("incident", each.id), number=each.number, title=each.title)
        for each in incidents
        if seen.sees_incident(each.id, each.service_id, each.private)
    ]


async def _lock(tx: Tx, grant: Grant, id: UUID, expected: Expected) -> Member:
    """The member, for a change: nobody else changes who owns the organization until this transaction ends."""
    await organizations.lock(tx)
    member = known(await members.lock(tx, id))
    if not expected.meets(member.version):
        raise Stale(resource(member))
    require_over(grant, member.roles)
    return member


def _fields(member: Member) -> dict[str, str | int | None]:
    return {
        "display_name": member.display_name,
        "time_zone": member.time_zone,
        "expires_at": member.expires_at.isoformat() if member.expires_at else None,
    }
