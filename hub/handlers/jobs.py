"""Jobs: the operator's page and metrics, on a port of their own that only this machine reaches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.escape import xhtml_escape

from hub.domain.errors import Forbidden, Unavailable
from hub.door.request import Request
from hub.services import health
from hub.storage.directory import Consumers
from hub.storage.directory import Gauge as Inbox

STYLE = """
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem .6rem; }
th, td { text-align: right; }
th:first-child, td:first-child { text-align: left; }
"""


class Operator(Request):
    """The base of what shows the whole installation: asked from this machine, by no proxy, or not at all."""

    answers_while_closed = True

    async def admit(self) -> None:
        """Refuse other machines: a container's port may be published by mistake."""
        if not ip_address(self.context.address).is_loopback or "X-Forwarded-For" in self.request.headers:
            raise Forbidden("This port answers the machine that it is on.")
        await super().admit()


class Metrics(Operator):
    """`/metrics`: no organization is named there."""

    async def get(self) -> None:
        """The metrics of this process, and of the inbox as a whole."""
        try:
            inbox, is_up = await health.gauges(self.desk.ports), 1
            kept = await health.consumers(self.desk.ports)
        except Unavailable:
            inbox, is_up, kept = [], 0, Consumers(consumers=0, held=0, furthest=0)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        totals = _totals(inbox, kept, is_up, self.desk.ports.clock())
        self.write(generate_latest() + generate_latest(totals))


class Jobs(Operator):
    """`/`: what waits, runs and failed, by organization."""

    async def get(self) -> None:
        """A small page that reads itself again."""
        now = self.desk.ports.clock()
        rows = "".join(_row(each, now) for each in await health.gauges(self.desk.ports))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
            '<title>Jobs · IncidentHub</title><link rel="stylesheet" href="/style.css"><h1>Jobs</h1>'
            "<p>Stored requests by organization. Failed ones are dead letters.</p><table><thead><tr>"
            "<th>Organization<th>Waiting<th>Running<th>Failed<th>Oldest</tr></thead><tbody>"
            f"{rows or '<tr><td colspan=5>Nothing has come in yet.</tr>'}</tbody></table></html>"
        )


class Style(Operator):
    """`/style.css`: the page's own, since it has no inline style."""

    def get(self) -> None:
        """The few rules above."""
        self.set_header("Content-Type", "text/css; charset=utf-8")
        self.write(STYLE)


def _row(inbox: Inbox, now: datetime) -> str:
    oldest = f"{_age(inbox, now):.0f} s" if inbox.oldest else ""
    cells = (xhtml_escape(inbox.slug), inbox.waiting, inbox.running, inbox.dead, oldest)
    return "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>"


def _age(inbox: Inbox, now: datetime) -> float:
    """Seconds; never negative, though the database's clock may be ahead of ours."""
    return max((now - inbox.oldest).total_seconds(), 0.0) if inbox.oldest else 0.0


def _totals(inbox: Iterable[Inbox], kept: Consumers, is_up: int, now: datetime) -> CollectorRegistry:
    """Read anew for each scrape; a registry of its own, so that two scrapes never share one."""
    registry, each = CollectorRegistry(), list(inbox)
    totals = {
        "hub_database_up": ("Whether PostgreSQL answered.", is_up),
        "hub_inbox_waiting": ("Stored requests that wait.", sum(one.waiting for one in each)),
        "hub_inbox_running": ("Stored requests that are being processed.", sum(one.running for one in each)),
        "hub_inbox_dead": ("Dead letters.", sum(one.dead for one in each)),
        "hub_inbox_oldest_seconds": (
            "Age of the oldest that waits.",
            max((_age(one, now) for one in each), default=0.0),
        ),
        "hub_consumers": ("Durable consumers of the stream.", kept.consumers),
        "hub_consumers_held": ("Consumers for which a stream is open.", kept.held),
        "hub_consumer_lag_most": ("Events of the log behind the furthest consumer.", kept.furthest),
    }
    for name, (about, value) in totals.items():
        Gauge(name, about, registry=registry).set(value)
    return registry
