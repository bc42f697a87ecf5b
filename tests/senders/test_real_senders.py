"""Unmodified senders of vendors against a real hub: each fires, is known, and clears."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import opsgenie_sdk
import pagerduty
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from running import Up, ask, eventually, up
from secure import Secure, https
from vendors import RULES, monitoring, said

CLIENTS = Path(__file__).parents[1] / "clients"
PDJS = CLIENTS / "node_modules" / "@pagerduty" / "pdjs"
CLOUDEVENTS = CLIENTS / "node_modules" / "cloudevents"
FORMATS = {"alertmanager", "pagerduty", "pagerduty_v1", "opsgenie", "prometheus"}


SAMPLES = [
    ("alertmanager-webhook-firing", "/integrations/alertmanager/{integration}/webhook", "alertmanager"),
    ("alertmanager-webhook-resolved", "/integrations/alertmanager/{integration}/webhook/", "alertmanager"),
    ("alertmanager-pagerduty-trigger", "/v2/enqueue", "pagerduty"),
    ("alertmanager-pagerduty-resolve", "/v2/enqueue/", "pagerduty"),
    ("alertmanager-opsgenie-create", "/v2/alerts", "opsgenie"),
    ("prometheus-alerts-v2", "/integrations/alertmanager/{integration}/api/v2/alerts", "prometheus"),
]


def in_a_batch(event: CloudEvent, format: JSONFormat) -> HTTPMessage:
    """One event in a batch, which the SDK has no word for: the JSON array of the format (section 4)."""
    message = to_structured(event, format)
    kind = {"content-type": "application/cloudevents-batch+json"}
    return HTTPMessage(kind, b"[" + bytes(message.body) + b"]")


class Hub:
    """A running hub with one integration."""

    def __init__(self, running: Up) -> None:
        self.url = running.url
        self.first = running.first_run()
        self.key = self.first["integration_key"]
        listed = self.read(f"/api/v1/orgs/{self.first['organization']}/integrations")
        self.integration = listed["data"][0]["id"]

    def read(self, path: str) -> Any:
        """A GET with the organization's key."""
        status, body = ask(self.url + path, self.first["api_key"])
        assert status == 200, path
        return body

    def decisions(self) -> set[tuple[str, str]]:
        """(format, decision) of whatever was processed."""
        path = f"/api/v1/orgs/{self.first['organization']}/receipts?integration={self.integration}&limit=200"
        return {
            (each["format"], item["decision"]) for each in self.read(path)["data"] for item in each["items"]
        }

    def statuses(self, title: str) -> list[str]:
        """The statuses of incidents whose title has these words."""
        page = self.read(f"/api/v1/orgs/{self.first['organization']}/incidents?limit=200")["data"]
        return [incident["status"] for incident in page if title in incident["title"]]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of its own for these tests."""
    with up(tmp_path_factory.mktemp("hub")) as running:
        yield Hub(running)


@pytest.fixture(scope="module")
def secure(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """TLS before the hub."""
    with https(urlsplit(hub.url).port or 0, tmp_path_factory.mktemp("ca")) as secure:
        yield secure


def lacks(*needed: str) -> bool:
    """Whether one of these programs or folders is not here; where CI is set, each has to be."""
    return not os.environ.get("CI") and not all(shutil.which(each) or Path(each).is_dir() for each in needed)


@pytest.mark.skipif(lacks("prometheus", "prometheus-alertmanager"), reason="Debian's packages are not here")
def test_prometheus_and_each_receiver_of_alertmanager_fire_and_clear(
    hub: Hub, secure: Secure, tmp_path: Path
) -> None:
    with monitoring(tmp_path, urlsplit(hub.url).netloc, hub.integration, hub.key, secure) as prometheus:

        def all_are(decision: str) -> None:
            wanted = {(format, decision) for format in FORMATS}
            try:
                eventually(lambda: wanted <= hub.decisions(), 40)
            except AssertionError:
                pytest.fail(f"{wanted - hub.decisions()} is missing; {said(tmp_path)}")

        all_are("opened")
        (tmp_path / "rules.yml").write_text(RULES.format(threshold=2))
        prometheus.send_signal(signal.SIGHUP)
        all_are("cleared")
    assert not any(decision in {"unreadable", "rejected"} for _, decision in hub.decisions())


def test_pagerdutys_python_client_fires_acknowledges_and_clears(hub: Hub, secure: Secure) -> None:
    trust = ssl.create_default_context(cafile=secure.ca)
    at = f"https://127.0.0.1:{secure.port}"
    with pagerduty.EventsApiV2Client(hub.key, base_url=at, verify=trust) as client:
        key = client.trigger("Python says down", "py-1", severity="error", custom_details={"a": 1})
        assert key.startswith("auto:1:")
        assert client.acknowledge(key) == key
        eventually(lambda: hub.statuses("Python says down") == ["acknowledged"])
        assert client.resolve(key) == key
        eventually(lambda: hub.statuses("Python says down") == ["resolved"])
        client.send_change_event({"summary": "Deployed by Python", "source": "ci"})
        eventually(lambda: ("pagerduty_change", "recorded") in hub.decisions())
    with (
        pagerduty.EventsApiV2Client("wrong", base_url=at, verify=trust) as stranger,
        pytest.raises(pagerduty.HttpError) as refused,
    ):
        stranger.resolve("x")
    assert refused.value.response.status_code == 400


@pytest.mark.skipif(lacks("node", str(PDJS)), reason="it needs Node.js and `npm ci` in tests/clients")
def test_pagerdutys_javascript_client_fires_and_clears(hub: Hub, secure: Secure) -> None:
    done = subprocess.run(
        ["node", CLIENTS / "with_pdjs.mjs", f"127.0.0.1:{secure.port}", hub.key],
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(secure.ca)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["202", "202", "202", "400"]
    eventually(lambda: hub.statuses("JavaScript says down") == ["resolved"])


@pytest.mark.parametrize("write", [to_binary, to_structured, in_a_batch])
def test_the_cloudevents_of_cncfs_python_sdk_fire_and_clear_in_each_mode(
    hub: Hub, write: Callable[[CloudEvent, JSONFormat], HTTPMessage]
) -> None:
    words = f"CloudEvents say down by {write.__name__}"
    for number, data in enumerate(({"title": words}, {"action": "resolve"})):
        attributes = {
            "id": f"{write.__name__}-{number}", "source": "//db-1", "type": "test", "specversion": "1.0",
            "datacontenttype": "application/json", "time": datetime.now(UTC),
        }  # fmt: skip
        message = write(CloudEvent(attributes, data | {"dedup_key": write.__name__}), JSONFormat())
        answer = httpx.post(
            f"{hub.url}/api/v1/ingest/cloudevents",
            content=message.body,
            headers=message.headers | {"Authorization": f"Bearer {hub.key}"},
        )
        assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
        wanted = ["resolved" if number else "triggered"]
        eventually(lambda wanted=wanted: hub.statuses(words) == wanted)


@pytest.mark.skipif(lacks("node", str(CLOUDEVENTS)), reason="it needs Node.js and `npm ci` in tests/clients")
@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
def test_the_cloudevents_of_cncfs_javascript_sdk_fire_and_clear_in_each_mode(hub: Hub, mode: str) -> None:
    done = subprocess.run(
        ["node", CLIENTS / "with_cloudevents.mjs", f"{hub.url}/api/v1/ingest/cloudevents", hub.key, mode],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["accepted"] * 2, "")
    eventually(lambda: hub.statuses(f"JavaScript says down, {mode}: é") == ["resolved"])


@pytest.mark.parametrize(("sample", "path", "format"), SAMPLES)
def test_what_was_captured_of_unmodified_senders_is_taken_again(
    hub: Hub, sample: str, path: str, format: str
) -> None:
    body = (Path(__file__).parents[1] / "sources" / "samples" / f"{sample}.json").read_bytes()
    # the key that was captured is nobody's any more
    body = re.sub(rb'"routing_key": *"[^"]*"', b'"routing_key": "%s"' % hub.key.encode(), body)
    answer = httpx.post(
        hub.url + path.format(integration=hub.integration),
        content=body,
        headers={"Authorization": f"Bearer {hub.key}", "Content-Type": "application/json; charset=utf-8"},
    )
    assert answer.status_code in {200, 202}, answer.text
    eventually(lambda: format in {each for each, _ in hub.decisions()})
    assert not any(decision in {"unreadable", "rejected"} for _, decision in hub.decisions())


@pytest.fixture
def opsgenie(hub: Hub) -> Iterator[opsgenie_sdk.AlertApi]:
    """Opsgenie's Python client, which leaves its connections to who uses it."""
    configuration = opsgenie_sdk.Configuration()
    configuration.host, configuration.api_key["Authorization"] = hub.url, hub.key
    client = opsgenie_sdk.ApiClient(configuration)
    yield opsgenie_sdk.AlertApi(client)
    client.rest_client.pool_manager.clear()


def outcome(opsgenie: opsgenie_sdk.AlertApi, request: str) -> Any:
    """What became of a request; None while nothing has."""
    try:
        return opsgenie.get_request_status(request).data
    except opsgenie_sdk.exceptions.ApiException as error:
        if error.status == 404:
            return None
        raise


def test_opsgenies_python_client_makes_reads_and_closes_an_alert(
    hub: Hub, opsgenie: opsgenie_sdk.AlertApi
) -> None:
    words = "Opsgenie says down"
    asked = opsgenie.create_alert(
        opsgenie_sdk.CreateAlertPayload(message=words, alias="og", priority="P1", tags=["a"])
    )
    became = eventually(lambda: outcome(opsgenie, asked.request_id))
    assert (became.is_success, became.action, became.alias) == (True, "Create", "og")
    found = opsgenie.get_alert(became.alert_id).data
    assert (found.message, found.status, found.priority, found.alias) == (words, "open", "P1", "og")
    opsgenie.acknowledge_alert("og", identifier_type="alias")
    eventually(lambda: opsgenie.get_alert(found.tiny_id, identifier_type="tiny").data.acknowledged)
    note = opsgenie_sdk.AddNoteToAlertPayload(note="look")
    noted = opsgenie.add_note("og", note, identifier_type="alias")
    assert eventually(lambda: outcome(opsgenie, noted.request_id)).is_success
    assert [note.note for note in opsgenie.list_notes("og", identifier_type="alias").data] == ["look"]
    assert opsgenie.list_logs("og", identifier_type="alias").data[0].log == "Incident noted: look"
    assert "og" in {alert.alias for alert in opsgenie.list_alerts(query="status: open").data}
    assert opsgenie.count_alerts(query="status: open").data.count >= 1
    opsgenie.close_alert(became.alert_id)
    eventually(lambda: hub.statuses(words) == ["resolved"])
    assert opsgenie.get_alert("og", identifier_type="alias").data.status == "closed"
    opsgenie.api_client.configuration.api_key["Authorization"] = "wrong"
    with pytest.raises(opsgenie_sdk.exceptions.AuthenticationException):
        opsgenie.list_alerts()


def test_opsgenies_python_client_makes_pings_and_deletes_a_heartbeat(opsgenie: opsgenie_sdk.AlertApi) -> None:
    beats = opsgenie_sdk.HeartbeatApi(opsgenie.api_client)
    wanted = opsgenie_sdk.CreateHeartbeatPayload(
        name="nightly", interval=1, interval_unit="days", enabled=True
    )
    assert beats.create_heartbeat(wanted).data.name == "nightly"
    shorter = opsgenie_sdk.UpdateHeartbeatPayload(interval=5, interval_unit="hours")
    assert beats.update_heartbeat("nightly", update_heartbeat_payload=shorter).data.enabled
    assert beats.get_heartbeat("nightly").data.interval == 5
    assert beats.ping("nightly").result == "PONG - Heartbeat received"
    eventually(lambda: beats.get_heartbeat("nightly").data.last_ping_time)
    assert [each.name for each in beats.list_heart_beats().data.heartbeats] == ["nightly"]
    assert not beats.disable_heartbeat("nightly").data.enabled
    assert not beats.get_heartbeat("nightly").data.enabled
    assert beats.enable_heartbeat("nightly").data.enabled
    beats.delete_heartbeat("nightly")
    with pytest.raises(opsgenie_sdk.exceptions.ApiException) as gone:
        beats.get_heartbeat("nightly")
    assert gone.value.status == 404
