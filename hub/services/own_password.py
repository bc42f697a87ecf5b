"""One's own password: to change it, which ends every session that the old one began."""

from __future__ import annotations

from hub.contract.administration import PasswordChanged, SignInFailed
from hub.contract.ids import text
from hub.contract.sessions import ChangePassword
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound
from hub.domain.faults import Faults
from hub.domain.passwords import require_strong
from hub.services import sessions, tries
from hub.services.change import change, read
from hub.services.own_sessions import end_but
from hub.services.passwords import hash_password, verify_password
from hub.services.ports import Ports, RequestContext
from hub.services.sessions import PersonShown, SignedIn
from hub.storage import identities, people


async def change_password(
    ports: Ports, grant: Grant, asked: ChangePassword, context: RequestContext
) -> SignedIn:
    """Change it, end all sessions, and start a new one for the browser that asked.

    Raise Invalid for a common new one, and for a wrong current one, which counts as a failed sign-in;
    RateLimited after too many of these.
    """
    grant.require(Action.SELF_MANAGE)
    async with read(ports, grant) as tx:
        found = await people.this_person(tx)
        await tries.check(tx, grant.tenant, ports.clock())
    if found is None:
        raise NotFound
    faults = Faults()
    with faults.collected():
        require_strong(asked.new, "/new", found.email)
    if not await verify_password(found.secret, asked.current):
        async with change(ports, grant, context) as changed:
            changed.happened(SignInFailed(), grant.tenant)
        with faults.collected():
            raise _wrong()
    faults.check()
    secret = await hash_password(asked.new)
    async with change(ports, grant, context) as changed:
        if not await identities.replace_secret(changed.tx, secret, found.secret):
            raise _wrong()  # somebody changed it meanwhile
        changed.happened(PasswordChanged(), grant.tenant)
        await identities.end_resets(changed.tx)
        await end_but(changed, None, "password_changed")
        token, credential = await sessions.start(changed)
    shown = PersonShown(id=text("person", grant.tenant), email=found.email, name=found.name)
    return SignedIn(token=token, credential=credential, person=shown)


def _wrong() -> Invalid:
    return Invalid([Fault(pointer="/current", code="wrong", detail="This is not your password.")])
