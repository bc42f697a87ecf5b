"""What the services are given: the store, the way up (announce, enqueue), the configuration, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Protocol
from uuid import UUID

import msgspec

from hub.config import Config
from hub.contract.ids import TenantId
from hub.services.cursors import Cursors
from hub.services.grants import Grants
from hub.services.portion import Portion
from hub.services.refusals import Refusals
from hub.services.sharing import Sharing
from hub.storage.log import LogEvent
from hub.storage.tx import Store


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from: its correlation id, W3C trace context, address and device."""

    request_id: str
    traceparent: str = ""
    address: str = ""
    device: str = ""


class Announce(Protocol):
    """Ring after COMMIT. Never blocks, never raises, may be lost: who missed it reads the log."""

    def __call__(self, tenant: TenantId, epoch: UUID, head: int, events: list[LogEvent]) -> None:
        """`events` are the last ones up to and including position `head`."""
        ...


class Enqueue(Protocol):
    """Wake a worker for these tenants' work of a kind ("inbox", "log"). Never blocks, never raises, may be
    lost: the sweeper does the same work."""

    def __call__(self, kind: str, tenants: Iterable[TenantId]) -> None:
        """Tenants are ids only; the work itself is in the database."""
        ...


def utc_now() -> datetime:
    """The clock of a process; tests pass their own."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Handed down as the first argument of every service."""

    store: Store
    announce: Announce
    enqueue: Enqueue
    config: Config
    clock: Callable[[], datetime] = utc_now
    refusals: Refusals = field(default_factory=Refusals)
    grants: Grants = field(default_factory=Grants)
    sharing: Sharing = field(default_factory=Sharing)
    portion: Portion = field(default_factory=Portion)
    seen_sessions: dict[object, None] = field(default_factory=dict)
    noted_uses: dict[UUID, datetime] = field(default_factory=dict)

    @cached_property
    def cursors(self) -> Cursors:
        """The reader and writer of cursors."""
        return Cursors(self.config)

    def remember_session(self, key: object) -> None:
        """Note that a session's first use is on record; the oldest of 10,000 notes is dropped, and asked
        for again from the database."""
        if len(self.seen_sessions) >= 10_000:
            self.seen_sessions.pop(next(iter(self.seen_sessions)))
        self.seen_sessions[key] = None

    def may_note_use(self, credential: UUID, now: datetime) -> bool:
        """Whether this process may write that a key was used: once a minute each, so that a storm of one
        key's requests does not queue for its row. The oldest of 10,000 notes is dropped."""
        last = self.noted_uses.pop(credential, None)
        is_due = last is None or now - last > timedelta(minutes=1)
        if len(self.noted_uses) >= 10_000:
            self.noted_uses.pop(next(iter(self.noted_uses)))
        self.noted_uses[credential] = now if is_due or last is None else last
        return is_due
