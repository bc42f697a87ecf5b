"""Readers: receipts and the audit log."""

from __future__ import annotations

from hub.contract.resources import AuditPage, ReceiptPage, ReceiptResource
from hub.contract.words import InboxState
from hub.domain.errors import NotFound, Unauthenticated
from hub.door import guard
from hub.door.request import Request
from hub.door.says import says
from hub.services import audit, credentials, receipts


class Receipts(Request):
    """`/receipts`"""

    @says(
        ReceiptPage,
        query={"state": "Only `dead` can be listed.", "integration": "All of this one's, instead."},
    )
    async def get(self, org: str) -> None:
        """A page of dead letters, or of all that came for one integration, newest first."""
        integration, state = (self.get_query_argument(name, None) for name in ("integration", "state"))
        if state is not None and (state != InboxState.DEAD or integration is not None):
            self.faults.add("/state", "word", "Only state=dead can be listed, of all.")
        if integration is None:
            self.answer_page(await receipts.page_dead(self.desk.ports, self.grant, *self.page()))
        else:
            self.answer_page(await receipts.page_of(self.desk.ports, self.grant, integration, *self.page()))


class Receipt(Request):
    """`/receipts/{receipt}`"""

    @says(ReceiptResource)
    async def get(self, org: str, receipt: str) -> None:
        """What became of one stored request."""
        self.answer(await receipts.show(self.desk.ports, self.grant, receipt))


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
