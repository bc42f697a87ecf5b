"""Resealing: every stored secret goes under the first key, so that an older one can be taken away."""

from __future__ import annotations

import msgspec

from hub.contract.ids import TenantId
from hub.contract.signing import SecretsResealed
from hub.contract.words import Action
from hub.services import vault
from hub.services.access import system
from hub.services.change import change
from hub.services.once import patiently
from hub.services.ports import Ports, RequestContext
from hub.storage import directory
from hub.storage import vault as stored

TENANTS = 200
PORTION = 200  # secrets of one transaction
CONTEXT = RequestContext(request_id="secrets-rotate")


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """How many secrets went under the first key, of how many tenants."""

    secrets: int
    tenants: int


async def reseal(ports: Ports, portion: int = PORTION) -> Resealed:
    """Seal every secret anew that is not under the first key, in portions. Safe to run twice, by several and
    beside everything else: a row is opened and written under its lock, and each works before and after.

    Raise Unavailable, with what was done kept, at a secret that no key of the environment opens.
    """
    after, secrets, touched = None, 0, 0
    while tenants := await directory.tenants(ports.store, after, TENANTS):
        for tenant in tenants:
            count = await _tenant(ports, tenant, portion)
            secrets += count
            touched += count > 0
        after = tenants[-1]
    return Resealed(secrets=secrets, tenants=touched)


async def _tenant(ports: Ports, tenant: TenantId, portion: int) -> int:
    grant, total = system("operator", tenant), 0
    grant.require(Action.VAULT_RESEAL)
    name = vault.newest(ports.config)

    async def attempt() -> int:
        async with change(ports, grant, CONTEXT) as changed:
            rows = await stored.older(changed.tx, name, portion)
            if rows:
                opened = [vault.open_sealed(ports.config, tenant, row) for row in rows]
                sealed = [
                    vault.close(ports.config, tenant, row.kind, row.id, secret)
                    for row, secret in zip(rows, opened, strict=True)
                ]
                await stored.reseal(changed.tx, name, [row.id for row in rows], sealed)
                changed.happened(SecretsResealed(count=len(rows)), tenant)
            return len(rows)

    while count := await patiently(attempt):
        total += count
    return total
