"""Intake: one handler for every wire format. Find the key, keep the body, and only then answer."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, cast

import msgspec

from hub.contract.words import SignalAction
from hub.domain.errors import HubError, Invalid, RateLimited, SignatureRefused, Unauthenticated, Unavailable
from hub.door.bounded import Arrived
from hub.door.packed import NAMES, unpack
from hub.door.problems import TooLarge
from hub.door.says import says
from hub.handlers.sender import Sender
from hub.services.grants import IntegrationRef
from hub.services.receive import row_id
from hub.services.verifying import verified
from hub.sources import cloudevents, routed
from hub.sources.base import Checked, Reply, Source
from hub.storage.inbox import InboxRow

# The JSON escape of a letter, a digit, - or _: what integration keys are made of.
ESCAPED_LETTER: Final = re.compile(rb"\\u00(?:2[dD]|3[0-9]|[46][1-9a-fA-F]|5[0-9aAfF]|7[0-9aA])")
SOON: Final = 2  # seconds, after which a storm leaves room
DELIVERIES: Final = ("Idempotency-Key", "webhook-id", "X-Webhook-Id")


class Keeper(Sender):
    """Keeps what senders of one format bring, and only then answers."""

    source: Source
    as_sent: bytes | None = None  # a body that came packed, which is what a signature is over

    def check_size(self) -> None:
        """Unpack what came packed. What is too large is kept by its beginning, once the key is known."""
        request = cast(Arrived, self.request)
        if request.headers.get("Content-Encoding", "").lower() not in NAMES:
            return
        if (found := unpack(request.body, self.route.body_max, request.is_cut)) is not None:
            self.as_sent, request.body, request.is_cut = request.body, *found

    async def take(self, sent: bytes, integration: str = "", key: str = "") -> None:
        """Keep what was sent, in the form that its format reads, and answer."""
        checked = self.looked_at(sent)
        presented = self.presented(of_body=checked.key or "", of_path=key)
        owner = await self.owner(presented, integration)
        if owner is None:
            self.unknown(checked, presented)
            return
        if self.source.COMES_AGAIN:
            self.meter(owner)
        if not await self.receiver.turns.take(owner.tenant, is_patient=not self.source.COMES_AGAIN):
            raise RateLimited(SOON)
        body = without(presented, sent)
        if owner.is_signed and sent != self.request.body:
            raise SignatureRefused("missing", "A signature does not cover what the address or headers say.")
        if owner.is_signed:
            row = await self.signed_row(owner, checked, body)
        else:
            row = self.row(owner, checked, self.delivery(checked), body, self.source.NAME)
        await self.receiver.keep(row)
        if row.truncated:
            raise TooLarge(
                f"Larger than {self.route.body_max} bytes; the beginning is kept as a dead letter."
            )
        self.reply(self.source.answer(checked, row.id))

    def looked_at(self, sent: bytes) -> Checked:
        """What the answer needs of what was sent. Where a body was cut and its beginning holds no key, its
        end may: PagerDuty's own client for Python writes it last."""
        checked, request = self.source.check(sent), cast(Arrived, self.request)
        if request.is_cut and checked.key is None:
            return self.source.check(request.end)
        return checked

    def unknown(self, checked: Checked, presented: str) -> None:
        """Answer who has shown no key that is known; of a body that was cut, the key may be among what is
        gone."""
        if cast(Arrived, self.request).is_cut and "body" in self.keys and not presented:
            raise TooLarge(f"Larger than {self.route.body_max} bytes, and no key was found: nothing is kept.")
        self.reply(self.source.answer(checked, None))

    def meter(self, owner: IntegrationRef) -> None:
        """Count it for its organization; raise RateLimited where it is one too many, so that a storm of one
        organization leaves room for the others."""
        meter, now = self.desk.quotas.ingest, asyncio.get_running_loop().time()
        if wait := meter.wait(owner.tenant.hex, now):
            self.quotas = (meter.take(owner.tenant.hex, now),)
            raise RateLimited(wait)

    def delivery(self, checked: Checked) -> str | None:
        """The sender's own name of this delivery: the same name and body are kept once."""
        headers = self.request.headers
        for name in DELIVERIES:
            if name in headers and (given := headers[name]):
                return given
        return checked.delivery

    async def signed_row(self, owner: IntegrationRef, checked: Checked, body: bytes) -> InboxRow:
        """The row of a request whose signature is right; raise SignatureRefused, or TooLarge for what was cut
        and cannot be checked: neither is kept.

        A delivery that was signed along has that name alone, whatever other headers say, and at whatever
        address it comes again: a recorded request that is sent a second time is the first one.
        """
        if cast(Arrived, self.request).is_cut:
            limit = self.route.body_max
            raise TooLarge(
                f"Larger than {limit} bytes: its signature cannot be checked, and nothing is kept."
            )
        headers = self.request.headers
        sent = self.request.body if self.as_sent is None else self.as_sent
        signed = await verified(self.desk.ports, owner, headers, sent, self.context)
        if signed is None:
            return self.row(owner, checked, self.delivery(checked), body, self.source.NAME)
        return self.row(owner, checked, signed, body, "signed")

    def row(
        self, owner: IntegrationRef, checked: Checked, delivery: str | None, body: bytes, space: str
    ) -> InboxRow:
        """The body to keep, with where it came from; `space` is where the delivery's name is unique."""
        return InboxRow(
            tenant_id=owner.tenant,
            id=row_id(owner.integration, space, delivery, body),
            integration_id=owner.integration,
            format=self.source.NAME,
            body=body,
            truncated=cast(Arrived, self.request).is_cut,
            received_at=self.desk.ports.clock(),
            request_id=self.context.request_id,
            correlation=checked.correlation,
            traceparent=self.context.traceparent,
            address=self.context.address,
        )

    def reply(self, reply: Reply) -> None:
        """Send an answer in the sender's own shape; a problem names the request, like any of ours."""
        self.set_status(reply.status)
        for name, value in reply.headers.items():
            self.set_header(name, value)
        if reply.body is None:
            self.clear_header("Content-Type")
            return
        self.set_header("Content-Type", reply.content_type)
        body = reply.body
        if isinstance(body, dict) and "code" in body and reply.content_type.endswith("problem+json"):
            self.problem_code = body["code"]
            body = {**body, "request_id": self.request_id}
        self.write(msgspec.json.encode(body))

    def refuse(self, error: HubError) -> None:
        """Who cannot be stored for now is told so in words that make this sender come again."""
        if isinstance(error, Unavailable | RateLimited):
            self.problem_code = error.code
            self.reply(self.source.busy(is_over_quota=isinstance(error, RateLimited)))
            if isinstance(error, RateLimited):
                self.set_header("Retry-After", str(error.retry_after))
            self.finish()
        else:
            super().refuse(error)


class Intake(Keeper):
    """An endpoint of one format."""

    @says(dict[str, Any], 202, takes=Any, may=(Invalid, Unauthenticated, SignatureRefused))
    async def post(self, integration: str = "", key: str = "") -> None:
        """202 after COMMIT, or what this format's senders understand."""
        await self.take(self.request.body, integration, key)


class Routed(Intake):
    """An endpoint of PagerDuty's clients, who look for the vendor's words in whatever is refused."""

    def refuse(self, error: HubError) -> None:
        """What is too large is told so in the vendor's shape."""
        if not isinstance(error, TooLarge):
            super().refuse(error)
            return
        self.problem_code = error.code
        self.reply(routed.told(413, error.detail))
        self.finish()


class Either(Intake):
    """An endpoint of a sender that may have been told to PUT, as Grafana's contact points can be."""

    @says(dict[str, Any], 202, takes=Any, may=(Invalid, Unauthenticated, SignatureRefused))
    async def put(self, integration: str = "", key: str = "") -> None:
        """The same: whatever comes is a new request, nothing is replaced."""
        await self.take(self.request.body, integration, key)


class Ping(Intake):
    """`/ingest/heartbeats/{beat}`: our event `heartbeat`, named by the address."""

    def check_size(self) -> None:
        """A ping has nothing to say; what is too large is refused like anywhere else."""
        Sender.check_size(self)

    @says(dict[str, Any], 202, takes=Any, may=(Invalid, Unauthenticated, SignatureRefused))
    async def post(self, beat: str) -> None:  # type: ignore[override]
        """202 after COMMIT; whatever the body says is not looked at."""
        checked = self.source.check(ping(beat))
        owner = await self.owner(self.presented())
        if owner is None:
            self.reply(self.source.answer(checked, None))
            return
        if owner.is_signed:
            raise SignatureRefused(
                "missing", "A signature does not cover the address: sign an event with action heartbeat."
            )
        row = self.row(owner, checked, None, ping(beat), self.source.NAME)
        await self.receiver.keep(row)
        self.reply(self.source.answer(checked, row.id))


def ping(beat: str) -> bytes:
    """The event that a ping is."""
    return msgspec.json.encode({"action": SignalAction.HEARTBEAT, "dedup_key": beat})


class CloudEvents(Intake):
    """An endpoint of CloudEvents alone, in whichever mode."""

    @says(dict[str, Any], 202, takes=Any, may=(Invalid, Unauthenticated, SignatureRefused))
    async def post(self, integration: str = "", key: str = "") -> None:
        """202 after COMMIT with what became of each event."""
        await self.take(cloudevents.structured(self.request.headers, self.request.body), integration, key)


class Events(Intake):
    """An endpoint of our own format, and of CloudEvents that come there."""

    @says(dict[str, Any], 202, takes=Any, may=(Invalid, Unauthenticated, SignatureRefused))
    async def post(self, integration: str = "", key: str = "") -> None:
        """202 after COMMIT with what became of each event."""
        headers, sent = self.request.headers, self.request.body
        if cloudevents.is_event(headers):
            self.source, sent = cloudevents, cloudevents.structured(headers, sent)
        await self.take(sent, integration, key)


def without(key: str, body: bytes) -> bytes:
    """The body with stars for the integration key that PagerDuty's senders put in it: a dead letter shows
    its body to responders, and the beginning of one goes into the log, where nobody could take it back.

    JSON allows any letter of it as an escape (RFC 8259, section 7). No encoder does so to letters and
    digits, so that this is looked for only where one is there.
    """
    if ESCAPED_LETTER.search(body) is None:
        return body.replace(key.encode(), b"*" * len(key))
    letters = (f"(?:{re.escape(letter)}|\\\\u00(?i:{ord(letter):02x}))" for letter in key)
    return re.sub("".join(letters).encode(), b"*" * len(key), body)
