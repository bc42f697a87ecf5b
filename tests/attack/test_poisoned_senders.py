"""Poison in what vendors send: kept or refused in the sender's words, then worked off by a real worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asker import Client
from poison import BODIES, BOMB, MOMENTS, PACKED, VALUES
from running import eventually
from victim import Victim

from hub.contract import ids
from hub.routes import ROUTES

GENERIC = {
    "event_id": "e-1", "action": "trigger", "dedup_key": "k", "title": "Down", "severity": "error",
    "service": "checkout", "source": "db-1", "occurred_at": "2026-01-01T00:00:00Z", "labels": {"a": "b"},
    "details": {"a": "b"}, "links": [{"href": "https://x.example", "text": "x"}], "correlation_id": "c",
}  # fmt: skip
PAGERDUTY = {
    "routing_key": "", "event_action": "trigger", "dedup_key": "k", "client": "c", "client_url": "https://x",
    "images": [{"src": "https://x"}], "links": [{"href": "https://x", "text": "x"}],
    "payload": {"summary": "Down", "source": "s", "severity": "error", "timestamp": "2026-01-01T00:00:00Z",
                "component": "c", "group": "g", "class": "c", "custom_details": {"a": "b"}},
}  # fmt: skip
ALERT = {
    "status": "firing", "labels": {"alertname": "Disk"}, "annotations": {"summary": "Disk"},
    "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://x",
    "fingerprint": "0123456789abcdef",
}  # fmt: skip
ALERTMANAGER = {
    "version": "4", "groupKey": "g", "truncatedAlerts": 0, "status": "firing", "receiver": "hub",
    "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://x",
    "alerts": [ALERT],
}  # fmt: skip
GRAFANA = ALERTMANAGER | {
    "version": "1", "orgId": 1, "title": "t", "state": "alerting", "message": "m",
    "alerts": [ALERT | {"values": {"B": 1.5}, "valueString": "v", "dashboardURL": "http://x", "panelURL": "http://x",
                        "silenceURL": "http://x", "imageURL": "http://x", "ruleUID": "u", "orgId": 1}],
}  # fmt: skip
CHANGE = {
    "routing_key": "", "links": [{"href": "https://x", "text": "x"}], "images": [{"src": "https://x"}],
    "payload": {"summary": "Deployed", "source": "ci", "timestamp": "2026-01-01T00:00:00Z",
                "custom_details": {"a": "b"}},
}  # fmt: skip
PAGERDUTY_V1 = {
    "service_key": "", "event_type": "trigger", "incident_key": "k", "description": "Down", "client": "c",
    "client_url": "https://x", "details": {"a": "b"}, "contexts": [{"type": "link", "href": "https://x"}],
}  # fmt: skip
PROMETHEUS = [
    {"labels": {"alertname": "Disk"}, "annotations": {"summary": "Disk"}, "startsAt": "2026-01-01T00:00:00Z",
     "endsAt": "2099-01-01T00:00:00Z", "generatorURL": "http://x/graph?g0.expr=up"},
]  # fmt: skip
CLOUDEVENT = {
    "specversion": "1.0", "id": "e-1", "source": "x", "type": "t", "subject": "s",
    "datacontenttype": "application/json", "time": "2026-01-01T00:00:00Z", "severitytext": "INFO",
    "data": {"a": "b"},
}  # fmt: skip
SHAPES = {
    "/api/v1/ingest/events": GENERIC,
    "/api/v1/ingest/hooks/{key}": GENERIC,
    "/api/v1/ingest/heartbeats/{beat}": GENERIC,
    "/api/v1/ingest/cloudevents": CLOUDEVENT,
    "/v2/enqueue": PAGERDUTY,
    "/v2/change/enqueue": CHANGE,
    "/generic/2010-04-15/create_event.json": PAGERDUTY_V1,
    "/integrations/alertmanager/{integration}/api/v2/alerts": PROMETHEUS,
    "/integrations/alertmanager/{integration}/webhook": ALERTMANAGER,
    "/integrations/grafana/{integration}/webhook": GRAFANA,
}
OPSGENIE = {
    "message": "Down", "alias": "k", "description": "d", "responders": [{"name": "x", "type": "team"}],
    "visibleTo": [{"name": "x", "type": "team"}], "actions": ["a"], "tags": ["t"],
    "details": {"a": "b"}, "entity": "e", "source": "s",
    "priority": "P1", "user": "u", "note": "n", "endTime": "2026-01-01T00:00:00Z",
}  # fmt: skip
SHAPES |= {
    at + path: OPSGENIE
    for at in ("", "/integrations/opsgenie/{integration}", "/jsm/ops/integration")
    for path in (
        "/v2/alerts", "/v2/alerts/{identifier}/{verb}", "/v2/alerts/{identifier}/actions/{name}",
        "/v2/heartbeats/{beat}/ping", "/v2/heartbeats/{beat}/enable",
        "/v2/heartbeats/{beat}/disable",
    )
}  # fmt: skip
SHAPES |= {
    at + "/v2/heartbeats": {
        "name": "n", "description": "d", "interval": 5, "intervalUnit": "minutes", "enabled": True,
        "ownerTeam": {"name": "x"}, "alertTags": ["t"], "alertPriority": "P1",
    }
    for at in ("", "/integrations/opsgenie/{integration}", "/jsm/ops/integration")
}  # fmt: skip
SENT = {200, 201, 202}
REFUSED = {400, 401, 413, 422}
MARK = "@@poison@@"


@pytest.fixture(scope="module")
def client(victim: Victim) -> Iterator[Client]:
    asking = Client(victim)
    yield asking
    asking.close()


def poisoned(whole: Any) -> Iterator[tuple[str, Any]]:
    """(name, the body with a mark there) for each member at whatever depth."""
    if isinstance(whole, dict):
        for name, value in whole.items():
            yield name, {**whole, name: MARK}
            for below, inner in poisoned(value):
                yield below, {**whole, name: inner}
    elif isinstance(whole, list):
        for inner_name, inner in poisoned(whole[0]):
            yield inner_name, [inner]


def send(client: Client, path: str, body: bytes, **headers: str) -> int:
    """Post as an integration of acme; the status."""
    org = client.victim.acme
    integration = ids.text("integration", org.integration_id)
    at = path.replace("{key}", org.integration_key).replace("{integration}", integration)
    for place, value in (("identifier", "k"), ("verb", "snooze"), ("name", "restart"), ("beat", "nightly")):
        at = at.replace(f"{{{place}}}", value)
    status = client.vendor(at, body, org.integration_key, **headers).status
    assert status in SENT | REFUSED | ({404} if path.endswith(("/enable", "/disable")) else set()), (
        path,
        body[:200],
    )
    return status


def test_every_door_for_vendors_has_its_shape_here() -> None:
    assert set(SHAPES) == {route.path for route in ROUTES if route.machine and "POST" in route.guards}


@pytest.mark.parametrize("path", SHAPES)
def test_what_is_no_body_of_theirs_is_kept_or_refused(client: Client, path: str) -> None:
    for body in [b"", b"{}", b"[]", *BODIES.values(), *VALUES]:
        send(client, path, body)
    for encoding, body in PACKED.items():
        send(client, path, body, Content_Encoding=encoding)
    for kind in (
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "a/b/c",
    ):
        send(client, path, json.dumps(SHAPES[path]).encode(), Content_Type=kind)
        send(client, path, b"--x\r\n" * 5_000 + b"&" * 5_000, Content_Type=kind)


@pytest.mark.parametrize("path", SHAPES)
def test_a_bad_member_is_kept_or_refused(client: Client, path: str) -> None:
    for name, body in poisoned(SHAPES[path]):
        mark = json.dumps(MARK).encode()
        raw = json.dumps(body).encode().replace(b'_key": ""', _routing(client))
        is_time = name.endswith(("At", "_at", "timestamp"))
        for value in [*(json.dumps(each).encode() for each in MOMENTS if is_time), *VALUES[is_time::8]]:
            send(client, path, raw.replace(mark, value))


def _routing(client: Client) -> bytes:
    return b'_key": ' + json.dumps(client.victim.acme.integration_key).encode()


def test_a_bomb_is_never_unpacked_beyond_the_limit(client: Client) -> None:
    before = client.victim.memory()
    for _ in range(20):
        assert send(client, "/api/v1/ingest/events", BOMB, Content_Encoding="gzip") == 413
    assert client.victim.memory() - before < 20 << 20


def test_a_worker_works_it_all_off_and_shows_what_it_could_not_read(client: Client, tmp_path: Path) -> None:
    victim = client.victim
    with (tmp_path / "worker").open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-m", "hub", "worker"], env=victim.settings, stderr=log)
    try:
        open_rows = "SELECT count(*) FROM inbox WHERE state NOT IN ('done', 'dead')"
        eventually(lambda: victim.rows(open_rows)[0][0] == 0 or worker.poll() is not None, 60)
        assert worker.poll() is None, (tmp_path / "worker").read_text()
        assert send(client, "/api/v1/ingest/events", b'{"title":"after it all","dedup_key":"after"}') == 202
        # (an alert, for the poison made a storm: what opens after it joins its incident)
        found = "SELECT count(*) FROM alert WHERE title = 'after it all'"
        eventually(lambda: victim.rows(found)[0][0] == 1)
    finally:
        worker.terminate()
        worker.wait(20)
    assert worker.returncode == 0
    said = [json.loads(line) for line in (tmp_path / "worker").read_text().splitlines()]
    assert [line for line in said if "exception" in line] == []
    kept, dead = victim.rows("SELECT count(*), count(*) FILTER (WHERE state = 'dead') FROM inbox")[0]
    assert kept > dead > 50
    page = client("GET", "/api/v1/orgs/acme/receipts?state=dead&limit=200").json
    assert len(page["data"]) == min(dead, 200)
    years = "SELECT count(*) FROM alert WHERE fired_at < '1970-01-01' OR fired_at > '2200-01-01'"
    assert victim.rows(years)[0][0] == 0
    assert [line for line in victim.lines() if line["level"] in {"error", "critical"}] == []
