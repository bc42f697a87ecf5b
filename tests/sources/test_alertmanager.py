"""Alertmanager's webhook: a signal an alert, identity by fingerprint, and its many traps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from hub.contract import ids
from hub.contract.signals import Link, Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import alertmanager
from hub.sources.base import Checked

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def alert(**fields: Any) -> dict[str, Any]:
    """A firing alert, with fields replaced."""
    return {
        "status": "firing",
        "labels": {"alertname": "DiskFull"},
        "fingerprint": "8c77d5865e910658",
    } | fields


def group(*alerts: object, **fields: object) -> bytes:
    """A notification of these alerts."""
    return json.dumps({"version": "4", "groupKey": "{}:{}", "alerts": alerts} | fields).encode()


def taken(body: bytes) -> Signal:
    """The one signal of a body."""
    (signal,) = alertmanager.signals(body)
    assert isinstance(signal, Signal)
    return signal


def test_a_captured_group_fires_alert_by_alert(sample: Callable[[str], bytes]) -> None:
    first, second = alertmanager.signals(sample("alertmanager-webhook-firing"))
    assert first == Signal(
        action=SignalAction.TRIGGER,
        dedup_key="8c77d5865e910658",
        title="Disk on db-1 at 99%",
        severity=AlertSeverity.CRITICAL,
        source="db-1:9100",
        reporter="http://vm:9793",
        group_key='{}:{alertname="DiskFull"}',
        text='líne\nwith <b>html</b> & "quotes"',
        occurred_at=datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC),
        labels={"alertname": "DiskFull", "instance": "db-1:9100", "job": "node", "severity": "critical"},
        links=(Link(href="http://prom:9090/graph?g0.expr=x", text="Source"),),
        keeps_alive=True,
    )
    assert isinstance(second, Signal)
    assert (second.dedup_key, second.links) == ("b15787d733028737", ())


def test_a_captured_group_resolves_alert_by_alert(sample: Callable[[str], bytes]) -> None:
    signals = alertmanager.signals(sample("alertmanager-webhook-resolved"))
    ended = datetime(2026, 11, 23, 8, 48, 26, tzinfo=UTC)
    assert [(s.action, s.dedup_key, s.reporter, s.occurred_at) for s in signals if isinstance(s, Signal)] == [
        (SignalAction.RESOLVE, "8c77d5865e910658", "http://vm:9793", ended),
        (SignalAction.RESOLVE, "b15787d733028737", "http://vm:9793", ended),
    ]


def test_each_alert_has_its_own_status_whatever_the_group_says() -> None:
    body = group(alert(), alert(status="resolved", fingerprint="2"), status="firing")
    actions = [signal.action for signal in alertmanager.signals(body) if isinstance(signal, Signal)]
    assert actions == [SignalAction.TRIGGER, SignalAction.RESOLVE]


def test_truncated_alerts_are_unsaid_not_resolved() -> None:
    body = group(alert(), truncatedAlerts=7, status="resolved")
    assert [part.action for part in alertmanager.signals(body) if isinstance(part, Signal)] == ["trigger"]


@pytest.mark.parametrize("ends", ["0001-01-01T00:00:00Z", "", None, "2020-01-01T00:00:00Z"])
def test_only_the_status_says_that_an_alert_is_over(ends: str | None) -> None:
    signal = taken(group(alert(startsAt="2026-11-23T08:48:18.123456789Z", endsAt=ends)))
    assert signal.action is SignalAction.TRIGGER
    assert signal.occurred_at == datetime(2026, 11, 23, 8, 48, 18, 123_456, UTC)


def test_a_resolve_without_an_end_happened_when_it_began() -> None:
    signal = taken(
        group(alert(status="resolved", startsAt="2026-11-23T08:48:18Z", endsAt="0001-01-01T00:00:00Z"))
    )
    assert signal.occurred_at == datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC)


@pytest.mark.parametrize("fingerprint", [None, "", " ", [], {}])
def test_without_a_fingerprint_the_label_set_is_the_identity(fingerprint: object) -> None:
    one = taken(group(alert(fingerprint=fingerprint, labels={"a": "1", "b": "2"})))
    same = taken(group(alert(fingerprint=fingerprint, labels={"b": "2", "a": "1"}, status="resolved")))
    other = taken(group(alert(fingerprint=fingerprint, labels={"a": "1", "b": "3"})))
    assert one.dedup_key == "am:1:" + sha256(b'[["a","1"],["b","2"]]').hexdigest()
    assert (same.dedup_key == one.dedup_key, other.dedup_key == one.dedup_key) == (True, False)


def test_long_keys_are_hashed_whole_so_that_two_never_merge() -> None:
    keys = [taken(group(alert(), groupKey="k" * 5_000 + end)).group_key for end in ("", "a", "b", "a")]
    assert len(set(keys)) == 3
    assert all(key is not None and key.startswith("long:1:") for key in keys)
    reporters = {taken(group(alert(), externalURL="http://" + "h" * 5_000 + end)).reporter for end in "ab"}
    assert len(reporters) == 2


def test_a_group_without_its_key_leaves_each_alert_its_own() -> None:
    assert taken(json.dumps({"alerts": [alert()]}).encode()).group_key is None


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "critical"), ("page", "critical"), ("CRITICAL ", "critical"), ("high", "error"),
        ("error", "error"), ("warn", "warning"), ("warning", "warning"), ("info", "info"), ("none", "info"),
        ("sev-one", "error"), ("", "error"), (None, "error"), (["critical"], "error"),
    ],
)  # fmt: skip
def test_severity_words_are_understood_and_unknown_ones_still_page(word: object, severity: str) -> None:
    assert taken(group(alert(labels={"alertname": "A", "severity": word}))).severity == severity


@pytest.mark.parametrize(
    ("annotations", "title", "text"),
    [
        ({"summary": "S", "description": "D"}, "S", "D"),
        ({"description": "D"}, "D", "D"),
        ({"message": "M"}, "M", "M"),
        ({"summary": " "}, "DiskFull (prod)", ""),
        ({"summary": "s" * 2_000}, "s" * 1_024, ""),
        (None, "DiskFull (prod)", ""),
        ("text", "DiskFull (prod)", ""),
    ],
)
def test_the_title_is_the_best_words_there_are(annotations: object, title: str, text: str) -> None:
    body = group(alert(annotations=annotations), groupLabels={"alertname": "DiskFull", "env": "prod"})
    assert (taken(body).title, taken(body).text) == (title, text)


def test_an_alert_without_words_or_name_still_has_a_title() -> None:
    assert taken(group(alert(labels={"a": "1"}))).title == "Alert without a name"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://runbook.example/x", True), ("HTTP://x", True), ("javascript:alert(1)", False),
        ("data:text/html,x", False), ("//x", False), ("https:///x", False), ("https://x/\u202e", False),
        ("https://x/ y", False), ("https://x\n", False), ("https://" + "x" * 5_000, False), (7, False),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(address: object, kept: bool) -> None:
    signal = taken(group(alert(generatorURL=address, annotations={"runbook_url": address})))
    assert (bool(signal.links), bool(signal.runbook)) == (kept, kept)


def test_an_odd_alert_is_rejected_by_its_place_and_the_rest_is_taken() -> None:
    parts = alertmanager.signals(
        group(alert(), 7, alert(status="pending"), alert(labels={}), alert(labels=[]))
    )
    assert isinstance(parts[0], Signal)
    assert [part.pointer for part in parts if isinstance(part, Rejected)] == [
        "/alerts/1/status",
        "/alerts/2/status",
        "/alerts/3/labels",
        "/alerts/4/labels",
    ]


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b'{"alerts": []}', b'{"alerts": {}}', b'{"text": "custom"}', group(7, "x"), b"not json"],
)
def test_a_custom_payload_is_accepted_and_becomes_a_dead_letter(body: bytes) -> None:
    assert alertmanager.check(body) == Checked()
    assert alertmanager.answer(alertmanager.check(body), ROW).status == 202
    with pytest.raises(Unreadable):
        alertmanager.signals(body)


def test_labels_are_bounded_and_plain() -> None:
    many = {f"l{n:03}": "v" for n in range(100)}
    assert len(taken(group(alert(labels=many))).labels) == 64
    assert taken(group(alert(labels={"a": 1, "b": True, "c": {}, "d": None}))).labels == {
        "a": "1",
        "b": "true",
        "d": "",
    }


def test_a_group_is_never_refused_for_its_number_of_alerts() -> None:
    body = group(*[alert(fingerprint=str(n)) for n in range(10_000)])
    assert [part.dedup_key for part in alertmanager.signals(body) if isinstance(part, Signal)] == [
        str(n) for n in range(10_000)
    ]


def test_the_answers_are_202_with_the_receipt_and_401_for_an_unknown_key() -> None:
    reply = alertmanager.answer(Checked(), ROW)
    assert (reply.status, reply.body) == (
        202,
        {"status": "accepted", "receipt_id": ids.text("receipt", ROW)},
    )
    assert alertmanager.answer(Checked(), None).status == 401
