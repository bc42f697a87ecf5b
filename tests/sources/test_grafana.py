"""Grafana's webhook: a signal an alert, its values, its ways back, and what its limit left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.contract import ids
from hub.contract.signals import Link, Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import grafana
from hub.sources.base import Checked

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def group(alert: dict[str, Any], **fields: object) -> bytes:
    """A notification of one alert, which fires unless it says otherwise."""
    whole = {"status": "firing", "labels": {"alertname": "Queue"}, "fingerprint": "0" * 16} | alert
    return json.dumps({"version": "1", "groupKey": "{}:{}", "alerts": [whole]} | fields).encode()


def taken(body: bytes) -> Signal:
    """The one signal of a body."""
    [signal] = grafana.signals(body)
    assert isinstance(signal, Signal)
    return signal


def test_a_whole_group_is_read_alert_by_alert(sample: Callable[[str], bytes]) -> None:
    first, second = grafana.signals(sample("grafana-webhook-firing"))
    at = "https://grafana.example"
    assert first == Signal(
        action=SignalAction.TRIGGER,
        dedup_key="c6eadffa33fcdf37",
        title="Memory of eu-1 is at 92 %",
        severity=AlertSeverity.CRITICAL,
        reporter=f"{at}/",
        group_key='{}:{grafana_folder="Hosts"}',
        text="No <b>room</b> left\n\nB: 92.25\nC: 1\n\nGrafana left 3 more alerts of this group out.",
        occurred_at=datetime(2026, 11, 23, 7, 51, 3, 157076, tzinfo=UTC),
        labels={
            "alertname": "High memory",
            "grafana_folder": "Hosts",
            "severity": "critical",
            "zone": "eu-1",
        },
        links=(
            Link(href=f"{at}/alerting/grafana/abc/view?orgId=1", text="Rule"),
            Link(href=f"{at}/d/d1?orgId=1", text="Dashboard"),
            Link(href=f"{at}/d/d1?orgId=1&viewPanel=4", text="Panel"),
            Link(href=f"{at}/alerting/silence/new?alertmanager=grafana&matcher=zone%3Deu-1", text="Silence"),
        ),
        runbook="https://wiki.example/memory",
        keeps_alive=True,
    )
    assert isinstance(second, Signal)
    assert (second.action, second.dedup_key) == (SignalAction.RESOLVE, "bc97ff14869b13e3")
    assert second.occurred_at == datetime(2026, 11, 23, 7, 50, tzinfo=UTC)
    assert second.title == "Queue length: no data"


@pytest.mark.parametrize(
    ("alert", "title"),
    [
        ({"labels": {"alertname": "DatasourceError", "rulename": "Queue"}}, "Queue: its query failed"),
        ({"labels": {"alertname": "DatasourceNoData", "rulename": "Queue"}}, "Queue: no data"),
        ({"labels": {"alertname": "DatasourceNoData"}}, "DatasourceNoData (Hosts)"),
        (
            {
                "labels": {"alertname": "DatasourceNoData", "rulename": "Queue"},
                "annotations": {"summary": "Is the queue there?"},
            },
            "Is the queue there?",
        ),
        ({"labels": {"alertname": "Disk", "rulename": "Queue"}}, "Disk (Hosts)"),
    ],
)
def test_a_stand_in_is_named_after_its_rule(alert: dict[str, Any], title: str) -> None:
    assert taken(group(alert, groupLabels={"grafana_folder": "Hosts"})).title == title


@pytest.mark.parametrize(
    ("alert", "text"),
    [
        ({"values": {"B": 1.5, "C": 0}}, "B: 1.5\nC: 0"),
        ({"values": {"B": None}}, "B: null"),
        ({"values": {}, "valueString": "[ value=1 ]"}, ""),
        ({"values": None, "valueString": "[ value=1 ]"}, "[ value=1 ]"),
        ({"valueString": "[ value=1 ]"}, "[ value=1 ]"),
        ({"values": "x", "valueString": 3}, "3"),
        ({}, ""),
    ],
)
def test_values_are_told_whatever_way_they_come(alert: dict[str, Any], text: str) -> None:
    assert taken(group(alert)).text == text


@pytest.mark.parametrize(
    ("count", "is_told"), [(1, True), (0, False), (-1, False), (True, False), ("3", False)]
)
def test_what_the_limit_left_out_is_told(count: object, is_told: bool) -> None:
    assert ("left" in taken(group({}, truncatedAlerts=count)).text) is is_told


def test_links_that_are_no_web_addresses_are_dropped() -> None:
    alert = {
        "panelURL": "javascript:alert(1)",
        "imageURL": "data:image/png;base64,x",
        "dashboardURL": "http://x",
    }
    assert taken(group(alert)).links == (Link(href="http://x", text="Dashboard"),)


@pytest.mark.parametrize(
    "legacy",
    [
        {"title": "[Alerting] x", "ruleId": 1, "ruleName": "x", "state": "alerting", "evalMatches": []},
        {"attachments": [{"title": "x"}]},
        {"alerts": []},
        [],
    ],
)
def test_what_is_not_unified_alertings_own_is_unreadable(legacy: object) -> None:
    with pytest.raises(Unreadable, match="Grafana's own payload"):
        grafana.signals(json.dumps(legacy).encode())


def test_a_bad_alert_among_good_ones_is_rejected_alone() -> None:
    good = {"status": "firing", "labels": {"alertname": "x"}}
    bad, kept = grafana.signals(json.dumps({"alerts": [good | {"status": "pending"}, good]}).encode())
    assert isinstance(bad, Rejected)
    assert bad.pointer == "/alerts/0/status"
    assert isinstance(kept, Signal)


def test_the_answers_are_ours() -> None:
    assert grafana.answer(Checked(), None).status == 401
    said = grafana.answer(Checked(), ROW)
    assert (said.status, said.body) == (
        202,
        {"status": "accepted", "receipt_id": ids.text("receipt", ROW)},
    )
