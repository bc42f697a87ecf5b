"""Sessions: signing in and out, the cookie's signed reference, the CSRF token, who I am."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer

from hub.config import Config
from hub.contract.administration import SessionEnded, SessionStarted, SignInFailed
from hub.contract.ids import INSTALLATION, TenantId, new, text
from hub.contract.words import Role
from hub.domain.errors import SignInFailed as SignInFailedError
from hub.services import access, tries
from hub.services.change import Change, change
from hub.services.credentials import hash_of, note_use
from hub.services.passwords import verify_password
from hub.services.ports import Ports, RequestContext
from hub.storage import credentials, directory, people
from hub.storage import sessions as stored
from hub.storage.credentials import Credential

LASTS = timedelta(days=14)
IDLE = timedelta(hours=72)
SESSIONS_MAX = 100


class PersonShown(msgspec.Struct, frozen=True, kw_only=True):
    """A person to themselves."""

    id: str
    email: str
    name: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A new session; `token` is known to nobody but the cookie."""

    token: str
    credential: Credential
    person: PersonShown


class MyOrganization(msgspec.Struct, frozen=True, kw_only=True):
    """An organization of mine, and what I am there; a key has one, and is no `member` (which is empty)."""

    slug: str
    name: str
    member: str
    roles: list[Role]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who presents this credential."""

    person: PersonShown | None = None
    key: str | None = None
    csrf: str = ""
    organizations: list[MyOrganization] = []


async def sign_in(ports: Ports, email: str, password: str, context: RequestContext) -> SignedIn:
    """A new session for a proven password. Raise SignInFailed alike for a wrong one and an unknown name,
    RateLimited alike for both after too many.

    A failure is an event in the person's log, or, for a name that nobody has, in the installation's.
    """
    email = email.strip().lower()
    tenant = await directory.find_identity(ports.store, "password", email)
    home, account = tenant or INSTALLATION, tenant or tries.nobody(ports.config, email)
    async with ports.store.begin(home) as tx:
        found = await people.this_person(tx)
        await tries.check(tx, account, ports.clock())
    if (
        not await verify_password(found.secret if found else None, password)
        or tenant is None
        or found is None
    ):
        async with change(ports, access.system("sign-in", home), context) as changed:
            changed.happened(SignInFailed(), account)
        raise SignInFailedError
    grant = await access.person(ports, tenant)
    async with change(ports, grant, context) as changed:
        token, credential = await start(changed)
    shown = PersonShown(id=text("person", tenant), email=found.email, name=found.name)
    return SignedIn(token=token, credential=credential, person=shown)


async def start(changed: Change, until: datetime | None = None) -> tuple[str, Credential]:
    """A new session of the person whose change this is, and its token, which is kept nowhere; it lasts two
    weeks unless `until` says less. The oldest of too many ends: a program that signs in again and again must
    not make a list that nobody can read."""
    for ended in await stored.end_oldest(changed.tx, SESSIONS_MAX - 1):
        changed.happened(SessionEnded(reason="too_many"), ended)
    token, id, now = secrets.token_urlsafe(32), new(), changed.now
    credential = Credential(
        tenant_id=changed.grant.tenant,
        id=id,
        kind="session",
        subject=id,
        scopes=(),
        expires_at=until or now + LASTS,
        last_used_at=now,
        about={"device": changed.context.device, "address": changed.context.address},
    )
    await credentials.add(changed.tx, hash_of(token), credential, now)
    changed.happened(SessionStarted(device=changed.context.device), id)
    return token, credential


async def renew(
    ports: Ports, credential: Credential, context: RequestContext
) -> tuple[str, Credential] | None:
    """Another session in the place of one whose person has just gained rights: its end stays, its id dies at
    once, so that an id that was known before is worth nothing after. None where it has ended meanwhile."""
    grant = await access.person(ports, TenantId(credential.tenant_id), credential)
    async with change(ports, grant, context) as changed:
        if not await credentials.end(changed.tx, "session", credential.id):
            return None
        changed.happened(SessionEnded(reason="renewed"), credential.id)
        return await start(changed, credential.expires_at)


async def sign_out(ports: Ports, credential: Credential, context: RequestContext) -> None:
    """End a session; the event ends its streams, wherever they are."""
    grant = await access.person(ports, TenantId(credential.tenant_id), credential)
    async with change(ports, grant, context) as changed:
        if await credentials.end(changed.tx, "session", credential.id):
            changed.happened(SessionEnded(reason="sign_out"), credential.id)


async def touch(ports: Ports, credential: Credential) -> bool:
    """Note that a session is used, at most once a minute; False when it was idle for too long."""
    if credential.last_used_at is not None and ports.clock() - credential.last_used_at > IDLE:
        return False
    await note_use(ports, credential)
    return True


def csrf(ports: Ports, session: UUID) -> str:
    """The CSRF token of a session: derived, so that it is bound to it and stored nowhere."""
    key = ports.config.keys("csrf")[0]
    return hmac.new(key, session.bytes, hashlib.sha256).hexdigest()


def is_csrf(ports: Ports, session: UUID, presented: str) -> bool:
    """Whether a token belongs to this session, under any key; compared in constant time."""
    return any(
        hmac.compare_digest(
            hmac.new(key, session.bytes, hashlib.sha256).hexdigest().encode(), presented.encode()
        )
        for key in ports.config.keys("csrf")
    )


@lru_cache(maxsize=16)  # deriving its keys costs more than what it signs
def _signer(config: Config) -> URLSafeTimedSerializer:
    # itsdangerous signs with the last key of its list; ours are newest first.
    return URLSafeTimedSerializer([key.hex() for key in reversed(config.keys("cookie"))], salt="session")


def seal_cookie(config: Config, token: str) -> str:
    """The cookie's value: a signed reference to the session, whose row has only a hash of it."""
    return str(_signer(config).dumps(token))


@lru_cache(maxsize=4096)  # the same few come with every request; how long one works is its session's matter
def open_cookie(config: Config, value: str) -> str | None:
    """The token in a cookie, or None for one that we did not sign, or that was too old when it first came."""
    try:
        token = _signer(config).loads(value, max_age=int(LASTS.total_seconds()))
    except BadSignature:
        return None
    return token if isinstance(token, str) else None


async def me(ports: Ports, credential: Credential) -> Me:
    """Who this is, and where they may go."""
    if credential.kind != "session":
        return await _keys(ports, credential)
    tenant = TenantId(credential.tenant_id)
    async with ports.store.reading(tenant) as tx:
        found = await people.this_person(tx)
    organizations = []
    for organization in await directory.organizations_of(ports.store, tenant):
        async with ports.store.reading(TenantId(organization.tenant_id)) as tx:
            bound = await people.bindings(tx, "member", organization.membership_id)
        organizations.append(
            MyOrganization(
                slug=organization.slug,
                name=organization.name,
                member=text("member", organization.membership_id),
                roles=sorted({binding.role for binding in bound}),
            )
        )
    return Me(
        person=PersonShown(id=text("person", tenant), email=found.email, name=found.name) if found else None,
        csrf=csrf(ports, credential.id),
        organizations=organizations,
    )


async def _keys(ports: Ports, credential: Credential) -> Me:
    async with ports.store.reading(TenantId(credential.tenant_id)) as tx:
        named = await people.this_organization(tx)
        bound = await people.bindings(tx, "key", credential.subject)
    roles = sorted({binding.role for binding in bound})
    own = [MyOrganization(slug=named[0], name=named[1], member="", roles=roles)] if named else []
    return Me(key=text("key", credential.subject), organizations=own)
