"""Verifying: whether a request to an integration that takes signed ones only was signed by its sender."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from hub import metrics
from hub.contract.ids import text
from hub.contract.words import Action, SigningScheme
from hub.domain.errors import SignatureRefused, Unavailable
from hub.domain.signing import Secret, verify
from hub.services import vault
from hub.services.access import system
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports, RequestContext
from hub.services.receive import LOOKUP_SECONDS
from hub.services.refusals import Refusal
from hub.services.signing import SIGNING
from hub.storage import vault as stored

log = structlog.get_logger()


async def verified(
    ports: Ports, owner: IntegrationRef, headers: Mapping[str, str], body: bytes, context: RequestContext
) -> str | None:
    """The delivery id that the sender has signed, None where its scheme signs none. `body` is as it came.

    Raise SignatureRefused: nothing may be kept then; it is counted, logged by its reason and folded into the
    organization's audit log, without anything of what was presented. Raise Unavailable within 0.8 s where
    nobody can tell. The time is the database's: a process whose clock is wrong refuses no page.
    """
    system("door", owner.tenant).require(Action.INBOX_WRITE)
    try:
        async with asyncio.timeout(LOOKUP_SECONDS), ports.store.reading(owner.tenant) as tx:
            rows, now = await stored.living(tx, SIGNING, owner.integration)
    except TimeoutError as error:
        raise Unavailable from error
    secrets = [
        Secret(SigningScheme(row.about["scheme"]), vault.open_sealed(ports.config, owner.tenant, row))
        for row in rows
    ]
    try:
        return verify(secrets, headers, body, now or ports.clock())
    except SignatureRefused as refused:
        _count(ports, owner, refused.reason, context)
        raise


def _count(ports: Ports, owner: IntegrationRef, reason: str, context: RequestContext) -> None:
    integration, now = text("integration", owner.integration), ports.clock()
    metrics.SIGNATURES_REFUSED.labels(reason).inc()
    log.warning("signature_refused", integration=integration, reason=reason, address=context.address)
    ports.refusals.add(
        Refusal(
            tenant=owner.tenant, who=integration, action=Action.INBOX_WRITE.value,
            target=f"signature {reason}", address=context.address, request_id=context.request_id,
            count=1, first_at=now, last_at=now,
        )
    )  # fmt: skip
