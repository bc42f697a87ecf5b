"""Receive: group commit. Whatever waits while one insert is in flight goes in the next; then 202."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from uuid import UUID, uuid5

import msgspec
import structlog

from hub.contract.ids import TenantId, new
from hub.contract.words import Action
from hub.domain.errors import Contended, Unavailable
from hub.services import credentials
from hub.services.access import system
from hub.services.ports import Ports
from hub.storage import inbox
from hub.storage.inbox import InboxRow

ROWS = 500
BYTES = 16 * 1024 * 1024
WAITING_MAX = 5_000
WAITING_BYTES = 64 * 1024 * 1024
LOOKUP_SECONDS = 0.8
NOTE_SECONDS = 0.3
KEEP_SECONDS = 1.0
NAMESPACE = UUID("6f9a1c52-6f4c-5d1e-9a53-0c1d7e0a9b11")
log = structlog.get_logger()


class IntegrationRef(msgspec.Struct, frozen=True):
    """Whose key it is; `is_signed` where it takes signed requests only."""

    tenant: TenantId
    integration: UUID
    is_signed: bool = False


def row_id(integration: UUID, space: str, delivery: str | None, body_hash: str) -> UUID:
    """The id of an inbox row: from the delivery id where the sender has one, so that the primary key finds
    the repeat. The body is in it, so that a sender that reuses one id loses nothing."""
    if delivery is None:
        return new()
    return uuid5(NAMESPACE, f"{integration}/{space}/{len(delivery)}/{delivery}/{body_hash}")


class Receiver:
    """The one queue to the inbox of this process. Bounded in rows and bytes."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._waiting: deque[tuple[InboxRow, asyncio.Future[None]]] = deque()
        self._bytes = 0
        self._flusher: asyncio.Task[None] | None = None

    async def integration(self, key: str) -> IntegrationRef | None:
        """Whose integration key this is; raise Unavailable within 0.8 s where nobody can tell."""
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
        return IntegrationRef(TenantId(credential.tenant_id), credential.subject, is_signed)

    async def keep(self, row: InboxRow) -> None:
        """Return after COMMIT of the row, or raise Unavailable within a second.

        After Unavailable the row may still have been kept (the answer to COMMIT was lost or late): a
        sender that tries again is judged by state, so nothing happens twice.
        """
        system("door", TenantId(row.tenant_id)).require(Action.INBOX_WRITE)
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(row.body) > WAITING_BYTES:
            raise Unavailable("More is waiting to be kept than this process can hold.")
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, kept))
        self._bytes += len(row.body)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await kept
        except TimeoutError as error:
            raise Unavailable from error

    async def _flush(self) -> None:
        while self._waiting:
            taken: list[tuple[InboxRow, asyncio.Future[None]]] = []
            size = 0
            while self._waiting and len(taken) < ROWS and size < BYTES:
                row, kept = self._waiting.popleft()
                self._bytes -= len(row.body)
                if not kept.done():  # who has gone away was told that nothing is kept
                    taken.append((row, kept))
                    size += len(row.body)
            if taken:
                await self._put(taken)

    async def _put(self, taken: list[tuple[InboxRow, asyncio.Future[None]]]) -> None:
        """One insert; a row that cannot be kept is found by halves and fails alone."""
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await self._insert([row for row, _ in taken])
        except (Unavailable, TimeoutError) as error:
            for _, kept in taken:
                if not kept.done():
                    kept.set_exception(Unavailable(str(error)))
        except Exception as error:
            if len(taken) == 1:
                log.exception("row_not_kept", request_id=taken[0][0].request_id)
                if not taken[0][1].done():
                    taken[0][1].set_exception(error)
                return
            half = len(taken) // 2
            await self._put(taken[:half])
            await self._put(taken[half:])
        else:
            for _, kept in taken:
                if not kept.done():
                    kept.set_result(None)
            self._ports.enqueue("inbox", {TenantId(row.tenant_id) for row, _ in taken})

    async def _insert(self, rows: list[InboxRow]) -> None:
        try:
            await inbox.put_many(self._ports.store, rows)
        except Contended:  # once more: another process was keeping the same repeats
            await inbox.put_many(self._ports.store, rows)
