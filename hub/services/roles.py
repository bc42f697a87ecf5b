"""Roles: who has which, giving one, taking one back. The last owner stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from hub.contract.ids import parse, text
from hub.contract.membership import RoleRevoked
from hub.contract.people import BindingPage, BindingResource, Bound, GiveRole, Where
from hub.contract.resources import Named
from hub.contract.signals import Fault
from hub.contract.words import Action, Role, Scope
from hub.domain.access import Grant, may_grant
from hub.domain.errors import Forbidden, Invalid, NotAllowedNow, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.version import Expected
from hub.services import paging
from hub.services.change import Change, change, read
from hub.services.joining import KEY, MEMBER, TEAM, Place, give
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.views import view
from hub.storage import incidents, organizations, roles, services, teams
from hub.storage.incidents import Hold
from hub.storage.roles import Given
from hub.storage.tx import Tx

LONGEST = timedelta(days=36_525)
ROLES_MAX = 200  # of one member, team or key
NAMES = "Who sees a private incident is changed by hiding it again, with other names."
VERSION = 1  # of every role: it is given and taken back, never changed


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> BindingPage:
    """Roles in the order in which they were given."""
    grant.require(Action.MEMBER_READ)
    after = paging.id_place(ports, grant, "bindings", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await roles.page(tx, view(grant), after, limit + 1)
    last = found[limit - 1].id if len(found) > limit else None
    return BindingPage(
        [_resource(given) for given in found[:limit]],
        paging.next_cursor(ports, grant, "bindings", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> BindingResource:
    """One role that somebody has; NotFound alike for a foreign and a missing one."""
    grant.require(Action.MEMBER_READ)
    async with read(ports, grant) as tx:
        return _resource(await _find(tx, grant, reference))


async def give_role(
    ports: Ports, grant: Grant, body: GiveRole, key: str | None, context: RequestContext
) -> tuple[BindingResource, bool]:
    """Give a role; True beside it where a request made before did. Forbidden for what the giver does not
    hold there, Invalid for a subject or a scope that is not there, NotAllowedNow where it has the role, or
    more roles than anybody needs."""
    grant.require(Action.MEMBER_MANAGE)

    async def attempt() -> tuple[BindingResource, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "binding.create", key, body)
            if (earlier := await claim.earlier()) is not None:
                return _resource(await _find(changed.tx, grant, earlier)), True
            id = await _give(changed, body)
            await claim.done(text("binding", id))
            return _resource(await _find(changed.tx, grant, text("binding", id))), False

    return await patiently(attempt)


async def _give(changed: Change, body: GiveRole) -> UUID:
    faults = Faults()
    with faults.collected():
        check_end(body.expires_at, changed.now)
    with faults.collected():
        place = await find_place(changed, body.scope)
        require_grantable(changed.grant, body.role, place)
    await organizations.lock(changed.tx)
    with faults.collected():
        kind, subject = await _subject(changed.tx, body.subject)
        if body.role is Role.OWNER and kind != MEMBER:
            faults.add("/role", "not_a_choice", "Only members are owners: keys and teams would pass it on.")
    if body.role is Role.OWNER and body.scope.kind is not Scope.ORGANIZATION:
        detail = "An owner owns the whole organization; in a narrower scope the most is admin."
        faults.add("/role", "not_a_choice", detail)
    faults.check()
    await roles.forget_ended(changed.tx, kind, subject, body.role, (place.kind, place.id))
    if await roles.count(changed.tx, kind, subject) >= ROLES_MAX:
        raise NotAllowedNow(f"{body.subject} has {ROLES_MAX} roles, which is the most.")
    id = await give(changed, kind, subject, body.role, body.expires_at, place)
    if id is None:
        raise NotAllowedNow(f"{body.subject} is {body.role} already.")
    return id


async def take_back(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Take a role back. Only owners take it from owners, and the last owner keeps it (NotAllowedNow)."""
    grant.require(Action.MEMBER_MANAGE)
    async with change(ports, grant, context) as changed:
        await organizations.lock(changed.tx)
        given = await _find(changed.tx, grant, reference)
        if not expected.meets(VERSION):
            raise Stale(_resource(given))
        require_over(grant, [given.role])
        if given.private:
            raise NotAllowedNow(NAMES)
        await roles.take(changed.tx, given.id)
        subject = text(given.subject_kind, given.subject_id)
        place = _place_id(given) or ""
        revoked = RoleRevoked(subject=subject, role=given.role, scope=given.scope_kind, scope_id=place)
        changed.happened(revoked, given.id)
        await require_owned(changed.tx)


def require_grantable(grant: Grant, role: Role, place: Place | None = None) -> None:
    """Raise Forbidden unless the actor holds all that the role may do, in the organization or at a place."""
    if not (may_grant(grant, role, place.kind, place.id) if place else may_grant(grant, role)):
        raise Forbidden(f"You cannot make somebody {role}: it may do what you may not.")


def require_over(grant: Grant, held: list[Role]) -> None:
    """Raise Forbidden for anybody but an owner who touches an owner."""
    if Role.OWNER in held and Action.OWNER_MANAGE not in grant.actions:
        raise Forbidden("Only an owner changes what an owner is.")


async def require_owned(tx: Tx) -> None:
    """Raise NotAllowedNow, which takes the change back, where no owner without an end would be left. The
    organization's row must be locked: two owners who remove each other would both see the other one."""
    if not await roles.is_owned(tx):
        raise NotAllowedNow("The last owner stays: make somebody else an owner first.")


def check_end(expires_at: datetime | None, now: datetime) -> None:
    """Raise Invalid for an end that is past, or further away than a century."""
    if expires_at is not None and not now < expires_at < now + LONGEST:
        detail = "expires_at is in the future, and within a hundred years."
        raise Invalid([Fault(pointer="/expires_at", code="invalid", detail=detail)])


async def _subject(tx: Tx, reference: str) -> tuple[str, UUID]:
    for kind in (MEMBER, TEAM, KEY):
        id = parse(kind, reference)
        if id is not None and await roles.is_there(tx, kind, id):
            return kind, id
    detail = "There is no such member, team or key."
    raise Invalid([Fault(pointer="/subject", code="unknown", detail=detail)])


async def find_place(changed: Change, where: Where) -> Place:
    """The place that a body names. Raise Invalid alike for what is not here, and what is out of sight: a
    private incident is named by those alone who see it."""
    if where.kind is Scope.ORGANIZATION:
        if where.id is not None:
            detail = "The organization is the one of the path; leave the id out."
            raise Invalid([Fault(pointer="/scope/id", code="not_a_choice", detail=detail)])
        return Place(Scope.ORGANIZATION, changed.grant.tenant)
    id = parse(where.kind.value, where.id or "")
    place = await _look(changed, where.kind, id) if id else None
    if place is None:
        detail = f"There is no such {where.kind}." if where.id else f"Name the {where.kind} by its id."
        raise Invalid([Fault(pointer="/scope/id", code="unknown" if where.id else "missing", detail=detail)])
    return place


async def _look(changed: Change, kind: Scope, id: UUID) -> Place | None:
    tx, sees, named = changed.tx, view(changed.grant), text(kind.value, id)
    if kind is Scope.INCIDENT:
        shown = await incidents.seen(tx, sees, id, Hold.INCIDENT)  # it is not hidden at the same moment
        if shown is None:
            return None
        if shown.incident.private:
            raise NotAllowedNow(NAMES)
        return Place(kind, id, named)
    found = await (teams.find(tx, id) if kind is Scope.TEAM else services.find(tx, id))
    return Place(kind, id, named) if found is not None else None


def _place_id(given: Given) -> str | None:
    whole = given.scope_kind is Scope.ORGANIZATION
    return None if whole else text(given.scope_kind.value, given.scope_id)


async def _find(tx: Tx, grant: Grant, reference: str) -> Given:
    id = parse("binding", reference)
    given = await roles.find(tx, view(grant), id) if id else None
    if given is None:
        raise NotFound("There is no such role.")
    return given


def _resource(given: Given) -> BindingResource:
    return BindingResource(
        id=text("binding", given.id),
        subject=Named(text(given.subject_kind, given.subject_id), given.name),
        role=given.role,
        scope=Bound(given.scope_kind, _place_id(given), given.scope_name),
        created_at=given.created_at,
        expires_at=given.expires_at,
    )
