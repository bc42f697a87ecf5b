"""One organization of the journey: who sends, who follows, what it asks by REST, and what its log holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from recorder import Recorder
from senders import Sender
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from hub.domain.sight import View
from hub.services.cursors import Cursors
from hub.services.founding import Founded
from hub.storage.log import LogEvent


@dataclass
class Side:
    """`recorders` by name, each with the view of its key, the position where it began, and how many events it
    had to have at the least."""

    url: str
    founded: Founded
    tenant: Any
    sender: Sender
    recorders: dict[str, Recorder] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    began_at: dict[str, int] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    log: list[tuple[int, str, bytes]] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.founded.organization

    @property
    def stream(self) -> str:
        """The address of the stream."""
        return f"{self.url}/api/v1/orgs/{self.slug}/stream"

    async def follow(self, name: str, key: str, view: View, cursors: Cursors, seed: int) -> None:
        """Start a recorder at the head of the log."""
        recorder = Recorder(self.stream, key, seed)
        recorder.start()
        await recorder.live()
        place = cursors.read(self.tenant, recorder.begins_at)
        assert place is not None
        self.recorders[name], self.views[name], self.began_at[name] = recorder, view, place.position

    def follow_late(self, name: str) -> None:
        """Start another one where `name` began, with the same key."""
        first, late = self.recorders[name], f"late {name}"
        self.recorders[late] = Recorder(self.stream, first.key, 0, after=first.begins_at)
        self.views[late], self.began_at[late] = self.views[name], self.began_at[name]
        self.recorders[late].start()

    def visible(self, name: str) -> list[bytes]:
        """The events of the log, after the place where a recorder began, that its view contains."""
        view, began_at = self.views[name], self.began_at[name]
        events = [LogEvent(position, kind, None, body) for position, kind, body in self.log]
        return [event.body for event in events if event.position > began_at and view.sees(event)]

    async def ask(self, path: str, slug: str = "") -> HTTPResponse:
        """GET something of this organization, or of the one named by `slug`."""
        headers = {"Authorization": f"Bearer {self.founded.api_key}"}
        address = f"{self.url}/api/v1/orgs/{slug or self.slug}{path}"
        return await AsyncHTTPClient().fetch(address, headers=headers, raise_error=False)

    async def get(self, path: str) -> Any:
        """What is there."""
        answer = await self.ask(path)
        assert answer.code == 200, answer.body
        return msgspec.json.decode(answer.body)

    async def refusal(self, path: str, slug: str) -> tuple[int, dict[str, Any]]:
        """The answer without what differs in every answer."""
        answer = await self.ask(path, slug)
        problem: dict[str, Any] = msgspec.json.decode(answer.body)
        del problem["request_id"]
        return answer.code, problem

    async def perform(self, number: int, command: str, body: dict[str, Any]) -> None:
        """Do something to an incident, under a key of its own."""
        await AsyncHTTPClient().fetch(
            f"{self.url}/api/v1/orgs/{self.slug}/incidents/{number}/{command}",
            method="POST",
            headers={
                "Authorization": f"Bearer {self.founded.api_key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{number}/{command}",
            },
            body=msgspec.json.encode(body),
        )
