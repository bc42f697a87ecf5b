"""Grafana's unified alerting webhook: one signal an alert, with its values and the ways back to Grafana."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.signals import DETAILS_MAX, TITLE_MAX, Rejected, Signal
from hub.sources import groups, reading
from hub.sources.base import Checked, Reply
from hub.sources.reading import member
from hub.sources.replies import accepted, unavailable

NAME = "grafana"
BODY_MAX = 4 * 1024 * 1024
COMES_AGAIN = False

_LINKS = (
    ("generatorURL", "Rule"),
    ("dashboardURL", "Dashboard"),
    ("panelURL", "Panel"),
    ("silenceURL", "Silence"),
    ("imageURL", "Image"),
)
_WORDS = ("summary", "description", "message")
# What Grafana fires in a rule's place when its query fails or finds nothing; `rulename` is the rule's name.
_IN_PLACE_OF_A_RULE = {"DatasourceError": "its query failed", "DatasourceNoData": "no data"}


def check(body: bytes) -> Checked:
    """Nothing: the key is in the headers, and Grafana never sends again what was refused."""
    return Checked()


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal an alert, in order; Unreadable for a body without any, such as legacy alerting's or a
    template of somebody's own. An alert that is not listed is not resolved, it is unsaid."""
    return groups.signals(body, _signal, "Grafana")


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer 202 with the receipt id, or 401 for an unknown key."""
    return accepted(row)


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 503: Grafana does not try again, but a proxy in between may, and it shows the failure."""
    return unavailable()


def _signal(group: object, alert: object, at: str) -> Signal | Rejected:
    read = groups.signal(group, alert, at)
    if isinstance(read, Rejected):
        return read
    parts = (read.text, _values(alert), _cut_away(group))
    return msgspec.structs.replace(
        read,
        title=_title(alert, read.title),
        text="\n\n".join(part for part in parts if part)[:DETAILS_MAX],
        links=reading.links((member(alert, name), words) for name, words in _LINKS),
    )


def _title(alert: object, title: str) -> str:
    """Name the rule where a stand-in fires for it and says nothing of its own."""
    labels, annotations = member(alert, "labels"), member(alert, "annotations")
    why = _IN_PLACE_OF_A_RULE.get(reading.text(member(labels, "alertname")))
    rule = reading.text(member(labels, "rulename"))
    said = [reading.text(member(annotations, name)).strip() for name in _WORDS]
    return f"{rule}: {why}"[:TITLE_MAX] if why and rule.strip() and not any(said) else title


def _values(alert: object) -> str:
    """What the queries came to: `values` by their letters, else `valueString`, as before Grafana 10."""
    values = member(alert, "values")
    return reading.prose(values) if isinstance(values, dict) else reading.text(member(alert, "valueString"))


def _cut_away(group: object) -> str:
    """Say how many alerts the contact point's limit left out; nobody else would."""
    count = member(group, "truncatedAlerts")
    is_some = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return f"Grafana left {count} more alerts of this group out." if is_some else ""
