"""Password resets: a link that an operator makes, and what it does, once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from hub.contract.administration import PasswordReset, PasswordResetOffered
from hub.contract.ids import TenantId, new
from hub.contract.sessions import ResetPassword
from hub.contract.words import Action
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

    Raise NotFound where nobody signs in with this address. For the command line: over HTTP it would need a
    way to reach the person and no other, and there is none yet.
    """
    tenant = await directory.find_identity(ports.store, "password", email.strip().lower())
    if tenant is None:
        raise NotFound(f"Nobody signs in as {email}.")
    token, id = secrets.token_urlsafe(32), new()
    grant = access.system("operator", tenant)
    grant.require(Action.SELF_MANAGE)
    async with change(ports, grant, CONTEXT) as changed:
        await identities.end_resets(changed.tx)
        credential = Credential(
            tenant_id=tenant,
            id=id,
            kind=KIND,
            subject=tenant,
            scopes=(),
            expires_at=changed.now + LASTS,
            last_used_at=changed.now,
            about={},
        )
        await credentials.add(changed.tx, hash_of(token), credential, changed.now)
        changed.happened(PasswordResetOffered(), tenant)
    return seal_link(ports.config, KIND, token)


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


def _over() -> NotFound:
    return NotFound("This link was used, is too old, or was never made. Ask for a new one.")
