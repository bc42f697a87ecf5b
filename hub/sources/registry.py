"""All sources by name: the only list of the wire formats that come in."""

from __future__ import annotations

from typing import Final

from hub.sources import (
    alertmanager,
    cloudevents,
    generic,
    grafana,
    opsgenie,
    pagerduty,
    pagerduty_change,
    pagerduty_v1,
    prometheus,
)
from hub.sources.base import Source

SOURCES: Final[dict[str, Source]] = {
    generic.NAME: generic,
    cloudevents.NAME: cloudevents,
    pagerduty.NAME: pagerduty,
    pagerduty_change.NAME: pagerduty_change,
    pagerduty_v1.NAME: pagerduty_v1,
    alertmanager.NAME: alertmanager,
    grafana.NAME: grafana,
    opsgenie.NAME: opsgenie,
    prometheus.NAME: prometheus,
}
