"""Prometheus by Alertmanager's API v2: identity by all labels, and an end that is over makes a resolve."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.contract.signals import Link, Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import prometheus
from hub.sources.base import Checked

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
ENDS = datetime(2026, 11, 23, 8, 54, 31, 632_000, UTC)


def posted(*alerts: object) -> bytes:
    """What Prometheus posts."""
    return json.dumps(alerts).encode()


def alert(**fields: Any) -> dict[str, Any]:
    """A firing alert, with fields replaced."""
    return {
        "labels": {"alertname": "Down", "instance": "db-1"},
        "endsAt": "2026-11-23T08:54:31.632Z",
    } | fields


def taken(body: bytes) -> Signal:
    """The one signal of a body."""
    (signal,) = prometheus.signals(body)
    assert isinstance(signal, Signal)
    return signal


def test_a_captured_alert_fires_until_its_end(sample: Callable[[str], bytes]) -> None:
    signal = taken(sample("prometheus-alerts-v2"))
    assert signal.dedup_key is not None
    assert signal == Signal(
        action=SignalAction.TRIGGER,
        dedup_key=signal.dedup_key,
        title="Instance 127.0.0.1:1 down",
        severity=AlertSeverity.CRITICAL,
        source="127.0.0.1:1",
        reporter="http://vm:9795/graph",
        occurred_at=datetime(2026, 11, 23, 8, 50, 31, 632_000, UTC),
        labels={
            "alertname": "InstanceDown", "cluster": "prod-eu", "instance": "127.0.0.1:1", "job": "dead",
            "severity": "critical",
        },
        links=(Link(href="http://vm:9795/graph?g0.expr=up+%3D%3D+0&g0.tab=1", text="Source"),),
        runbook="https://runbook.example/down",
        keeps_alive=True,
        fresh_until=ENDS,
    )  # fmt: skip


@pytest.mark.parametrize(("later", "action"), [(-1, "trigger"), (0, "resolve"), (3_600, "resolve")])
def test_it_is_over_when_its_end_was_over_as_it_came(later: int, action: str) -> None:
    received = taken(posted(alert(startsAt="2026-11-23T08:50:31Z"))).received(ENDS + timedelta(seconds=later))
    assert received.action == action
    assert received.fresh_until == (ENDS if action == "trigger" else None)
    assert received.occurred_at == (
        ENDS if action == "resolve" else datetime(2026, 11, 23, 8, 50, 31, tzinfo=UTC)
    )


@pytest.mark.parametrize("never", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "", None, 7, "soon"])
def test_an_end_that_means_never_is_none(never: object) -> None:
    signal = taken(posted(alert(endsAt=never, startsAt=never)))
    assert (signal.fresh_until, signal.occurred_at) == (None, None)
    assert signal.received(ENDS + timedelta(days=400)).action is SignalAction.TRIGGER


def test_the_whole_label_set_is_the_identity_whatever_else_is_said() -> None:
    one = taken(posted(alert(fingerprint="1", labels={"a": "1", "b": "2"})))
    same = taken(
        posted(alert(fingerprint="2", labels={"b": "2", "a": "1"}, annotations={"summary": "other"}))
    )
    other = taken(posted(alert(labels={"a": "1"})))
    assert one.dedup_key == same.dedup_key != other.dedup_key


def test_each_prometheus_of_a_pair_is_a_reporter_whatever_the_rule() -> None:
    links = [
        "http://prom-a/graph?g0.expr=1",
        "http://prom-a/graph?g0.expr=2",
        "http://prom-b/graph?g0.expr=1",
        "x",
    ]
    reporters = [taken(posted(alert(generatorURL=link))).reporter for link in links]
    assert reporters == ["http://prom-a/graph", "http://prom-a/graph", "http://prom-b/graph", ""]


def test_an_odd_alert_is_rejected_by_its_place_and_the_rest_is_taken() -> None:
    parts = prometheus.signals(posted(alert(), 7, alert(labels={}), alert(labels=[])))
    assert isinstance(parts[0], Signal)
    assert [part.pointer for part in parts if isinstance(part, Rejected)] == [
        "/1/labels",
        "/2/labels",
        "/3/labels",
    ]


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"[7]", b"null", b"", b'{"alerts": [{"labels": {"a": "b"}}]}']
)
def test_anything_else_is_taken_in_and_becomes_a_dead_letter(body: bytes) -> None:
    assert prometheus.check(body) == Checked()
    with pytest.raises(Unreadable):
        prometheus.signals(body)


def test_the_answer_has_no_body_as_alertmanagers_own() -> None:
    reply = prometheus.answer(Checked(), ROW)
    assert (reply.status, reply.body) == (200, None)
    assert prometheus.answer(Checked(), None).status == 401
