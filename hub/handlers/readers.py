"""Readers: the organization, its receipts and its audit log."""

from __future__ import annotations

from hub.contract.signals import Fault
from hub.contract.words import InboxState
from hub.domain.errors import Invalid
from hub.door import guard
from hub.door.request import Request
from hub.services import audit, catalogue, credentials, receipts


class Organization(Request):
    """`/api/v1/orgs/{org}`"""

    async def get(self, org: str) -> None:
        """The organization, and what the caller may do in it."""
        self.answer(await catalogue.organization(self.desk.ports, self.grant))


class Receipts(Request):
    """`/receipts`"""

    async def get(self, org: str) -> None:
        """A page of dead letters, newest first."""
        if self.get_query_argument("state", InboxState.DEAD) != InboxState.DEAD:
            fault = Fault(pointer="/state", code="word", detail="Only state=dead can be listed.")
            raise Invalid([fault])
        self.answer_page(await receipts.page_dead(self.desk.ports, self.grant, *self.page()))


class Receipt(Request):
    """`/receipts/{receipt}`"""

    async def get(self, org: str, receipt: str) -> None:
        """What became of one stored request."""
        self.answer(await receipts.show(self.desk.ports, self.grant, receipt))


class SentReceipt(Request):
    """`/api/v1/ingest/receipts/{receipt}`: for the sender, with the integration key."""

    async def get(self, receipt: str) -> None:
        """What became of one stored request of this integration."""
        credential = await credentials.find(self.desk.ports, guard.header_key(self))
        self.answer(await receipts.show_to_sender(self.desk.ports, credential, receipt))


class Audit(Request):
    """`/audit` of an organization, and `/api/v1/me/audit` of a person."""

    async def get(self, org: str = "") -> None:
        """A page of the log that the Grant is for, newest first."""
        self.answer_page(await audit.page(self.desk.ports, self.grant, *self.page()))
