"""A client of Server-Sent Events that keeps to the standard: records, their ids, and nothing of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from orgs import Org
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httputil import HTTPHeaders, parse_response_start_line
from web import Site

SECONDS = 10


@dataclass
class Record:
    """One record (WHATWG HTML, section 9.2.6)."""

    event: str
    id: str
    text: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.text)


class Listening:
    """A response without an end; `id` is the last event id, as an EventSource would send it again."""

    def __init__(self) -> None:
        self.status = 0
        self.headers = HTTPHeaders()
        self.id = ""
        self.retry = 0
        self.bodies: list[str] = []
        self.records: asyncio.Queue[Record] = asyncio.Queue()
        self._rest = ""

    def header(self, line: str) -> None:
        if line.startswith("HTTP/"):
            self.status = parse_response_start_line(line.strip()).code
        elif line.strip():
            self.headers.parse_line(line.rstrip())

    def take(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk.decode()).split("\n\n")
        for text in whole:
            fields: dict[str, str] = {}
            for line in text.split("\n"):
                name, _, value = line.partition(": ")
                fields[name] = value
            self.id = fields.get("id", self.id)
            self.retry = int(fields.get("retry", self.retry))
            self.records.put_nowait(Record(fields.get("event", "message"), self.id, fields.get("data", "")))

    async def next(self, event: str = "") -> Record:
        """The next record, or the next one of a name; the bodies of messages are kept."""
        while True:
            record = await asyncio.wait_for(self.records.get(), SECONDS)
            if record.event == "message":
                self.bodies.append(record.text)
            if event in ("", record.event):
                return record

    async def until(self, text: str) -> list[str]:
        """Read until a note says this; all bodies so far."""
        while not self.bodies or f'"text":"{text}"' not in self.bodies[-1]:
            await self.next("message")
        return self.bodies


def address(org: Org, **query: str | int) -> str:
    """The path of an organization's record stream."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/api/v1/orgs/{org.slug}/events/stream{'?' if asked else ''}{asked}"


@asynccontextmanager
async def listen(site: Site, path: str, **headers: str) -> AsyncIterator[tuple[Listening, Any]]:
    """Open a stream of records; with it, the future of its end."""
    listening = Listening()
    sent = {"Authorization": f"Bearer {site.key}"} if site.key else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    client = AsyncHTTPClient(force_instance=True)
    ended: asyncio.Future[HTTPResponse] = asyncio.ensure_future(
        client.fetch(
            site.url + path, headers=sent, request_timeout=60, raise_error=False,
            streaming_callback=listening.take, header_callback=listening.header,
        )
    )  # fmt: skip
    try:
        yield listening, ended
    finally:
        client.close()
        ended.cancel()
