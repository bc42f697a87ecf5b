"""API keys: list, make, show, rotate and delete."""

from __future__ import annotations

from hub.contract.integrations import Rotate
from hub.contract.keys import KeyMade, KeyPage, KeyResource, NewKey
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import api_keys


class Keys(Request):
    """`/keys`"""

    @says(KeyPage)
    async def get(self, org: str) -> None:
        """A page of API keys, without their secrets."""
        self.answer_page(await api_keys.page(self.desk.ports, self.grant, *self.page()))

    @says(KeyMade, 201, takes=NewKey, once=True)
    async def post(self, org: str) -> None:
        """Make one; its secret is in this answer and in no other."""
        asked, key = self.read(NewKey), self.idempotency_key()
        made, replayed = await api_keys.add(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/keys/{made.id}")
        self.answer_once(made, replayed, 201)


class Key(Request):
    """`/keys/{api_key}`"""

    @says(KeyResource, versioned=True)
    async def get(self, org: str, api_key: str) -> None:
        """One API key; its ETag is its version."""
        shown = await api_keys.show(self.desk.ports, self.grant, api_key)
        self.answer_current(shown, shown.version)

    @says(status=204, versioned=True)
    async def delete(self, org: str, api_key: str) -> None:
        """End it at once."""
        await api_keys.delete(self.desk.ports, self.grant, api_key, self.if_match(), self.context)
        self.set_status(204)


class RotateKey(Request):
    """`/keys/{api_key}/rotate`"""

    @says(KeyMade, takes=Rotate, once=True, may=(NotAllowedNow,))
    async def post(self, org: str, api_key: str) -> None:
        """A new secret; it is in this answer and in no other."""
        asked, key = self.read(Rotate), self.idempotency_key()
        made, replayed = await api_keys.rotate(self.desk.ports, self.grant, api_key, asked, key, self.context)
        self.answer_once(made, replayed)
