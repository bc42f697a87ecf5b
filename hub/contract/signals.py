"""A signal: one immutable occurrence that a source takes from a stored payload."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.contract.words import AlertSeverity, SignalAction

TITLE_MAX = 1024
KEY_MAX = 255
LABELS_MAX = 64
LABEL_MAX = 1024
DETAILS_MAX = 16_384


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that came with an alert; `href` is http or https, anything else was dropped."""

    href: str
    text: str = ""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of a payload says. A value: it has no table, its place is (inbox row, index).

    `dedup_key` is None where the sender gave none; processing then derives one from the row.
    `group_key` names the incident that alerts of one group share; None means the alert's own key.
    `reporter` is who says so (`externalURL` of an Alertmanager, else the sender); state is kept per reporter.
    `keeps_alive` says that this kind of sender repeats a firing alert by itself.
    `fresh_until` is when a firing alert is over or stale unless its sender has repeated it by then.
    Strings are already cut to the limits of this module; labels are bounded.
    """

    action: SignalAction
    dedup_key: str | None
    title: str = ""
    severity: AlertSeverity = AlertSeverity.ERROR
    source: str = ""
    reporter: str = ""
    group_key: str | None = None
    text: str = ""
    occurred_at: datetime | None = None
    labels: dict[str, str] = {}
    links: tuple[Link, ...] = ()
    runbook: str = ""
    correlation_id: str = ""
    keeps_alive: bool = False
    fresh_until: datetime | None = None

    def received(self, at: datetime) -> Signal:
        """What it says to whoever receives it `at`: a trigger whose time was over by then is a resolve, which
        is how Prometheus says so (Alertmanager API v2, `endsAt`)."""
        if self.fresh_until is None or self.fresh_until > at:
            return self
        return msgspec.structs.replace(
            self, action=SignalAction.RESOLVE, occurred_at=self.fresh_until, fresh_until=None
        )


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payload that cannot be a signal; it is in the receipt, with the field."""

    pointer: str
    detail: str


class Unreadable(Exception):
    """A payload out of which no signal can be taken; it becomes a dead letter. The text says why."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One bad field: a JSON pointer (RFC 6901), a code word and a sentence."""

    pointer: str
    code: str
    detail: str
