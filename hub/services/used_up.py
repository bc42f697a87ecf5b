"""Used up: a link works once, and a repeat of that one request gets the answer that it got."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

import msgspec

from hub.domain.errors import KeyReused, NotFound
from hub.storage import credentials
from hub.storage.credentials import Credential
from hub.storage.tx import Tx

KEPT = timedelta(days=1)  # as long as an Idempotency-Key is promised to be known


class Use:
    """What the holder of a link asks for under one Idempotency-Key, or under none.

    Nobody is signed in, so the key's scope is the link itself: its credential remembers the request, and goes
    after a day. The body holds a password: what is kept of it is authenticated by the link's token, of which
    the database has only a hash, so that nobody can search for the password there.
    """

    def __init__(self, token: str, key: str | None, asked: msgspec.Struct) -> None:
        self._key = key
        self._proof = hmac.new(token.encode(), msgspec.json.encode(asked), hashlib.sha256).hexdigest()

    def earlier(self, credential: Credential) -> str | None:
        """The answer of the same request made before, None for a link that nobody has used. Raise KeyReused
        where the key asked for something else, NotFound where the link was used without this key."""
        about = credential.about
        if "used_key" not in about:
            return None
        if self._key is None or about["used_key"] != self._key:
            raise NotFound
        if not hmac.compare_digest(about["used_for"], self._proof):
            raise KeyReused
        return about["answer"]

    async def spend(self, tx: Tx, credential: Credential, answer: str, now: datetime) -> bool:
        """Use the link up, with the change that it allows; False where somebody else has. Of several that use
        one link at once the first has the row, and the others wait for it."""
        if self._key is None:
            return await credentials.end(tx, credential.kind, credential.id)
        about = {"used_key": self._key, "used_for": self._proof, "answer": answer}
        return await credentials.spend(tx, credential.kind, credential.id, about, now + KEPT)
