"""Groups of alerts in the shape that Alertmanager has made common: one signal an alert, and who is unsaid."""

from __future__ import annotations

from collections.abc import Callable

from hub.contract.signals import DETAILS_MAX, TITLE_MAX, Rejected, Signal, Unreadable
from hub.contract.strict import escape
from hub.contract.words import SignalAction
from hub.sources import reading
from hub.sources.reading import member

Reader = Callable[[object, object, str], Signal | Rejected]

_ACTIONS = {"firing": SignalAction.TRIGGER, "resolved": SignalAction.RESOLVE}


def signals(body: bytes, read: Reader, sender: str) -> list[Signal | Rejected]:
    """One signal an alert, in order, by `read(group, alert, pointer)`; Unreadable for a body without any,
    such as a payload of somebody's own."""
    group = reading.strictly(body)
    alerts = member(group, "alerts")
    if not isinstance(alerts, list) or not alerts:
        raise Unreadable(f"/alerts: There is no list of alerts; is this {sender}'s own payload?")
    taken = [read(group, alert, f"/alerts{escape(index)}") for index, alert in enumerate(alerts)]
    reading.demand_one(taken)
    return taken


def signal(group: object, alert: object, at: str) -> Signal | Rejected:
    """What an alert says by itself: its own status, its fingerprint (else its labels) as the dedup key."""
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
        title=title(group, labels, reading.text(member(annotations, "summary")) or words),
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


def title(group: object, labels: dict[str, object], words: str) -> str:
    """Take the alert's own words; without any, its name and what its group has in common."""
    if words.strip():
        return words[:TITLE_MAX]
    name = reading.text(labels.get("alertname")) or "Alert without a name"
    common = reading.labels(member(group, "groupLabels"))
    shared = ", ".join(value for label, value in common.items() if label != "alertname")
    return (f"{name} ({shared})" if shared else name)[:TITLE_MAX]
