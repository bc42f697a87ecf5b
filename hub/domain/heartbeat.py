"""A heartbeat: a sender that is expected to be heard of, and when its silence is too long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from hub.contract.ids import text
from hub.contract.signals import Signal
from hub.contract.words import AlertSeverity, HeartbeatStatus, SignalAction

FED: Final = "fed:"  # before the name of an alert that is a ping; no heartbeat has it in its own
ALWAYS: Final = frozenset({"Watchdog", "DeadMansSwitch"})  # alerts that fire to say that the way is open
HEARTBEATS_MAX: Final = 1_000  # of one organization
NAMES: Final = 9  # tries to name one of them where another heartbeat has its name
SILENT: Final = timedelta(seconds=10)  # an intake that was not seen for so long has not listened


class Listening(msgspec.Struct, frozen=True):
    """Since when the intake has listened without a break, and when it last did; `now` by the same clock."""

    since: datetime
    until: datetime
    now: datetime

    @property
    def is_on(self) -> bool:
        """Whether it listens now: while it does not, nobody's silence means anything."""
        return self.now - self.until < SILENT


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat, and of which integration. `last_ping_at` is None until the first ping, since nothing is
    expected before; `heard_in` is the receipt of that ping. It is `late_since` its silence was found too
    long, until the next ping. Its time counts from `counts_from` at the earliest: it was not heard before."""

    id: UUID
    integration_id: UUID
    name: str
    interval: timedelta
    grace: timedelta
    fed_by: str = ""
    enabled: bool = True
    last_ping_at: datetime | None = None
    heard_in: UUID | None = None
    late_since: datetime | None = None
    counts_from: datetime | None = None

    @property
    def status(self) -> HeartbeatStatus:
        """How it does."""
        if not self.enabled:
            return HeartbeatStatus.DISABLED
        if self.late_since is not None:
            return HeartbeatStatus.LATE
        return HeartbeatStatus.WAITING if self.last_ping_at is None else HeartbeatStatus.ALIVE

    def due(self, listening_since: datetime | None = None) -> datetime | None:
        """When it is late, unless a ping comes. Whoever could not be heard, because the hub did not listen,
        has the whole time again from when it did."""
        if not self.enabled or self.last_ping_at is None or self.late_since is not None:
            return None
        times = (self.last_ping_at, self.counts_from, listening_since)
        return max(time for time in times if time is not None) + self.interval + self.grace

    @property
    def dedup_key(self) -> str:
        """The key of its alert, which is of the hub's own format: no sender can clear it but by a ping."""
        return f"heartbeat:1:{text('heartbeat', self.id)}"

    def late(self) -> Signal:
        """What the hub says of a silence that is too long."""
        last = f"{self.last_ping_at:%Y-%m-%d %H:%M:%S} UTC" if self.last_ping_at else "never"
        return Signal(
            action=SignalAction.TRIGGER,
            dedup_key=self.dedup_key,
            title=f"Heartbeat {self.name} is late",
            severity=AlertSeverity.ERROR,
            source=self.name,
            text=f"Last heard of: {last}. A ping is expected every {_seconds(self.interval)}, with"
            f" {_seconds(self.grace)} of grace.",
        )

    def again(self) -> Signal:
        """What the hub says when it is heard of again, or expected no more."""
        return Signal(action=SignalAction.RESOLVE, dedup_key=self.dedup_key)


def pings(signal: Signal, fed_by: frozenset[str]) -> Signal:
    """The signal; as a ping, where its alert's name feeds a heartbeat: an alert that always fires says that
    the way from there to here is open. When it ends nothing is said, and the silence tells.

    Those of monitoring systems that are known to fire always (`ALWAYS`) are pings by themselves.
    """
    name = signal.labels.get("alertname", "")
    is_ping = name in fed_by or (signal.keeps_alive and name in ALWAYS)
    if not name or not is_ping or signal.action is SignalAction.HEARTBEAT:
        return signal
    action = SignalAction.HEARTBEAT if signal.action is SignalAction.TRIGGER else SignalAction.NOTE
    return msgspec.structs.replace(signal, action=action, dedup_key=FED + name)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
