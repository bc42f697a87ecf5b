"""Monitoring systems in three formats: each request, the alerts in it, and a sender that never gives up."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from hub.services.founding import Founded

FORMATS = ("generic", "pagerduty", "alertmanager")
AT_ONCE = 8
TRIES = 100


@dataclass(frozen=True)
class Group:
    """Alerts that belong to one incident, as one sender knows them: (format, dedup key) of each."""

    format: str
    name: str
    keys: tuple[str, ...]


def groups(dice: random.Random, slug: str, act: int, count: int) -> list[Group]:
    """So many new problems, all formats among them; an Alertmanager's group has one to three alerts."""
    made = []
    for number in range(count):
        format, name = FORMATS[number % len(FORMATS)], f"{slug}/{act}/{number}"
        several = dice.randint(1, 3) if format == "alertmanager" else 1
        keys = [f"{name}/{index}" for index in range(several)]
        if format == "alertmanager":  # fingerprints: 16 hex digits
            keys = [hashlib.sha256(key.encode()).hexdigest()[:16] for key in keys]
        made.append(Group(format, name, tuple(keys)))
    dice.shuffle(made)
    return made


def request(group: Group, founded: Founded, action: str) -> tuple[str, dict[str, str], Any]:
    """The (path, headers, body) that tells of a group: `trigger` or `resolve`."""
    bearer = {"Authorization": f"Bearer {founded.integration_key}"}
    title = f"Trouble {group.name}"
    if group.format == "generic":
        body = {"action": action, "title": title, "source": "probe", "dedup_key": group.keys[0]}
        return "/api/v1/ingest/events", bearer, body | {"event_id": f"{action}/{group.name}"}
    if group.format == "pagerduty":
        payload = {"summary": title, "source": "probe", "severity": "error"}
        named = {"event_action": action, "dedup_key": group.keys[0], "payload": payload}
        return "/v2/enqueue", {}, {"routing_key": founded.integration_key} | named
    status = "firing" if action == "trigger" else "resolved"
    alerts = [
        {
            "status": status, "fingerprint": key, "labels": {"alertname": key, "severity": "error"},
            "annotations": {"summary": title}, "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph",
        }
        for key in group.keys
    ]  # fmt: skip
    body = {
        "version": "4", "groupKey": group.name, "status": status, "receiver": "hub", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example", "alerts": alerts,
    }  # fmt: skip
    return f"/integrations/alertmanager/{founded.integration_id}/webhook", bearer, body


@dataclass
class Sender:
    """Sends to one organization, each request until it is accepted. `receipts` is its ledger of 202s."""

    url: str
    founded: Founded
    sent: list[Group] = field(default_factory=list)
    resolved: list[Group] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0
    some_accepted: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, groups: list[Group], action: str = "trigger", twice: bool = False) -> None:
        """Send all of them, eight at a time; `twice` sends each a second time, side by side."""
        places = asyncio.Semaphore(AT_ONCE)
        self.some_accepted.clear()

        async def one(group: Group) -> None:
            async with places:
                await self._post(group, action)

        await asyncio.gather(*(one(group) for group in groups for _ in range(2 if twice else 1)))
        (self.sent if action == "trigger" else self.resolved).extend(groups)

    async def _post(self, group: Group, action: str) -> None:
        path, headers, body = request(group, self.founded, action)
        asked = HTTPRequest(
            self.url + path,
            method="POST",
            headers=headers | {"Content-Type": "application/json"},
            body=msgspec.json.encode(body),
            connect_timeout=5,
            request_timeout=10,
        )
        for _ in range(TRIES):
            try:
                answer = await AsyncHTTPClient().fetch(asked, raise_error=False)
            except (OSError, HTTPClientError):
                answer = None  # nobody answered: it may be kept or not
            if answer is not None and answer.code == 202:
                said = msgspec.json.decode(answer.body)
                if "receipt_id" in said:
                    self.receipts.append(said["receipt_id"])
                self.accepted += 1
                self.some_accepted.set()
                return
            # An answer that is neither "kept" nor "come again" would be a bug, not a fault of the day.
            assert answer is None or answer.code == 503, (answer.code, answer.body)
            self.refused += 1
            await asyncio.sleep(0.05)
        raise AssertionError(f"{group.name} was refused {TRIES} times")
