"""Trial: a test alert of an integration, through the very inbox that its senders' alerts go through."""

from __future__ import annotations

import msgspec

from hub.contract.ids import new, text
from hub.contract.integrations import IntegrationTested, Tested
from hub.contract.words import AlertSeverity, SignalAction
from hub.domain.access import Grant
from hub.domain.errors import NotAllowedNow
from hub.services.change import change
from hub.services.integrations import lock_integration
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.sources import generic
from hub.storage import inbox
from hub.storage.inbox import InboxRow


async def send_test(
    ports: Ports, grant: Grant, reference: str, key: str | None, context: RequestContext
) -> tuple[Tested, bool]:
    """Put one test alert into the inbox of an integration; its receipt, and True beside it where a request
    made before sent it. From there it is an alert like any other: the worker takes it, in the order of its
    lane, and it opens an incident of its own that says who tests. NotAllowedNow for a disabled integration,
    whose senders are refused too."""

    async def attempt() -> tuple[Tested, bool]:
        async with change(ports, grant, context) as changed:
            found = await lock_integration(changed, reference)
            claim = Claim(changed, "integration.test", key, reference)
            if (earlier := await claim.earlier()) is not None:
                return Tested(earlier), True
            if found.disabled_at is not None:
                raise NotAllowedNow("This integration is disabled: enable it before you test it.")
            id = new()
            receipt = text("receipt", id)
            row = InboxRow(
                tenant_id=grant.tenant,
                id=id,
                integration_id=found.id,
                format=generic.NAME,
                body=_alert(receipt, grant.actor.name, found.name),
                received_at=changed.now,
                request_id=context.request_id,
                traceparent=context.traceparent,
                address=context.address,
            )
            await inbox.put(changed.tx, [row])
            changed.happened(IntegrationTested(receipt=receipt), found.id)
            await claim.done(receipt)
            return Tested(receipt), False

    sent, replayed = await patiently(attempt)
    ports.enqueue("inbox", [grant.tenant])  # after COMMIT, like any request that was kept
    return sent, replayed


def _alert(receipt: str, who: str, integration: str) -> bytes:
    """A generic event; its dedup key is of this test alone, so that it joins nothing."""
    event = {
        "action": SignalAction.TRIGGER,
        "dedup_key": f"test:{receipt}",
        "title": f"Test alert from {who}",
        "severity": AlertSeverity.INFO,
        "source": "IncidentHub",
        "labels": {"test": "true"},
        "details": f"{who} sent this to see whether alerts of {integration} arrive. Nothing is broken:"
        " resolve it when you have seen it.",
    }
    return msgspec.json.encode(event)
