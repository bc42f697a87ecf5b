"""Signing: an integration takes signed requests only; its secret is shown once, and kept sealed."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256

import msgspec

from hub.contract.ids import new
from hub.contract.signals import Fault
from hub.contract.signing import IntegrationSigned, IntegrationSigning, IntegrationUnsigned, Sign
from hub.contract.words import SigningScheme
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound, Stale
from hub.domain.signing import STANDARD_PREFIX, standard_key
from hub.domain.version import Expected
from hub.services import vault
from hub.services.change import Change, change
from hub.services.credentials import INTEGRATION_KEY
from hub.services.integrations import detail, lock_integration
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.storage import integrations, keys
from hub.storage import vault as stored
from hub.storage.integrations import Integration
from hub.storage.vault import Sealed

SIGNING = "signing"


async def sign(
    ports: Ports, grant: Grant, reference: str, asked: Sign, key: str | None, context: RequestContext
) -> tuple[IntegrationSigning, bool]:
    """Have an integration refuse what is not signed; a new secret where it does already. True beside it where
    a request made before did: then without the secret. Raise Invalid for one that the scheme cannot use."""
    if asked.secret and asked.scheme is SigningScheme.STANDARD_WEBHOOKS and not standard_key(asked.secret):
        detail = "A Standard Webhooks secret is 24 to 64 bytes in base64, behind whsec_."
        raise Invalid([Fault(pointer="/secret", code="invalid", detail=detail)])

    async def attempt() -> tuple[IntegrationSigning, bool]:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            claim = Claim(changed, "integration.sign", key, reference, _nameless(ports, asked))
            if await claim.earlier() is not None:
                return await _signing(ports, changed, reference, None), True
            secret = asked.secret or _new_secret(asked.scheme)
            await _keep(ports, changed, found, asked, secret)
            await claim.done(reference)
            return await _signing(ports, changed, reference, None if asked.secret else secret), False

    return await patiently(attempt)


async def unsign(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Have an integration take unsigned requests again. Raise Stale unless `expected` has the present
    version, NotFound where it takes them already."""

    async def attempt() -> None:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            if not expected.meets(found.version):
                raise Stale(await detail(ports, changed.tx, reference))
            if not await stored.end(changed.tx, SIGNING, found.id):
                raise NotFound("This integration has no signing secret.")
            await keys.mark_signed(changed.tx, INTEGRATION_KEY, found.id, False)
            await integrations.save(changed.tx, found)
            changed.happened(IntegrationUnsigned(), found.id)

    await patiently(attempt)


async def _keep(ports: Ports, changed: Change, found: Integration, asked: Sign, secret: str) -> None:
    until = changed.now + timedelta(seconds=asked.overlap_seconds) if asked.overlap_seconds else None
    works_on = await stored.retire(changed.tx, SIGNING, found.id, until)
    id, tenant = new(), changed.grant.tenant
    row = Sealed(
        id=id,
        kind=SIGNING,
        subject=found.id,
        key_id=vault.newest(ports.config),
        sealed=vault.close(ports.config, tenant, SIGNING, id, secret),
        about={"scheme": asked.scheme.value, "last4": secret[-4:]},
        created_at=changed.now,
    )
    await stored.add(changed.tx, row)
    await keys.mark_signed(changed.tx, INTEGRATION_KEY, found.id, True)
    await integrations.save(changed.tx, found)
    changed.happened(
        IntegrationSigned(scheme=asked.scheme, old_secret_until=until if works_on else None), found.id
    )


def _new_secret(scheme: SigningScheme) -> str:
    """256 bits: in base64 behind `whsec_` where the scheme says so, else 64 hexadecimal digits."""
    if scheme is SigningScheme.STANDARD_WEBHOOKS:
        return STANDARD_PREFIX + b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_hex(32)


def _nameless(ports: Ports, asked: Sign) -> Sign:
    """What an Idempotency-Key is compared by: a given secret only as a keyed hash, since a plain one of a
    short secret could be searched."""
    if asked.secret is None:
        return asked
    mac = hmac.new(ports.config.keys("request")[0], asked.secret.encode(), sha256).hexdigest()
    return msgspec.structs.replace(asked, secret=mac)


async def _signing(ports: Ports, changed: Change, reference: str, secret: str | None) -> IntegrationSigning:
    shown = await detail(ports, changed.tx, reference, secret)
    return IntegrationSigning(**msgspec.structs.asdict(shown), secret=secret)
