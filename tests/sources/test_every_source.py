"""What holds for every source: nothing escapes but Unreadable, and what comes out is within the limits."""

from __future__ import annotations

import json
from datetime import UTC
from uuid import UUID

import msgspec
import pytest
from bodies import EVENTS, poisoned
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import signals as limits
from hub.contract.signals import Rejected, Signal, Unreadable
from hub.contract.words import SignalAction
from hub.sources.base import Source, derived_key
from hub.sources.reading import HREF_MAX, LINKS_MAX
from hub.sources.registry import SOURCES

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

WORDS = st.sampled_from(
    ["trigger", "resolve", "note", "firing", "resolved", "critical", "0001-01-01T00:00:00Z", "https://x.example",
     "9999-12-31T23:59:59-12:00", "javascript:alert(1)", " ", "\N{GRINNING FACE}" * 9, "k" * 2_000]
)  # fmt: skip
NAMES = st.sampled_from(
    ["action", "title", "dedup_key", "labels", "links", "href", "details", "occurred_at", "event_id",
     "severity", "routing_key", "event_action", "payload", "summary", "source", "custom_details", "timestamp",
     "images", "alerts", "status", "annotations", "startsAt", "endsAt", "fingerprint", "groupKey",
     "externalURL", "generatorURL", "service_key", "event_type", "incident_key", "description", "contexts",
     "verb", "alias", "body", "message", "tags", "priority", "note", "user",
     "specversion", "id", "type", "subject", "time", "data", "severitytext",
      "values", "valueString", "truncatedAlerts", "dashboardURL", "rulename", "alertname"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=25,
)


@st.composite
def bent(draw: st.DrawFn, name: str) -> object:
    """A valid body in which some values were replaced by anything, and some taken away."""

    def bend(value: object) -> object:
        if draw(st.integers(0, 9)) == 0:
            return draw(ANYTHING)
        if isinstance(value, dict):
            return {key: bend(member) for key, member in value.items() if draw(st.integers(0, 9))}
        return [bend(element) for element in value] if isinstance(value, list) else value

    return bend(EVENTS[name])


def read(source: Source, body: bytes) -> list[Signal | Rejected] | None:
    """Take a body through all four functions, look at what comes out, and return it; None when unreadable."""
    checked = source.check(body)
    for row in (ROW, None):
        reply = source.answer(checked, row)
        assert 200 <= reply.status < 500
        json.loads(msgspec.json.encode(reply.body))
    try:
        taken = source.signals(body)
    except Unreadable as reason:
        str(reason).encode()
        return None
    assert taken == source.signals(body)
    assert any(isinstance(part, Signal) for part in taken)
    if checked.key is not None or "pagerduty" not in source.NAME:
        assert not checked.faults, "what was refused must be a dead letter"
    for part in taken:
        if isinstance(part, Signal):
            within_limits(part)
        else:
            assert part.pointer.startswith("/")
            part.pointer.encode()
    return taken


def within_limits(signal: Signal) -> None:
    """Hold a signal against contract/signals.py."""
    if signal.dedup_key is not None:
        assert 0 < len(signal.dedup_key) <= limits.KEY_MAX
        assert signal.dedup_key.strip()
    assert signal.group_key is None or 0 < len(signal.group_key) <= limits.KEY_MAX
    assert len(signal.title) <= limits.TITLE_MAX
    assert len(signal.text) <= limits.DETAILS_MAX
    assert len(signal.source) <= limits.LABEL_MAX
    assert len(signal.reporter) <= limits.KEY_MAX
    assert len(signal.correlation_id) <= limits.KEY_MAX
    assert len(signal.labels) <= limits.LABELS_MAX
    assert all(isinstance(word, str) for pair in signal.labels.items() for word in pair)
    assert all(len(word) <= limits.LABEL_MAX for pair in signal.labels.items() for word in pair)
    assert len(signal.links) <= LINKS_MAX
    assert all(link.href.lower().startswith(("http://", "https://")) for link in signal.links)
    assert all(len(link.href) <= HREF_MAX and len(link.text) <= limits.LABEL_MAX for link in signal.links)
    assert not signal.runbook or signal.runbook.lower().startswith(("http://", "https://"))
    if signal.occurred_at is not None:
        assert signal.occurred_at.tzinfo is UTC
        assert 1970 <= signal.occurred_at.year < 2201
    if signal.fresh_until is not None:
        assert signal.fresh_until.tzinfo is UTC
    if signal.action is SignalAction.TRIGGER:
        assert signal.title.strip()
    assert b"\\u0000" not in msgspec.json.encode(signal)


def test_the_registry_knows_every_source_by_its_name() -> None:
    assert {name: source.NAME for name, source in SOURCES.items()} == {name: name for name in EVENTS}
    assert all(2**20 <= source.BODY_MAX <= 2**22 for source in SOURCES.values())


def test_a_small_valid_body_is_one_signal(name: str) -> None:
    taken = read(SOURCES[name], json.dumps(EVENTS[name]).encode() + b" \r\n")
    assert taken is not None
    assert [type(part) for part in taken] == [Signal]


def test_poison_is_unreadable_and_never_an_exception(name: str) -> None:
    bodies = list(poisoned(name))
    assert len(bodies) > 30
    for body in bodies:
        assert read(SOURCES[name], body) is None


@settings(deadline=None)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_taken_or_unreadable(body: bytes) -> None:
    for source in SOURCES.values():
        read(source, body)


@settings(deadline=None)
@given(value=ANYTHING)
def test_any_json_is_taken_or_unreadable(value: object) -> None:
    body = json.dumps(value).encode()
    for source in SOURCES.values():
        read(source, body)


@settings(deadline=None)
@given(data=st.data())
def test_a_bent_body_is_taken_or_unreadable(data: st.DataObject) -> None:
    for name, source in SOURCES.items():
        read(source, json.dumps(data.draw(bent(name))).encode())


@pytest.mark.parametrize("size", [1, 64, 1_000_000])
def test_a_body_cut_anywhere_is_never_an_exception(name: str, size: int) -> None:
    body = json.dumps(EVENTS[name]).encode()[:size]
    source = SOURCES[name]
    source.answer(source.check(body), ROW)


def test_what_cannot_be_kept_asks_every_sender_to_try_again(name: str) -> None:
    reply = SOURCES[name].busy()
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0


def test_over_quota_each_sender_is_told_what_makes_it_come_again(name: str) -> None:
    """Alertmanager gives a notification up on 429; version 1 of PagerDuty's events throttles with 403."""
    reply = SOURCES[name].busy(is_over_quota=True)
    assert reply.status == {"alertmanager": 503, "grafana": 503, "prometheus": 503, "pagerduty_v1": 403}.get(
        name, 429
    )
    assert int(reply.headers["Retry-After"]) > 0


def test_only_who_comes_again_may_be_refused_for_a_quota() -> None:
    """Grafana's notifier never repeats, and Prometheus drops what it could not send."""
    assert {name for name, source in SOURCES.items() if not source.COMES_AGAIN} == {"grafana", "prometheus"}


def test_a_derived_key_is_the_same_on_every_reading() -> None:
    assert derived_key(ROW, 0) == "auto:1:01890a5dac96774bbcceb302099a8057:0"
