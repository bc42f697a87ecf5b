"""The logs that kept rights rest on: followed from a tenant's first request, left a minute after the last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import structlog

from hub.contract.ids import TenantId
from hub.logs import Seldom
from hub.realtime.ending import end
from hub.realtime.feed import Feed, is_doubtful

if TYPE_CHECKING:
    from hub.realtime.station import Station

TENANTS_MAX: Final = 1000  # each pins the newest chunk of its log in memory
IDLE_SECONDS: Final = 60.0
SWEEP_SECONDS: Final = 10.0
CONFIRMED_SECONDS: Final = 2.0  # what a revocation may take, whatever stands still

log = structlog.get_logger()


class FollowedLog:
    """One log, watched for events that may have changed somebody's rights."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.doubts = 0
        self.used_at = asyncio.get_running_loop().time()
        feed.watchers.add(self)

    @property
    def is_confirmed(self) -> bool:
        """Not so while PostgreSQL is away, nor in a process that was stopped, until it has asked again."""
        return asyncio.get_running_loop().time() - self.feed.confirmed_at <= CONFIRMED_SECONDS

    def suspect(self) -> None:
        """Whatever was proven before rests on nothing now."""
        self.doubts += 1


class Rights:
    """What services/grants.py is given to keep proofs by; bounded, and nothing waits for it."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._logs: dict[TenantId, FollowedLog] = {}
        self._beginning: dict[TenantId, asyncio.Task[None]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._failed = Seldom(log.warning)

    def start(self) -> None:
        """Begin to leave those that nobody asks for."""
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    async def stop(self) -> None:
        """Follow nobody any more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        await end(*self._beginning.values())
        for tenant in list(self._logs):
            self._leave(tenant)

    def ground(self, tenant: TenantId) -> FollowedLog | None:
        """The log of a tenant; None while it is not followed."""
        followed = self._logs.get(tenant)
        if followed is not None:
            followed.used_at = asyncio.get_running_loop().time()
        return followed

    def follow(self, tenant: TenantId) -> None:
        """Follow the log of a tenant, once there is time; not beyond TENANTS_MAX."""
        if tenant in self._logs or tenant in self._beginning:
            return
        if len(self._logs) + len(self._beginning) < TENANTS_MAX:
            self._beginning[tenant] = asyncio.create_task(self._begin(tenant), name=f"rights of {tenant}")

    def happened(self, tenant: TenantId, kinds: Iterable[str]) -> None:
        """Doubt at once what this process has changed itself."""
        followed = self._logs.get(tenant)
        if followed is not None and any(is_doubtful(kind) for kind in kinds):
            followed.suspect()

    async def _begin(self, tenant: TenantId) -> None:
        try:
            self._logs[tenant] = FollowedLog(await self._station.follow(tenant))
        except Exception as error:  # its requests are answered without: from PostgreSQL, or not at all
            self._failed("a log could not be followed", tenant=str(tenant), error=repr(error))
        finally:
            del self._beginning[tenant]

    def _leave(self, tenant: TenantId) -> None:
        followed = self._logs.pop(tenant)
        followed.feed.watchers.discard(followed)
        self._station.leave(followed.feed)

    def _sweep(self) -> None:
        latest = asyncio.get_running_loop().time() - IDLE_SECONDS
        for tenant in [tenant for tenant, followed in self._logs.items() if followed.used_at < latest]:
            self._leave(tenant)
        self.start()
