"""Alertmanager's webhook, version 4: one signal an alert of the group; absence never means resolved."""

from __future__ import annotations

from uuid import UUID

from hub.contract import ids
from hub.contract.signals import DETAILS_MAX, TITLE_MAX, Rejected, Signal, Unreadable
from hub.contract.strict import escape
from hub.contract.words import SignalAction
from hub.sources import reading
from hub.sources.base import Checked, Reply
from hub.sources.reading import member
from hub.sources.replies import unavailable, unknown_key

NAME = "alertmanager"
BODY_MAX = 4 * 1024 * 1024

_ACTIONS = {"firing": SignalAction.TRIGGER, "resolved": SignalAction.RESOLVE}


def check(body: bytes) -> Checked:
    """Nothing: the key is in the headers, and a sender that never repeats after a 4xx is never refused."""
    return Checked()


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal an alert, in order; Unreadable for a body without any, such as a custom payload.

    `truncatedAlerts` is not looked at: alerts that `max_alerts` cut away are not resolved, they are unsaid.
    """
    group = reading.strictly(body)
    alerts = member(group, "alerts")
    if not isinstance(alerts, list) or not alerts:
        raise Unreadable("/alerts: There is no list of alerts; is this Alertmanager's own payload?")
    taken = [_signal(group, alert, f"/alerts{escape(index)}") for index, alert in enumerate(alerts)]
    reading.demand_one(taken)
    return taken


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer 202 with the receipt id, or 401 for an unknown key."""
    if row is None:
        return unknown_key()
    return Reply(status=202, body={"status": "accepted", "receipt_id": ids.text("receipt", row)})


def busy() -> Reply:
    """Answer 503: Alertmanager tries again on 5xx and gives a notification up for ever on a 429."""
    return unavailable()


def _signal(group: object, alert: object, at: str) -> Signal | Rejected:
    labels, annotations = member(alert, "labels"), member(alert, "annotations")
    action = _ACTIONS.get(reading.text(member(alert, "status")))
    if action is None:
        return Rejected(pointer=f"{at}/status", detail="The status is firing or resolved.")
    if not isinstance(labels, dict) or not labels:
        return Rejected(pointer=f"{at}/labels", detail="An alert has labels: they are its identity.")
    ended = reading.moment(member(alert, "endsAt")) if action is SignalAction.RESOLVE else None
    words = reading.text(member(annotations, "description") or member(annotations, "message"), DETAILS_MAX)
    return Signal(
        action=action,
        dedup_key=reading.key(member(alert, "fingerprint")) or reading.labels_key(labels),
        title=_title(group, labels, reading.text(member(annotations, "summary")) or words),
        severity=reading.severity(labels.get("severity")),
        source=reading.text(labels.get("instance")),
        reporter=reading.key(member(group, "externalURL")),
        group_key=reading.key(member(group, "groupKey")) or None,
        text=words,
        occurred_at=ended or reading.moment(member(alert, "startsAt")),
        labels=reading.labels(labels),
        links=reading.links([(member(alert, "generatorURL"), "Source")]),
        runbook=reading.web(member(annotations, "runbook_url")),
        keeps_alive=True,
    )


def _title(group: object, labels: dict[str, object], words: str) -> str:
    """Take the alert's own words; without any, its name and what its group has in common."""
    if words.strip():
        return words[:TITLE_MAX]
    name = reading.text(labels.get("alertname")) or "Alert without a name"
    common = reading.labels(member(group, "groupLabels"))
    shared = ", ".join(value for label, value in common.items() if label != "alertname")
    return (f"{name} ({shared})" if shared else name)[:TITLE_MAX]
