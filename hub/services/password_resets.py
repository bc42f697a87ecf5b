"""Password resets: a link that sets a new password, who may make one, and what it does, once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from hub.config import Config
from hub.contract.administration import PasswordReset, PasswordResetOffered
from hub.contract.ids import TenantId, new
from hub.contract.sessions import ResetPassword
from hub.contract.words import Action, Role
from hub.domain.access import Grant
from hub.domain.errors import NotFound
from hub.domain.passwords import require_strong
from hub.services import access
from hub.services.change import change
from hub.services.credentials import find, hash_of
from hub.services.links import open_link, seal_link
from hub.services.own_sessions import end_but
from hub.services.passwords import hash_password
from hub.services.ports import Ports, RequestContext
from hub.services.used_up import KEPT, Use
from hub.storage import credentials, directory, identities, people
from hub.storage.credentials import Credential

KIND = "password_reset"
LASTS = timedelta(hours=1)
CONTEXT = RequestContext(request_id="password-reset", address="local", device="command line")


async def offer(ports: Ports, email: str) -> str:
    """The text of a link that sets a new password, for an hour, once; an earlier one works no more.

    Raise NotFound where nobody signs in with this address. For the command line, whose operator may reset
    everybody; services/member_resets.py is for owners.
    """
    tenant = await directory.find_identity(ports.store, "password", email.strip().lower())
    if tenant is None:
        raise NotFound(f"Nobody signs in as {email}.")
    return await make(ports, access.system("operator", tenant), CONTEXT)


async def make(ports: Ports, grant: Grant, context: RequestContext, owner: Grant | None = None) -> str:
    """The text of a link for the person whose tenant the Grant is in; `owner` is whoever makes it for a
    member, and has to be one still when it is used."""
    grant.require(Action.SELF_MANAGE)
    token = secrets.token_urlsafe(32)
    async with change(ports, grant, context) as changed:
        await identities.end_resets(changed.tx)
        credential = Credential(
            tenant_id=grant.tenant,
            id=new(),
            kind=KIND,
            subject=grant.tenant,
            scopes=(),
            expires_at=changed.now + LASTS,
            last_used_at=changed.now,
            about={"by": owner.actor.id, "organization": owner.tenant.hex} if owner else {},
        )
        await credentials.add(changed.tx, hash_of(token), credential, changed.now)
        changed.happened(PasswordResetOffered(organization=owner.slug if owner else ""), grant.tenant)
    return seal_link(ports.config, KIND, token)


def address(config: Config, link: str) -> str:
    """Where a link is opened; behind the #, so that no server's log and no Referer has it."""
    return f"{config.public_url or f'http://127.0.0.1:{config.port}'}/reset-password#{link}"


async def is_elsewhere(ports: Ports, person: TenantId, organization: TenantId) -> bool:
    """Whether a person belongs to another organization too, where whoever signs in as them could act."""
    theirs = await directory.organizations_of(ports.store, person)
    return any(each.tenant_id != organization for each in theirs)


async def use(
    ports: Ports, presented: str, asked: ResetPassword, key: str | None, context: RequestContext
) -> bool:
    """Set the password of the link's person, and end all sessions; True where the same request, with the same
    Idempotency-Key, did before.

    Raise NotFound alike for a link that was used, is too old or was never made; Invalid for a common
    password, which leaves the link as it is.
    """
    token = open_link(ports.config, KIND, presented, LASTS + KEPT)
    if token is None:
        raise _over()
    used = Use(token, key, asked)
    if await _is_repeat(ports, token, used):
        return True
    try:
        await _reset(ports, token, used, asked, context)
    except NotFound:
        if await _is_repeat(ports, token, used):  # at the same time
            return True
        raise
    return False


async def _open(ports: Ports, token: str) -> Credential:
    credential = await find(ports, token)
    if credential is None or credential.kind != KIND:
        raise _over()
    return credential


async def _is_repeat(ports: Ports, token: str, used: Use) -> bool:
    try:
        return used.earlier(await _open(ports, token)) is not None
    except NotFound:
        raise _over() from None


async def _reset(ports: Ports, token: str, used: Use, asked: ResetPassword, context: RequestContext) -> None:
    credential = await _open(ports, token)
    tenant = TenantId(credential.tenant_id)
    if not await _stands(ports, tenant, credential):
        raise _over()
    async with ports.store.begin(tenant) as tx:
        found = await people.this_person(tx)
    require_strong(asked.password, "/password", found.email if found else "")
    secret = await hash_password(asked.password)
    grant = await access.person(ports, tenant)
    async with change(ports, grant, context) as changed:
        # Of several that use one link at once, one deletes the row; the others find none.
        if not await used.spend(changed.tx, credential, "", changed.now):
            raise _over()
        if not await identities.replace_secret(changed.tx, secret):
            raise _over()
        changed.happened(PasswordReset(), tenant)
        await end_but(changed, None, "password_reset")


async def _stands(ports: Ports, person: TenantId, credential: Credential) -> bool:
    """An owner's link works while the person is a member of that organization alone, and its maker an owner:
    neither who joins another one, nor who is no owner any more, is in the hands of the other."""
    if "organization" not in credential.about:
        return True
    organization = TenantId(UUID(credential.about["organization"]))
    if await is_elsewhere(ports, person, organization):
        return False
    async with ports.store.reading(organization) as tx:
        is_member = await people.member_of(tx, person) is not None
        return is_member and await access.may_invite(tx, credential.about["by"], Role.OWNER)


def _over() -> NotFound:
    return NotFound("This link was used, is too old, or was never made. Ask for a new one.")
