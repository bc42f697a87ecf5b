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
        cloudevents=f"{hub}/api/v1/ingest/cloudevents",
        pagerduty=f"{hub}/v2/enqueue",
        changes=f"{hub}/v2/change/enqueue",
        alertmanager=f"{hub}/integrations/alertmanager/{integration}/webhook",
        prometheus=f"{hub}/integrations/alertmanager/{integration}/api/v2/alerts",
        grafana=f"{hub}/integrations/grafana/{integration}/webhook",
        opsgenie=f"{hub}/integrations/opsgenie/{integration}/v2/alerts",
    )


def snippets(at: Addresses, key: str = PLACE, secret: str | None = None) -> Snippets:
    """Requests for a shell, parts of alertmanager.yml and prometheus.yml, and a contact point to provision
    Grafana with, which signs where there is a `secret`."""
    return Snippets(
        curl=f"curl -sS {at.events} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
        """ -d '{"title": "A test", "dedup_key": "test"}'\n""",
        cloudevents=f"curl -sS {at.cloudevents} -H 'Authorization: Bearer {key}'"
        " -H 'Content-Type: application/json' -H 'ce-specversion: 1.0' -H \"ce-id: $(date +%s)\""
        """ -H 'ce-source: shell' -H 'ce-type: test' -d '{"title": "A test", "dedup_key": "test"}'\n""",
        pagerduty=f"""\
receivers:
  - name: incidenthub
    pagerduty_configs:
      - routing_key: {key}
        url: {at.pagerduty}
""",
        changes=f"curl -sS {at.changes} -H 'Content-Type: application/json'"
        f""" -d '{{"routing_key": "{key}", "payload": {{"summary": "Deployed", "source": "ci"}}}}'\n""",
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
        opsgenie=f"""\
receivers:
  - name: incidenthub
    opsgenie_configs:
      - api_key: {key}
        api_url: {at.opsgenie.removesuffix("v2/alerts")}
""",
        prometheus=_PROMETHEUS.format(**_parts(at.prometheus), key=key),
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


def _parts(url: str) -> dict[str, str]:
    """An address in the pieces that prometheus.yml has it in."""
    scheme, _, rest = url.removesuffix("/api/v2/alerts").partition("://")
    target, _, prefix = rest.partition("/")
    return {"scheme": scheme, "target": target, "prefix": f"/{prefix}"}


_PROMETHEUS = """\
alerting:
  alertmanagers:
    - scheme: {scheme}
      api_version: v2
      path_prefix: {prefix}
      authorization:
        credentials: {key}
      static_configs:
        - targets: ["{target}"]
"""
_SIGNED = """\
          hmacConfig:
            secret: {secret}
            header: X-Grafana-Alerting-Signature
            timestampHeader: {time}
"""
