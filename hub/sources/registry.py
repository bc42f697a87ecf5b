"""All sources by name: the only list of the wire formats that come in."""

from __future__ import annotations

from typing import Final

from hub.sources import alertmanager, generic, grafana, pagerduty
from hub.sources.base import Source

SOURCES: Final[dict[str, Source]] = {
    generic.NAME: generic,
    pagerduty.NAME: pagerduty,
    alertmanager.NAME: alertmanager,
    grafana.NAME: grafana,
}
