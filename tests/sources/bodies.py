"""Small bodies of each format, sound and poisoned."""

from __future__ import annotations

import json
from collections.abc import Iterator

EVENTS: dict[str, object] = {
    "generic": {"title": "Disk full", "dedup_key": "db-1/disk", "labels": {"host": "db-1"}, "details": "x"},
    "cloudevents": {
        "specversion": "1.0",
        "id": "e-1",
        "source": "db-1",
        "type": "org.example.full",
        "data": {"title": "Disk full", "details": "x"},
    },
    "opsgenie": {
        "verb": "create",
        "alias": "",
        "body": {"message": "Disk full", "alias": "disk", "details": {"host": "db-1"}, "description": "x"},
    },
    "pagerduty": {
        "routing_key": "0123456789abcdef0123456789abcdef",
        "event_action": "trigger",
        "dedup_key": "db-1/disk",
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "error", "custom_details": "x"},
    },
    "pagerduty_change": {
        "routing_key": "0123456789abcdef0123456789abcdef",
        "payload": {"summary": "Disk full", "source": "ci", "custom_details": "x"},
    },
    "pagerduty_v1": {
        "service_key": "0123456789abcdef0123456789abcdef",
        "event_type": "trigger",
        "incident_key": "db-1/disk",
        "description": "Disk full",
        "details": "x",
    },
    "prometheus": [
        {
            "labels": {"alertname": "DiskFull"},
            "annotations": {"description": "x"},
            "startsAt": "2026-11-23T08:48:18Z",
            "endsAt": "2026-11-23T08:52:18Z",
            "generatorURL": "http://prom:9090/graph?g0.expr=up",
        }
    ],
    "alertmanager": {
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "DiskFull"},
                "annotations": {"description": "x"},
                "startsAt": "2026-11-23T08:48:18Z",
            }
        ]
    },
    "grafana": {
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "DiskFull"},
                "annotations": {"description": "x"},
                "startsAt": "2026-11-23T08:48:18Z",
                "values": {"B": 44.2},
            }
        ]
    },
}
"""A small valid body of each format; "x" stands where any text may."""


def poisoned(name: str) -> Iterator[bytes]:
    """Put everything into a valid body of this format that breaks a careless reader."""
    sound = json.dumps(EVENTS[name]).encode()
    for poison in (
        rb'"\u0000"',
        rb'"\ud800"',
        rb'"\udfff\ud800"',
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"9" * 5_000,
        b"-" + b"9" * 5_000,
        b"1e999",
        b"NaN",
        b"-Infinity",
        b'{"a": 1, "a": 2}',
    ):
        yield sound.replace(b'"x"', poison)
        yield sound.replace(b'"DiskFull"', poison).replace(b'"Disk full"', poison)
        yield poison
    yield from (b"", b"\0", b"{", b"[", b'"', sound[:-1], sound + sound, sound.decode().encode("utf-16"))
