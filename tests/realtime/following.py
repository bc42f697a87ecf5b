"""A client on a real WebSocket, and what it follows: notes, written through the one door to change."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import msgspec
from orgs import Org
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect
from web import Site

from hub.contract.administration import TeamCreated
from hub.contract.events import IncidentNoted, Kind
from hub.contract.frames import SUBPROTOCOL
from hub.contract.ids import TenantId, new
from hub.contract.words import Role, Scope
from hub.door.guard import cookie_name
from hub.services.access import system
from hub.services.change import change
from hub.services.credentials import hash_of, new_api_key
from hub.services.ports import Ports, RequestContext
from hub.storage import credentials, people
from hub.storage.credentials import Credential

SECONDS = 10
CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")


async def happen(ports: Ports, tenant: TenantId, *what: Kind) -> None:
    """One commit with these events."""
    async with change(ports, system("worker", tenant, "acme"), CONTEXT) as changed:
        for data in what:
            changed.happened(data, new())


async def note(ports: Ports, org: Org, *texts: str) -> None:
    """One commit with a note for each text."""
    await happen(ports, org.tenant, *(IncidentNoted(text=text) for text in texts))


async def make_key(ports: Ports, org: Org, role: Role, expires_at: datetime | None = None) -> str:
    """A new API key of the organization with one role."""
    secret, subject = new_api_key(), new()
    credential = Credential(
        tenant_id=org.tenant, id=new(), kind="api_key", subject=subject, scopes=(), expires_at=expires_at,
        last_used_at=None, about={"name": role.value},
    )  # fmt: skip
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        await credentials.add(changed.tx, hash_of(secret), credential, changed.now)
        scope = (Scope.ORGANIZATION, org.tenant)
        await people.bind(changed.tx, new(), ("key", subject), role, scope, changed.now)
    return secret


def administrative(name: str = "a team") -> Kind:
    """An event that only administrators see."""
    return TeamCreated(name=name)


class Closed(Exception):
    """The connection ended, with its code."""


class Following:
    """One connection that keeps the rules: `after` must equal the last cursor."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.cursor = ""
        self.texts: list[str] = []
        self.frames: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    async def next(self, name: str = "") -> dict[str, Any]:
        """The next frame, or the next one of a name; raise Closed with the code."""
        while True:
            message = await asyncio.wait_for(self.socket.read_message(), SECONDS)
            if message is None:
                raise Closed(self.socket.close_code, self.socket.close_reason)
            frame = msgspec.json.decode(message)
            self._apply(frame)
            if name in ("", frame["frame"]):
                return frame

    async def until(self, *texts: str) -> list[str]:
        """Read until these are the last texts; all of them so far."""
        while self.texts[len(self.texts) - len(texts) :] != list(texts):
            await self.next()
        return self.texts

    async def say(self, frame: str, **members: Any) -> None:
        """Send a frame."""
        await self.socket.write_message(msgspec.json.encode({"frame": frame, **members}))

    async def end(self) -> tuple[list[str], int]:
        """Read to the end: the codes of its error frames, and the close code."""
        errors: list[str] = []
        try:
            while True:
                frame = await self.next()
                if frame["frame"] == "error":
                    errors.append(frame["code"])
        except Closed as closed:
            self.socket.close()
            return errors, closed.args[0]

    def _apply(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["frame"] == "events":
            assert frame["after"] == self.cursor
            self.texts += [event["data"].get("text", event["type"]) for event in frame["events"]]
        if frame["frame"] == "reset":
            self.texts.clear()
        self.cursor = frame.get("from") or frame.get("cursor") or self.cursor


async def dial(
    site: Site,
    org: Org | str,
    after: str = "",
    protocols: tuple[str, ...] = (SUBPROTOCOL,),
    consumer: str = "",
    **headers: str,
) -> WebSocketClientConnection:
    """Open a stream as this site's visitor; raise HTTPClientError where it is refused."""
    slug = org if isinstance(org, str) else org.slug
    asked = [f"{name}={value}" for name, value in (("after", after), ("consumer", consumer)) if value]
    query = f"?{'&'.join(asked)}" if asked else ""
    url = f"{site.url}/api/v1/orgs/{slug}/stream{query}".replace("http:", "ws:")
    sent = dict(site.headers)
    if site.key:
        sent["Authorization"] = f"Bearer {site.key}"
    if site.cookie:
        sent |= {"Cookie": f"{cookie_name(site.config)}={site.cookie}", "Origin": site.url}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = HTTPRequest(url, headers={name: value for name, value in sent.items() if value})
    return await websocket_connect(request, subprotocols=list(protocols) or None)


async def follow(site: Site, org: Org | str, after: str = "", consumer: str = "") -> Following:
    """A stream that has been welcomed."""
    following = Following(await dial(site, org, after, consumer=consumer))
    await following.next("welcome")
    return following


async def refusal(site: Site, org: Org | str, after: str = "", **headers: str) -> tuple[int, Any]:
    """(status, Retry-After) of a stream that must not open."""
    try:
        socket = await dial(site, org, after, **headers)
    except HTTPClientError as error:
        return error.code, error.response and error.response.headers.get("Retry-After")
    socket.close()
    raise AssertionError("the stream was opened")
