"""Snippets: where an integration is sent to, and what to paste to send there."""

from __future__ import annotations

from hub.config import Config
from hub.contract.integrations import Addresses, Snippets
from hub.domain.signing import GRAFANA_TIME

PLACE = "KEY"
SIGNING_PLACE = "SIGNING_SECRET"


def addresses(config: Config, integration: str, key: str = PLACE) -> Addresses:
    """The exact address of each format; the key stands in that of the hooks only."""
    hub = config.public_url or f"http://127.0.0.1:{config.port}"
    return Addresses(
        events=f"{hub}/api/v1/ingest/events",
        hooks=f"{hub}/api/v1/ingest/hooks/{key}",
        pagerduty=f"{hub}/v2/enqueue",
        alertmanager=f"{hub}/integrations/alertmanager/{integration}/webhook",
        grafana=f"{hub}/integrations/grafana/{integration}/webhook",
    )


def snippets(at: Addresses, key: str = PLACE, secret: str | None = None) -> Snippets:
    """A request for a shell, receivers for alertmanager.yml, and a contact point to provision Grafana with,
    which signs where there is a `secret`."""
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
        grafana=f"""\
apiVersion: 1
contactPoints:
  - orgId: 1
    name: incidenthub
    receivers:
      - uid: incidenthub
        type: webhook
        settings:
          url: {at.grafana}
          httpMethod: POST
          authorization_scheme: Bearer
          authorization_credentials: {key}
"""
        + (_SIGNED.format(secret=secret, time=GRAFANA_TIME) if secret else ""),
    )


_SIGNED = """\
          hmacConfig:
            secret: {secret}
            header: X-Grafana-Alerting-Signature
            timestampHeader: {time}
"""
