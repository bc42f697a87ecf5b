"""Once: idempotency keys, and trying again what was only in somebody's way."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from hub.domain.errors import Contended, KeyReused
from hub.services.change import Change
from hub.storage import requests

RETRIES = 3
Result = TypeVar("Result")


class Claim:
    """What one actor asks for under one Idempotency-Key, or under none.

    The key's scope is (tenant, actor, command); a second request in flight waits for the first. Everything
    happens in the change's own transaction, so a request is either done and remembered, or neither.
    """

    def __init__(self, changed: Change, command: str, key: str | None, *asked: object) -> None:
        self._changed = changed
        self._command = command
        self._key = key
        self._hash = hashlib.sha256(msgspec.json.encode(asked)).digest()

    async def earlier(self) -> str | None:
        """The subject of the same request made before; raise KeyReused where it asked for something else."""
        if self._key is None:
            return None
        found = await requests.claim(self._changed.tx, self._changed.grant.actor.id, self._command, self._key)
        if found is not None and found.request_hash != self._hash:
            raise KeyReused
        return found.subject if found else None

    async def is_taken(self, subject: str) -> bool:
        """Both in one, for a subject that is known beforehand: whether the same request was made before; if
        not, it is remembered. Raise KeyReused as `earlier` does."""
        if self._key is None:
            return False
        found = await requests.take(
            self._changed.tx,
            self._changed.grant.actor.id,
            self._command,
            self._key,
            requests.Request(self._hash, subject),
            self._changed.now,
        )
        if found is not None and found.request_hash != self._hash:
            raise KeyReused
        return found is not None

    async def done(self, subject: str) -> None:
        """Remember what the request was about, also when it changed nothing."""
        if self._key is not None:
            await requests.keep(
                self._changed.tx,
                self._changed.grant.actor.id,
                self._command,
                self._key,
                requests.Request(self._hash, subject),
                self._changed.now,
            )


async def patiently(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Make an attempt up to three times while a deadlock or a lock's time-out takes it back."""
    for _ in range(RETRIES - 1):
        try:
            return await attempt()
        except Contended:
            continue
    return await attempt()
