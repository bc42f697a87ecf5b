"""Intakes: the part of the sitemap that monitoring systems see, each format with the place of its key."""

from __future__ import annotations

from typing import Final

from hub.door.route import Guard, Public, Route
from hub.handlers import intake, opsgenie, opsgenie_heartbeats, readers, vendors
from hub.sources import (
    alertmanager,
    cloudevents,
    generic,
    grafana,
    pagerduty,
    pagerduty_change,
    pagerduty_v1,
    prometheus,
)
from hub.sources import opsgenie as genie
from hub.sources.base import Source

INGEST: Final[dict[str, Guard]] = {
    "POST": Public("Senders have an integration key, each format in its place; the intake looks it up.")
}
EITHER: Final = INGEST | {"PUT": INGEST["POST"]}
GENIE: Final = Public("Opsgenie's clients have an integration key; the handler looks it up.")


def _intake(
    path: str,
    source: Source,
    *keys: str,
    handler: type[intake.Intake] = intake.Intake,
    guards: dict[str, Guard] = INGEST,
) -> Route:
    return Route(
        path,
        handler,
        guards,
        {"source": source, "keys": keys},
        ("receiver",),
        body_max=source.BODY_MAX,
        machine=True,
        about=source.__doc__,
    )


def _opsgenie(at: str) -> tuple[Route, ...]:
    """Opsgenie's alerts at one address. What is counted and what became of a request come before what has any
    identifier."""

    def route(path: str, handler: type[opsgenie.Genie], *methods: str) -> Route:
        return Route(
            at + path,
            handler,
            dict.fromkeys(methods, GENIE),
            {"source": genie, "keys": ("genie",)},
            ("receiver",),
            body_max=genie.BODY_MAX,
            machine=True,
        )

    return (
        route("/v2/alerts", opsgenie.Alerts, "GET", "POST"),
        route("/v2/alerts/count", opsgenie.Count, "GET"),
        route("/v2/alerts/requests/{request}", opsgenie.Outcome, "GET"),
        route("/v2/alerts/{identifier}", opsgenie.Alert, "GET"),
        route("/v2/alerts/{identifier}/{verb}", opsgenie.Act, "GET", "POST", "PUT"),
        route("/v2/alerts/{identifier}/actions/{name}", opsgenie.CustomAct, "POST"),
        route("/v2/heartbeats", opsgenie_heartbeats.Heartbeats, "GET", "POST"),
        route("/v2/heartbeats/{beat}", opsgenie_heartbeats.Heartbeat, "GET", "PATCH", "DELETE"),
        route("/v2/heartbeats/{beat}/enable", opsgenie_heartbeats.Enable, "POST", "PUT", "PATCH"),
        route("/v2/heartbeats/{beat}/disable", opsgenie_heartbeats.Disable, "POST", "PUT", "PATCH"),
        route("/v2/heartbeats/{beat}/ping", opsgenie.Ping, "GET", "POST", "PUT", "PATCH"),
    )


INTAKES: Final[tuple[Route, ...]] = (
    _intake("/api/v1/ingest/events", generic, "header", handler=intake.Events),
    _intake("/api/v1/ingest/hooks/{key}", generic, "path", handler=intake.Events),
    _intake("/api/v1/ingest/cloudevents", cloudevents, "header", handler=intake.CloudEvents),
    _intake("/v2/enqueue", pagerduty, "body", handler=intake.Routed),
    _intake("/v2/change/enqueue", pagerduty_change, "body", handler=intake.Routed),
    _intake("/generic/2010-04-15/create_event.json", pagerduty_v1, "body", handler=intake.Routed),
    _intake("/integrations/alertmanager/{integration}/webhook", alertmanager, "header", "query"),
    _intake(
        "/integrations/grafana/{integration}/webhook",
        grafana,
        "header",
        "query",
        handler=intake.Either,
        guards=EITHER,
    ),
    _intake("/integrations/alertmanager/{integration}/api/v2/alerts", prometheus, "header", "query"),
    Route(
        "/integrations/alertmanager/{integration}/api/v2/status",
        vendors.AlertmanagerStatus,
        {"GET": Public("The integration key is looked up by the handler; without it, nothing is said.")},
        {"keys": ("header", "query")},
        ("receiver",),
        machine=True,
    ),
    Route(
        "/api/v1/ingest/receipts",
        readers.SentReceipts,
        {"GET": Public("The integration key is looked up by the service; it lists its own receipts only.")},
        machine=True,
    ),
    Route(
        "/api/v1/ingest/heartbeats/{beat}",
        intake.Ping,
        INGEST,
        {"source": generic, "keys": ("header", "query")},
        ("receiver",),
        machine=True,
    ),
    Route(
        "/api/v1/ingest/receipts/{receipt}",
        readers.SentReceipt,
        {"GET": Public("The integration key is looked up by the service; it opens its own receipts only.")},
        machine=True,
    ),
    *(
        route
        for at in ("", "/integrations/opsgenie/{integration}", "/jsm/ops/integration")
        for route in _opsgenie(at)
    ),
)
