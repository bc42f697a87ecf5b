"""Unmodified senders of vendors against a real hub: each fires, is known, and clears."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import opsgenie_sdk
import pagerduty
import pytest
import vendors
from running import Up, ask, eventually, up

CLIENTS = Path(__file__).parents[1] / "clients"
FORMATS = {"alertmanager", "pagerduty", "pagerduty_v1", "opsgenie", "prometheus"}


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
def secure(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(host and port that speak TLS before the hub, the CA to trust)."""
    ca, certificate = vendors.certify(tmp_path_factory.mktemp("ca"))
    with vendors.https(urlsplit(hub.url).port or 0, certificate) as port:
        yield f"127.0.0.1:{port}", ca


def lacks(*programs: str) -> bool:
    """Whether one of them is not here; where CI is set, each has to be."""
    return not os.environ.get("CI") and not all(map(shutil.which, programs))


@pytest.mark.skipif(lacks("prometheus", "prometheus-alertmanager"), reason="Debian's packages are not here")
def test_prometheus_and_each_receiver_of_alertmanager_fire_and_clear(hub: Hub, tmp_path: Path) -> None:
    with vendors.monitoring(tmp_path, urlsplit(hub.url).netloc, hub.integration, hub.key) as prometheus:
        opened = {(name, "opened") for name in FORMATS}
        eventually(lambda: opened <= hub.decisions(), 40)
        (tmp_path / "rules.yml").write_text(vendors.RULES.format(threshold=2))
        prometheus.send_signal(signal.SIGHUP)
        cleared = {(name, "cleared") for name in FORMATS}
        eventually(lambda: cleared <= hub.decisions(), 40)
    assert not any(decision in {"unreadable", "rejected"} for _, decision in hub.decisions())


def test_pagerdutys_python_client_fires_acknowledges_and_clears(hub: Hub, secure: tuple[str, Path]) -> None:
    at, ca = secure
    client = pagerduty.EventsApiV2Client(
        hub.key, base_url=f"https://{at}", verify=ssl.create_default_context(cafile=ca)
    )
    key = client.trigger("Python says down", "py-1", severity="error", custom_details={"a": 1})
    assert key.startswith("auto:1:")
    assert client.acknowledge(key) == key
    eventually(lambda: hub.statuses("Python says down") == ["acknowledged"])
    assert client.resolve(key) == key
    eventually(lambda: hub.statuses("Python says down") == ["resolved"])
    client.send_change_event({"summary": "Deployed by Python", "source": "ci"})
    eventually(lambda: ("pagerduty_change", "recorded") in hub.decisions())
    with pytest.raises(pagerduty.HttpError):
        pagerduty.EventsApiV2Client("wrong", base_url=f"https://{at}", verify=client_context(ca)).resolve("x")


def client_context(ca: Path) -> ssl.SSLContext:
    """Trust for one CA."""
    return ssl.create_default_context(cafile=ca)


@pytest.mark.skipif(lacks("node", "npm"), reason="Node is not here")
def test_pagerdutys_javascript_client_fires_and_clears(hub: Hub, secure: tuple[str, Path]) -> None:
    at, ca = secure
    done = subprocess.run(
        ["node", CLIENTS / "with_pdjs.mjs", at, hub.key],
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(ca)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["202", "202", "202", "400"]
    eventually(lambda: hub.statuses("JavaScript says down") == ["resolved"])


def test_opsgenies_python_client_makes_reads_and_closes_an_alert(hub: Hub) -> None:
    configuration = opsgenie_sdk.Configuration()
    configuration.host, configuration.api_key["Authorization"] = hub.url, hub.key
    api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration))
    payload = opsgenie_sdk.CreateAlertPayload(
        message="Opsgenie says down", alias="og", priority="P1", tags=["a"]
    )
    asked = api.create_alert(payload)

    def outcome() -> Any:
        try:
            return api.get_request_status(asked.request_id).data
        except opsgenie_sdk.exceptions.ApiException as error:  # not processed yet
            assert error.status == 404, error
            return None

    became = eventually(outcome)
    assert (became.is_success, became.action, became.alias) == (True, "Create", "og")
    found = api.get_alert(became.alert_id).data
    assert (found.message, found.status, found.priority, found.alias) == (
        "Opsgenie says down",
        "open",
        "P1",
        "og",
    )
    api.acknowledge_alert("og", identifier_type="alias")
    eventually(lambda: api.get_alert(found.tiny_id, identifier_type="tiny").data.acknowledged)
    api.add_note("og", opsgenie_sdk.AddNoteToAlertPayload(note="look"), identifier_type="alias")
    assert "og" in {alert.alias for alert in api.list_alerts(query="status: open").data}
    assert api.count_alerts(query="status: open").data.count >= 1
    api.close_alert(became.alert_id)
    eventually(lambda: hub.statuses("Opsgenie says down") == ["resolved"])
    assert api.get_alert("og", identifier_type="alias").data.status == "closed"
    configuration.api_key["Authorization"] = "wrong"
    with pytest.raises(opsgenie_sdk.exceptions.AuthenticationException):
        api.list_alerts()
