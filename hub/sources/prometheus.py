"""Prometheus itself, by Alertmanager's API v2: a list of alerts, each of which fires until its own end."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.signals import Rejected, Signal, Unreadable
from hub.contract.strict import escape
from hub.sources import groups, reading
from hub.sources.base import Checked, Reply
from hub.sources.reading import member
from hub.sources.replies import unavailable, unknown_key

NAME = "prometheus"
BODY_MAX = 4 * 1024 * 1024
COMES_AGAIN = False


def check(body: bytes) -> Checked:
    """Nothing: the key is in the headers, and Prometheus never sends again what was refused."""
    return Checked()


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal an alert, in order; Unreadable for a body without any. All are triggers here: an end that is
    over when the body is received makes it a resolve (Signal.received)."""
    alerts = reading.strictly(body)
    if not isinstance(alerts, list) or not alerts:
        raise Unreadable("body: This is no list of alerts, as Alertmanager's API v2 takes it.")
    taken = [_signal(alert, escape(index)) for index, alert in enumerate(alerts)]
    reading.demand_one(taken)
    return taken


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer 200 without a body, as Alertmanager does, or 401 for an unknown key."""
    return Reply(status=200) if row is not None else unknown_key()


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503: Prometheus counts it as dropped, and sends what still fires a minute later."""
    return unavailable()


def _signal(alert: object, at: str) -> Signal | Rejected:
    """What fires, under its full set of labels. A year that stands for "never" is no end."""
    firing: dict[str, object] = {"status": "firing", "fingerprint": None}
    read = groups.signal(None, alert | firing if isinstance(alert, dict) else firing, at)
    if isinstance(read, Rejected):
        return read
    return msgspec.structs.replace(
        read,
        reporter=reading.key(_external_url(member(alert, "generatorURL"))),
        fresh_until=reading.moment(member(alert, "endsAt")),
    )


def _external_url(generator: object) -> str:
    """Where the link to the rule leads, without its query: it differs between the Prometheus of a pair."""
    return reading.web(generator).partition("?")[0]
