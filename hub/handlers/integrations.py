"""Integrations: list, make, show, change, rotate, disable, enable, test, sign, hold, release and undo."""

from __future__ import annotations

from hub.contract import hold
from hub.contract.catalogue import Nothing
from hub.contract.integrations import (
    IntegrationDetail,
    IntegrationMade,
    IntegrationPage,
    IntegrationPatch,
    NewIntegration,
    Rotate,
    Tested,
)
from hub.contract.receipts import ReplayedAll
from hub.contract.signing import IntegrationSigning, Sign
from hub.contract.undo import Undo as Wanted
from hub.contract.undo import Undone
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import integrations, quarantine, replaying, signing, trial, undoing


class Integrations(Request):
    """`/integrations`"""

    @says(IntegrationPage)
    async def get(self, org: str) -> None:
        """A page of integrations."""
        self.answer_page(await integrations.page(self.desk.ports, self.grant, *self.page()))

    @says(IntegrationMade, 201, takes=NewIntegration, once=True)
    async def post(self, org: str) -> None:
        """Make one; its key is in this answer and in no other."""
        asked, key = self.read(NewIntegration), self.idempotency_key()
        made, replayed = await integrations.add(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/integrations/{made.id}")
        self.answer_once(made, replayed, 201)


class Integration(Request):
    """`/integrations/{integration}`"""

    @says(IntegrationDetail, versioned=True)
    async def get(self, org: str, integration: str) -> None:
        """One integration, with where and how to send to it."""
        shown = await integrations.show(self.desk.ports, self.grant, integration)
        self.answer_current(shown, shown.version)

    @says(IntegrationDetail, takes=IntegrationPatch, versioned=True)
    async def patch(self, org: str, integration: str) -> None:
        """Change what the body names."""
        asked, expected = self.read(IntegrationPatch), self.if_match()
        changed = await integrations.patch(
            self.desk.ports, self.grant, integration, asked, expected, self.context
        )
        self.answer_current(changed, changed.version)


class RotateKey(Request):
    """`/integrations/{integration}/rotate`"""

    @says(IntegrationMade, takes=Rotate, once=True)
    async def post(self, org: str, integration: str) -> None:
        """A new key; it is in this answer and in no other."""
        asked, key = self.read(Rotate), self.idempotency_key()
        made, replayed = await integrations.rotate(
            self.desk.ports, self.grant, integration, asked, key, self.context
        )
        self.answer_once(made, replayed)


class Disable(Request):
    """`/integrations/{integration}/disable` and `/enable`, as the route says."""

    is_disabled: bool

    @says(IntegrationDetail, takes=Nothing, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, integration: str) -> None:
        """Refuse its keys, or take them again."""
        self.read(Nothing)
        shown, replayed = await integrations.disable(
            self.desk.ports, self.grant, integration, self.is_disabled, self.idempotency_key(), self.context
        )
        self.answer_once(shown, replayed)


class Test(Request):
    """`/integrations/{integration}/test`"""

    @says(Tested, 202, takes=Nothing, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, integration: str) -> None:
        """Send a test alert through it; the receipt tells what became of it."""
        self.read(Nothing)
        sent, replayed = await trial.send_test(
            self.desk.ports, self.grant, integration, self.idempotency_key(), self.context
        )
        self.answer_once(sent, replayed, 202)


class Signing(Request):
    """`/integrations/{integration}/signing`"""

    @says(IntegrationSigning, takes=Sign, once=True)
    async def post(self, org: str, integration: str) -> None:
        """Take signed requests only; a secret that is made here is in this answer and in no other."""
        asked, key = self.read(Sign), self.idempotency_key()
        shown, replayed = await signing.sign(
            self.desk.ports, self.grant, integration, asked, key, self.context
        )
        self.answer_once(shown, replayed)

    @says(status=204, versioned=True)
    async def delete(self, org: str, integration: str) -> None:
        """Take unsigned requests again; the version is the integration's."""
        await signing.unsign(self.desk.ports, self.grant, integration, self.if_match(), self.context)
        self.set_status(204)


class Hold(Request):
    """`/integrations/{integration}/hold`"""

    @says(IntegrationDetail, takes=hold.HoldBack, once=True)
    async def post(self, org: str, integration: str) -> None:
        """Let requests wait, but from some addresses."""
        asked, key = self.read(hold.HoldBack), self.idempotency_key()
        shown, replayed = await quarantine.hold(
            self.desk.ports, self.grant, integration, asked, key, self.context
        )
        self.answer_once(shown, replayed)


class Release(Request):
    """`/integrations/{integration}/release`"""

    @says(IntegrationDetail, takes=hold.LetGo, once=True)
    async def post(self, org: str, integration: str) -> None:
        """Hear all addresses again; process or discard what waited."""
        asked, key = self.read(hold.LetGo), self.idempotency_key()
        shown, replayed = await quarantine.release(
            self.desk.ports, self.grant, integration, asked, key, self.context
        )
        self.answer_once(shown, replayed)


class Undo(Request):
    """`/integrations/{integration}/undo`"""

    @says(Undone, takes=Wanted, once=True)
    async def post(self, org: str, integration: str) -> None:
        """Take back what its requests have done since a time, some hundred at a time; or count it first."""
        asked, key = self.read(Wanted), self.idempotency_key()
        done, replayed = await undoing.undo(
            self.desk.ports, self.grant, integration, asked, key, self.context
        )
        self.answer_once(done, replayed)


class ReplayDead(Request):
    """`/integrations/{integration}/replay`"""

    @says(ReplayedAll, takes=Nothing, once=True)
    async def post(self, org: str, integration: str) -> None:
        """Put its dead letters back into its lane, some hundred at a time."""
        self.read(Nothing)
        done, replayed = await replaying.replay_all(
            self.desk.ports, self.grant, integration, self.idempotency_key(), self.context
        )
        self.answer_once(done, replayed)


class Uses(Request):
    """`/integrations/{integration}/uses`"""

    @says(hold.Uses)
    async def get(self, org: str, integration: str) -> None:
        """Who has used it, by address, the latest first."""
        self.answer(await quarantine.uses(self.desk.ports, self.grant, integration))
