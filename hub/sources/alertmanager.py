"""Alertmanager's webhook, version 4: one signal an alert of the group; absence never means resolved."""

from __future__ import annotations

from uuid import UUID

from hub.contract.signals import Rejected, Signal
from hub.sources import groups
from hub.sources.base import Checked, Reply
from hub.sources.replies import accepted, unavailable

NAME = "alertmanager"
BODY_MAX = 4 * 1024 * 1024
COMES_AGAIN = True


def check(body: bytes) -> Checked:
    """Nothing: the key is in the headers, and a sender that never repeats after a 4xx is never refused."""
    return Checked()


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal an alert, in order; Unreadable for a body without any, such as a custom payload.

    `truncatedAlerts` is not looked at: alerts that `max_alerts` cut away are not resolved, they are unsaid.
    """
    return groups.signals(body, groups.signal, "Alertmanager")


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer 202 with the receipt id, or 401 for an unknown key."""
    return accepted(row)


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503: Alertmanager tries again on 5xx and gives a notification up for ever on a 429."""
    return unavailable()
