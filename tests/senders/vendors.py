"""Prometheus and Alertmanager as processes, told to alert a hub in every way that they know."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from secure import Secure

from hub.embedded.keep import choose_port

RULES = """\
groups:
  - name: test
    rules:
      - alert: Down
        expr: vector(1) > {threshold}
        labels: {{severity: critical}}
        annotations: {{summary: It is down}}
"""
PROMETHEUS = """\
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /integrations/alertmanager/{integration}
      authorization: {{credentials: {key}}}
      static_configs: [{{targets: ["{hub}"]}}]
    - static_configs: [{{targets: ["{alertmanager}"]}}]
"""
# With a service key Alertmanager speaks the first version of PagerDuty's events, to PagerDuty's own host
# whatever `url` says; a proxy leads it to the hub.
ALERTMANAGER = """\
route: {{receiver: hub, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: hub
    webhook_configs:
      - url: http://{hub}/integrations/alertmanager/{integration}/webhook
        http_config: {{authorization: {{credentials: {key}}}}}
    pagerduty_configs:
      - {{routing_key: {key}, url: "http://{hub}/v2/enqueue"}}
      - service_key: {key}
        http_config:
          proxy_url: http://127.0.0.1:{proxy}
          tls_config: {{ca_file: {ca}, server_name: localhost}}
    opsgenie_configs:
      - {{api_key: {key}, api_url: "http://{hub}/integrations/opsgenie/{integration}/"}}
"""


@contextmanager
def process(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A vendor's program, whose words are in a file of the folder, gone after the block."""
    with (folder / f"{command[0]}.log").open("wb") as log:
        started = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait(10)


@contextmanager
def monitoring(
    folder: Path, hub: str, integration: str, key: str, secure: Secure
) -> Iterator[subprocess.Popen[bytes]]:
    """A Prometheus that alerts the hub itself, and by an Alertmanager with all its receivers for the hub."""
    alertmanager, prometheus = (f"127.0.0.1:{choose_port(None)}" for _ in range(2))
    values = {"hub": hub, "integration": integration, "key": key, "alertmanager": alertmanager}
    values |= {"proxy": str(secure.proxy), "ca": str(secure.ca)}
    (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(**values))
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(**values))
    (folder / "rules.yml").write_text(RULES.format(threshold=0))
    with (
        process(
            folder, "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=am",
            f"--web.listen-address={alertmanager}", "--cluster.listen-address=",
        ),
        process(
            folder, "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=prom",
            f"--web.listen-address={prometheus}", "--rules.alert.resend-delay=1s",
        ) as running,
    ):  # fmt: skip
        yield running


def said(folder: Path) -> str:
    """The last words of each program, for who has to find out why."""
    return "\n".join(f"{log.name}: {log.read_text()[-2_000:]}" for log in sorted(folder.glob("*.log")))
