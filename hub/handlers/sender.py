"""A monitoring system at the door: where its format puts the integration key, and whose that is."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping

from hub.contract import ids
from hub.door import guard
from hub.door.request import Request
from hub.services.grants import IntegrationRef
from hub.services.receive import Receiver


class Sender(Request):
    """A request with an integration key. `keys` are the places where the senders of its route put it."""

    receiver: Receiver
    keys: tuple[str, ...]

    async def owner(self, presented: str, integration: str = "") -> IntegrationRef | None:
        """Whose key it is; None where it is nobody's, or not that of the integration in the path."""
        owner = await self.receiver.integration(presented)
        if owner is None or (integration and ids.parse("integration", integration) != owner.integration):
            return None
        return owner

    def presented(self, of_body: str = "", of_path: str = "") -> str:
        """The integration key, from the first place of this route that has one."""
        return next((key for place in self.keys if (key := self._key_at(place, of_body, of_path))), "")

    def _key_at(self, place: str, of_body: str, of_path: str) -> str:
        headers = self.request.headers
        if place == "header":
            return guard.header_key(self) or basic_password(headers)
        if place == "genie":
            return genie_key(headers) or guard.header_key(self)
        if place == "query":
            return self.get_query_argument("token", "")
        return of_path if place == "path" else of_body


def basic_password(headers: Mapping[str, str]) -> str:
    """The password of `Authorization: Basic` (RFC 7617): some senders have no other place for a key."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def genie_key(headers: Mapping[str, str]) -> str:
    """The key of Opsgenie's own scheme, `Authorization: GenieKey`."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "geniekey" else ""
