"""Snippets: where an integration is sent to, and what to paste to send there."""

from __future__ import annotations

from hub.config import Config
from hub.contract.integrations import Addresses, Snippets

PLACE = "KEY"


def addresses(config: Config, integration: str, key: str = PLACE) -> Addresses:
    """The exact address of each format; the key stands in that of the hooks only."""
    hub = config.public_url or f"http://127.0.0.1:{config.port}"
    return Addresses(
        events=f"{hub}/api/v1/ingest/events",
        hooks=f"{hub}/api/v1/ingest/hooks/{key}",
        pagerduty=f"{hub}/v2/enqueue",
        alertmanager=f"{hub}/integrations/alertmanager/{integration}/webhook",
    )


def snippets(at: Addresses, key: str = PLACE) -> Snippets:
    """A request for a shell, and receivers for alertmanager.yml."""
    return Snippets(
        curl=f"curl -sS {at.events} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
        """ -d '{"title": "A test", "dedup_key": "test"}'\n""",
        pagerduty=f"""\
receivers:
  - name: incidenthub
    pagerduty_configs:
      - routing_key: {key}
        url: {at.pagerduty}
""",
        alertmanager=f"""\
receivers:
  - name: incidenthub
    webhook_configs:
      - url: {at.alertmanager}
        send_resolved: true
        http_config:
          authorization:
            credentials: {key}
""",
    )
