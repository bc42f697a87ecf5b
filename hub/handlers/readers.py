"""Readers: receipts, and what is done with dead letters; and the audit log."""

from __future__ import annotations

from hub.contract.receipts import BODY_MAX, Discard, ReceiptPage, ReceiptResource, Replay
from hub.contract.resources import AuditPage
from hub.contract.signals import KEY_MAX
from hub.contract.words import InboxState
from hub.domain.errors import NotAllowedNow, NotFound, Unauthenticated
from hub.door import guard
from hub.door.request import Request
from hub.door.says import says
from hub.services import audit, credentials, receipts, replaying


class Receipts(Request):
    """`/receipts`"""

    @says(
        ReceiptPage,
        query={
            "state": "Only `dead` can be listed.",
            "integration": "All of this one's, instead.",
            "correlation": "All that came under this request or correlation id, instead.",
        },
    )
    async def get(self, org: str) -> None:
        """A page of dead letters, of all that came for one integration, or under one id, newest first."""
        names = ("integration", "state", "correlation")
        integration, state, correlation = (self.get_query_argument(name, None) for name in names)
        if state is not None and (state != InboxState.DEAD or integration is not None):
            self.faults.add("/state", "word", "Only state=dead can be listed, of all.")
        if correlation is not None and not 0 < len(correlation) <= KEY_MAX:
            self.faults.add("/correlation", "length", f"An id has 1 to {KEY_MAX} characters.")
        if correlation is not None and (state is not None or integration is not None):
            self.faults.add("/correlation", "word", "An id is looked for in all that came.")
        if correlation is not None:
            page = await receipts.page_correlated(self.desk.ports, self.grant, correlation, *self.page())
            self.answer_page(page)
        elif integration is None:
            self.answer_page(await receipts.page_dead(self.desk.ports, self.grant, *self.page()))
        else:
            self.answer_page(await receipts.page_of(self.desk.ports, self.grant, integration, *self.page()))


class Receipt(Request):
    """`/receipts/{receipt}`"""

    @says(ReceiptResource)
    async def get(self, org: str, receipt: str) -> None:
        """What became of one stored request."""
        self.answer(await receipts.show(self.desk.ports, self.grant, receipt))


class ReplayReceipt(Request):
    """`/receipts/{receipt}/replay`"""

    @says(ReceiptResource, takes=Replay, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, receipt: str) -> None:
        """Process a dead letter once more, as it came or mended; the receipt to follow."""
        asked, key = self.read(Replay, BODY_MAX), self.idempotency_key()
        shown, replayed = await replaying.replay(
            self.desk.ports, self.grant, receipt, asked, key, self.context
        )
        self.answer_once(shown, replayed)


class DiscardReceipt(Request):
    """`/receipts/{receipt}/discard`"""

    @says(ReceiptResource, takes=Discard, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, receipt: str) -> None:
        """Let nothing become of a dead letter."""
        asked, key = self.read(Discard), self.idempotency_key()
        shown, replayed = await replaying.discard(
            self.desk.ports, self.grant, receipt, asked, key, self.context
        )
        self.answer_once(shown, replayed)


class SentReceipts(Request):
    """`/api/v1/ingest/receipts`: for the sender, with the integration key."""

    @says(
        ReceiptPage,
        query={"correlation": "The request or correlation id that is looked for."},
        may=(Unauthenticated,),
    )
    async def get(self) -> None:
        """The newest of this integration's own requests under one id, on one page."""
        named = self.get_query_argument("correlation", "")
        if not 0 < len(named) <= KEY_MAX:
            self.faults.add("/correlation", "length", f"Say which id: 1 to {KEY_MAX} characters.")
        limit, _ = self.page()
        credential = await credentials.find(self.desk.ports, guard.header_key(self))
        self.answer_page(await receipts.correlated_for_sender(self.desk.ports, credential, named, limit))


class SentReceipt(Request):
    """`/api/v1/ingest/receipts/{receipt}`: for the sender, with the integration key."""

    @says(ReceiptResource, may=(Unauthenticated, NotFound))
    async def get(self, receipt: str) -> None:
        """What became of one stored request of this integration."""
        credential = await credentials.find(self.desk.ports, guard.header_key(self))
        self.answer(await receipts.show_to_sender(self.desk.ports, credential, receipt))


class Audit(Request):
    """`/audit` of an organization, and `/api/v1/me/audit` of a person."""

    @says(AuditPage)
    async def get(self, org: str = "") -> None:
        """A page of the log that the Grant is for, newest first."""
        self.answer_page(await audit.page(self.desk.ports, self.grant, *self.page()))
