"""Receive: group commit. Whatever waits while one insert is in flight goes in the next; then 202."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from contextlib import suppress
from math import inf
from typing import NamedTuple
from uuid import UUID, uuid5

import structlog

from hub.contract.ids import TenantId, new
from hub.contract.words import Action
from hub.crash import around
from hub.domain.errors import Contended, Unavailable
from hub.services import credentials
from hub.services.access import system
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports
from hub.services.turns import Turns
from hub.storage import inbox
from hub.storage.inbox import InboxRow

ROWS = 500
BYTES = 16 * 1024 * 1024
WAITING_MAX = 5_000
WAITING_BYTES = 64 * 1024 * 1024
LOOKUP_SECONDS = 0.8
NOTE_SECONDS = 0.3
KEEP_SECONDS = 1.0
GATHER_SECONDS = 0.004  # in which more may join an insert while they keep coming
BELIEVED_SECONDS = 1.0  # a key, without asking again: a revocation is heard of within two
NAMESPACE = UUID("6f9a1c52-6f4c-5d1e-9a53-0c1d7e0a9b11")
log = structlog.get_logger()


def row_id(integration: UUID, space: str, delivery: str | None, body: bytes) -> UUID:
    """The id of an inbox row: from the delivery id where the sender has one, so that the primary key finds
    the repeat. The body is in it, so that a sender that reuses one id loses nothing."""
    if delivery is None:
        return new()
    body_hash = hashlib.sha256(body).hexdigest()
    return uuid5(NAMESPACE, f"{integration}/{space}/{len(delivery)}/{delivery}/{body_hash}")


class Kept(NamedTuple):
    """A row that waits for its COMMIT, who waits for it, and until when."""

    row: InboxRow
    done: asyncio.Future[None]
    until: float


class Receiver:
    """The one queue to the inbox of this process. Bounded in rows and bytes; `turns` is the way to it."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.turns = Turns()
        self._waiting: deque[Kept] = deque()
        self._bytes = 0
        self._flusher: asyncio.Task[None] | None = None

    async def integration(self, key: str) -> IntegrationRef | None:
        """Whose integration key this is; raise Unavailable within 0.8 s where nobody can tell.

        A key that was found is believed for a second: a revocation takes no longer to be heard of.
        """
        known, hash = self._ports.grants.integrations, credentials.hash_of(key)
        if found := known.find(hash):
            return found
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                credential = await credentials.find(self._ports, key)
        except TimeoutError as error:
            raise Unavailable from error
        if credential is None or credential.kind != "integration_key":
            return None
        with suppress(Unavailable, TimeoutError):  # an alert counts for more than a date
            async with asyncio.timeout(NOTE_SECONDS):
                await credentials.note_use(self._ports, credential)
        is_signed = "signed" in credential.about
        found = IntegrationRef(TenantId(credential.tenant_id), credential.subject, is_signed)
        left = (credential.expires_at - self._ports.clock()).total_seconds() if credential.expires_at else inf
        known.keep(hash, found.tenant, found, began + min(BELIEVED_SECONDS, left))
        return found

    async def keep(self, row: InboxRow) -> None:
        """Return after COMMIT of the row, or raise Unavailable within a second.

        After Unavailable the row may still have been kept (the answer to COMMIT was lost or late): a
        sender that tries again is judged by state, so nothing happens twice.
        """
        system("door", TenantId(row.tenant_id)).require(Action.INBOX_WRITE)
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(row.body) > WAITING_BYTES:
            raise Unavailable("More is waiting to be kept than this process can hold.")
        loop = asyncio.get_running_loop()
        kept = Kept(row, loop.create_future(), loop.time() + KEEP_SECONDS)
        self._waiting.append(kept)
        self._bytes += len(row.body)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await kept.done

    async def _flush(self) -> None:
        while self._waiting:
            await self._gather()
            taken: list[Kept] = []
            size = 0
            while self._waiting and len(taken) < ROWS and size < BYTES:
                kept = self._waiting.popleft()
                self._bytes -= len(kept.row.body)
                if not kept.done.done():  # who has gone away was told that nothing is kept
                    taken.append(kept)
                    size += len(kept.row.body)
            if taken:
                await self._put(taken, taken[0].until)

    async def _gather(self) -> None:
        """Let the loop turn while each turn brings more to keep: an insert costs the same for one row and for
        twenty. Who comes alone waits for one turn."""
        loop = asyncio.get_running_loop()
        until, seen = loop.time() + GATHER_SECONDS, 0
        while seen < len(self._waiting) < ROWS and loop.time() < until:
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _put(self, taken: list[Kept], until: float) -> None:
        """One insert, within the time of who has waited longest; a row that cannot be kept is found by halves
        and fails alone."""
        try:
            with around("accept"):
                async with asyncio.timeout_at(until):
                    await self._insert([kept.row for kept in taken])
        except (Unavailable, TimeoutError) as error:
            _settle(taken, Unavailable(str(error)))
        except Exception as error:
            if len(taken) == 1:
                log.exception("row_not_kept", request_id=taken[0].row.request_id)
                _settle(taken, error)
                return
            half = len(taken) // 2
            await self._put(taken[:half], until)
            await self._put(taken[half:], until)
        else:
            _settle(taken)
            self._ports.enqueue("inbox", {TenantId(kept.row.tenant_id) for kept in taken})

    async def _insert(self, rows: list[InboxRow]) -> None:
        try:
            await inbox.put_many(self._ports.store, rows)
        except Contended:  # once more: another process was keeping the same repeats
            await inbox.put_many(self._ports.store, rows)


def _settle(taken: list[Kept], error: Exception | None = None) -> None:
    """Tell everybody who still waits."""
    for kept in taken:
        if not kept.done.done():
            if error is None:
                kept.done.set_result(None)
            else:
                kept.done.set_exception(error)
