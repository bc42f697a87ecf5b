"""authorize(): the only maker of Grants. Foreign and missing look the same; what is refused is counted."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from hub.contract.administration import SessionUsed
from hub.contract.events import Actor
from hub.contract.ids import TenantId, new, parse, text
from hub.contract.words import Action, Role
from hub.domain.access import MATRIX, PERSON, SYSTEM, Grant, mint
from hub.domain.errors import Forbidden, NotFound, Unauthenticated
from hub.services.change import change
from hub.services.holding import held
from hub.services.ports import Ports, RequestContext
from hub.services.refusals import Refusal
from hub.storage import credentials, directory, people, requests, roles
from hub.storage.credentials import Credential
from hub.storage.tx import Tx

SLUG = re.compile(r"[a-z0-9](-?[a-z0-9]){1,38}")
UNBROKEN = re.compile(r"[a-z0-9]{24}")  # more than a word: an integration key has 32 such letters


async def authorize(
    ports: Ports,
    credential: Credential,
    slug: str,
    action: Action,
    context: RequestContext,
    only: str | None = None,
) -> Grant:
    """A Grant for one action in the organization of a slug, or in a part of it: the services require the
    action again, with the object that it is for. `only` is the one slug that a ticket is for.

    Raise NotFound where the organization is unknown or not the credential's, Forbidden where no role allows
    the action. The first use of a session in an organization is an event of that organization.
    """
    grant = await _proven(ports, credential, slug) if only in (None, slug) else None
    if grant is None:
        _refused(ports, credential, slug, action, context)
        raise NotFound("There is no such organization, or you are not in it.")
    if credential.kind == "session":
        await _first_use(ports, grant, context)
    if action in PERSON and grant.person is not None:
        return grant  # what is one's own needs no role: who was left without any may still leave
    if not grant.holds_anywhere(action):
        count_refusal(ports, grant, action, context)
        grant.require(action)
    return grant


def count_refusal(ports: Ports, grant: Grant, action: Action, context: RequestContext) -> None:
    """Count that whoever is known by this Grant was refused an action: by authorize(), or, where only a
    service could say, by the door that answers (door/request.py)."""
    _count(ports, grant.tenant, grant.actor.id, action, grant.slug, context)


async def authorize_self(ports: Ports, credential: Credential, action: Action) -> Grant:
    """A Grant in the person's own tenant; a session's only."""
    if credential.kind != "session":
        raise Forbidden("An API key has no person; sign in instead.")
    now, tenant = ports.clock(), TenantId(credential.tenant_id)
    grant = ports.grants.grant(credential.id, "", now)
    if grant is None:
        rests = ports.grants.rests(tenant)
        grant = await person(ports, tenant, credential)
        ports.grants.keep_grant(credential.id, grant, rests, now)
    grant.require(action)
    return grant


async def person(ports: Ports, tenant: TenantId, credential: Credential | None = None) -> Grant:
    """A person acting on themselves: by a session, or while signing in, by a proven password."""
    async with ports.store.reading(tenant) as tx:
        found = await people.this_person(tx)
    if found is None:
        raise NotFound
    return mint(
        tenant=tenant,
        slug="",
        actor=Actor(text("person", tenant), found.name),
        actions=PERSON,
        administrative=True,
        expires_at=credential.expires_at if credential else None,
        person=tenant,
        session=credential.id if credential else None,
        credential=credential.id if credential else None,
    )


@lru_cache(maxsize=1024)
def system(name: str, tenant: TenantId, slug: str = "") -> Grant:
    """A named system actor in a tenant, with the few actions of its name."""
    return mint(
        tenant=tenant,
        slug=slug,
        actor=Actor(f"system:{name}", name),
        actions=SYSTEM[name],
        administrative=True,
    )


def founder(grant: Grant, tenant: TenantId, slug: str) -> Grant:
    """A person in the organization that they are about to make, where nobody is a member yet."""
    return mint(tenant=tenant, slug=slug, actor=grant.actor, actions=SYSTEM["founder"], administrative=True)


def newcomer(tenant: TenantId, name: str) -> Grant:
    """A person who is about to be made; there is nothing that they may do yet."""
    actor = Actor(text("person", tenant), name)
    return mint(tenant=tenant, slug="", actor=actor, actions=frozenset(), person=tenant)


def invited(person: Grant, tenant: TenantId, slug: str) -> Grant:
    """A person in the organization that they are about to join; the link is what allows it."""
    return mint(tenant=tenant, slug=slug, actor=person.actor, actions=frozenset(), person=person.tenant)


def helping(owner: Grant, person: TenantId) -> Grant:
    """An owner in the log of a member's person, for the one thing that services/member_resets.py does."""
    return mint(tenant=person, slug="", actor=owner.actor, actions=frozenset({Action.SELF_MANAGE}))


def sender(tenant: TenantId, integration: Actor, service: UUID) -> Grant:
    """An integration, by its key, for its own heartbeats alone (services/opsgenie_heartbeats.py)."""
    may = frozenset({Action.INTEGRATION_READ, Action.INTEGRATION_MANAGE})
    return mint(tenant=tenant, slug="", actor=integration, actions=frozenset(), services={service: may})


async def may_invite(tx: Tx, actor: str, role: Role) -> bool:
    """Whether a member or key may today make somebody a member with this role: whoever manages members no
    more, or has ended, may not, though they may do all that the role may."""
    for kind in ("member", "key"):
        id = parse(kind, actor)
        if id is not None and await roles.is_there(tx, kind, id):
            needed = MATRIX[role] | {Action.MEMBER_MANAGE}
            return needed <= held(await people.bindings(tx, kind, id)).actions
    return False


def at_hand(ports: Ports, grant: Grant) -> Grant | None:
    """What `still` returns where it need not ask the database, else None."""
    kept = ports.grants.grant(grant.credential, grant.slug, ports.clock()) if grant.credential else None
    return kept if kept is not None and kept.holds_anywhere(Action.STREAM_FOLLOW) else None


async def still(ports: Ports, grant: Grant) -> Grant | None:
    """The Grant as it is now, for whoever holds one for long; None where nothing is left of it. What this
    process has kept and stands is as good as what would be read, and what is read is kept."""
    kept, id, now = at_hand(ports, grant), grant.credential, ports.clock()
    if kept is not None or id is None:
        return kept
    owner = grant.person or grant.tenant
    rests = ports.grants.rests(*dict.fromkeys((grant.tenant, owner)))
    async with ports.store.reading(owner) as tx:
        credential = await credentials.standing(tx, id)
    current = await _grant(ports, credential, grant.slug, grant.tenant) if credential else None
    if current is not None:
        ports.grants.keep_grant(id, current, rests, now)
    return current if current is not None and current.holds_anywhere(Action.STREAM_FOLLOW) else None


async def again(ports: Ports, grant: Grant, action: Action, context: RequestContext) -> Grant:
    """A Grant that is held for long, read anew for one action: what is asked on a stream is answered like a
    request of its own. Raise Unauthenticated where nothing is left of it, Forbidden as `authorize` does."""
    now = await still(ports, grant)
    if now is None:
        raise Unauthenticated("Your access to this organization has ended.")
    if not now.holds_anywhere(action):
        _count(ports, now.tenant, now.actor.id, action, now.slug, context)
    now.require_somewhere(action)
    return now


async def _proven(ports: Ports, credential: Credential, slug: str) -> Grant | None:
    """The Grant that this process has kept, or one that is read now. A refusal is never kept."""
    now = ports.clock()
    if kept := ports.grants.grant(credential.id, slug, now):
        return kept
    return await ports.sharing.ask((credential.id, slug), partial(_prove, ports, credential, slug, now))


async def _prove(ports: Ports, credential: Credential, slug: str, now: datetime) -> Grant | None:
    tenant = await _tenant(ports, credential, slug)
    if tenant is None:
        return None
    rests = ports.grants.rests(*dict.fromkeys((tenant, TenantId(credential.tenant_id))))
    grant = await _grant(ports, credential, slug, tenant)
    if grant is not None:  # nothing is followed for a stranger, who may ask for one slug after the other
        ports.grants.keep_grant(credential.id, grant, rests, now)
    return grant


async def _tenant(ports: Ports, credential: Credential, slug: str) -> TenantId | None:
    if credential.kind == "api_key":
        return TenantId(credential.tenant_id)
    if credential.kind == "session":
        # Where nobody has the slug, a tenant that nobody has: the way on is the same as for a foreign one,
        # so that the time which the answer takes does not tell of it.
        return await directory.find_organization(ports.store, slug) or TenantId(new())
    return None


async def _grant(ports: Ports, credential: Credential, slug: str, tenant: TenantId) -> Grant | None:
    async with ports.store.reading(tenant) as tx:
        if credential.kind == "session":
            return await _members(tx, credential, slug, tenant)
        named = await people.this_organization(tx)
        if named is None or named[0] != slug:
            return None
        bound = await people.bindings(tx, "key", credential.subject)
    has = held(bound, credential.scopes)
    return mint(
        tenant=tenant,
        slug=slug,
        actor=Actor(text("key", credential.subject), credential.about.get("name", "")),
        actions=has.actions,
        administrative=has.administrative,
        expires_at=_earliest(credential.expires_at, has.ends),
        credential=credential.id,
        subject=credential.subject,
        services=has.services,
        teams=has.teams,
        incidents=has.incidents,
    )


async def _members(tx: Tx, credential: Credential, slug: str, tenant: TenantId) -> Grant | None:
    member = await people.member_of(tx, credential.tenant_id)
    if member is None:
        return None
    has = held(await people.bindings(tx, "member", member.id))
    return mint(
        tenant=tenant,
        slug=slug,
        actor=Actor(text("member", member.id), member.display_name),
        actions=has.actions,
        administrative=has.administrative,
        expires_at=_earliest(credential.expires_at, member.expires_at, has.ends),
        person=TenantId(credential.tenant_id),
        session=credential.id,
        credential=credential.id,
        subject=credential.subject,
        services=has.services,
        teams=has.teams,
        incidents=has.incidents,
    )


def _earliest(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


async def _first_use(ports: Ports, grant: Grant, context: RequestContext) -> None:
    """One `session.used` for each session and organization, whatever process sees it first."""
    session: UUID | None = grant.session
    key = (grant.tenant, session)
    if session is None or key in ports.seen_sessions:
        return
    async with change(ports, grant, context) as changed:
        id = text("session", session)
        if await requests.claim(changed.tx, grant.actor.id, "session.used", id) is None:
            changed.happened(SessionUsed(device=context.device), session)
            await requests.keep(
                changed.tx, grant.actor.id, "session.used", id, requests.Request(b"", id), changed.now
            )
    ports.remember_session(key)


def _refused(
    ports: Ports, credential: Credential, slug: str, action: Action, context: RequestContext
) -> None:
    """A refusal at a foreign or missing organization is told at home: to the key's, or to the person."""
    kind = "key" if credential.kind == "api_key" else "person"
    who = text(kind, credential.subject if kind == "key" else credential.tenant_id)
    _count(ports, TenantId(credential.tenant_id), who, action, _name(slug), context)


def _name(slug: str) -> str:
    """What was asked for, as far as it may be an organization's: a key or link that somebody has put there
    by mistake must not stay in a log from which nobody can take it."""
    return slug if SLUG.fullmatch(slug) and not UNBROKEN.search(slug) else "*" * min(len(slug), 40)


def _count(
    ports: Ports, tenant: TenantId, who: str, action: Action, target: str, context: RequestContext
) -> None:
    now = ports.clock()
    ports.refusals.add(
        Refusal(
            tenant=tenant, who=who, action=action.value, target=target[:200], address=context.address,
            request_id=context.request_id, count=1, first_at=now, last_at=now,
        )
    )  # fmt: skip
