"""Readers on all three transports, who write down what they are told and dial again with their cursor."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from calls import AWAY, call, calling
from chronicle import Chronicle, digest
from histories import Sees, never
from told import Spoken, State, Told
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

TRANSPORTS = ("socket", "records", "poll")
PAUSE_MAX = 1.0  # seconds; shorter than what the welcome asks for, so that a run fits into a minute
POLL_SECONDS = 5
ACKS = 0.3  # how often a consumer acknowledges what came
HUNG_UP = "hung up"
STOP = {401, 403, 404, 4001, 4003, 4300, 4301}


class Ended(Exception):
    """The connection ended in order, with a code or a status."""

    def __init__(self, code: int | None, said: str = "") -> None:
        self.code = code
        super().__init__(code, said[:200])


class Torn(Exception):
    """The reader hangs up between two frames."""


class Visitor:
    """Follows one organization while `run` runs. `transports` are drawn from at each dial; with probability
    `tears` it hangs up after a frame, before it reads the one behind it. With a `consumer` it acknowledges
    now and then, and begins where the server keeps its place."""

    def __init__(
        self,
        name: str,
        org: str,
        port: int,
        key: str,
        folder: Path,
        dice: random.Random,
        sees: Sees,
        transports: tuple[str, ...] = TRANSPORTS,
        filter: str = "",
        view: str = "admin",
        stay: tuple[float, float] = (3.0, 12.0),
        snapshot: str = "never",
        after: str = "",
        leaves: Sees = never,
        tears: float = 0.0,
        consumer: str = "",
    ) -> None:
        self.name = name
        self.org = org
        self.key = key
        self.view = f"{view} {filter}"
        self.sees = sees
        self.leaves = leaves
        self.cursor = after
        self.consumer = consumer
        self.heard: set[str] = set()
        self.is_over = False
        self.may_reset = False
        self.begins_with_state = snapshot != "never"
        self.revoked_at: float | None = None
        self.path = folder / f"{org}-{name}.jsonl"
        self._chronicle = Chronicle(self.path)
        self._port = port
        self._dice = dice
        self._transports = transports
        self._filter = filter
        self._stay = stay
        self._snapshot = snapshot
        self._tears = tears
        self._state: list[tuple[str, int]] = []
        self._says: dict[str, Callable[[Told], None]] = {
            "welcome": self._welcome, "events": self._events, "mark": self._moved, "reset": self._moved,
            "hidden": self._hidden, "snapshot": self._taken, "error": self._error, "goaway": self._moved,
        }  # fmt: skip

    async def run(self) -> None:
        """Follow, through every end, until access ends or we are cancelled."""
        pause = 0.1
        while not self.is_over:
            via = self._dice.choice(self._transports)
            self._write("dial", via=via, after="" if self.consumer else self.cursor)
            before = self.cursor
            why = HUNG_UP
            try:
                async with asyncio.timeout(self._dice.uniform(*self._stay)):
                    await getattr(self, f"_by_{via}")()
            except (TimeoutError, Torn):
                pass
            except (*AWAY, HTTPClientError, Ended) as error:
                why = repr(error)
                if isinstance(error, HTTPClientError) and error.response is not None:
                    why += error.response.body.decode()[:200]
                self.is_over = getattr(error, "code", None) in STOP
            self._write("end", why=why, via=via)
            pause = 0.1 if self.cursor != before else min(PAUSE_MAX, 2 * pause)
            await asyncio.sleep(self._dice.uniform(0, pause))  # full jitter

    async def catch_up(self) -> None:
        """By polls that do not wait, to the head; then write no more."""
        self._write("dial", via="poll", after=self.cursor)
        before = ""
        while before != self.cursor:
            before = self.cursor
            await self._poll("wait=0&limit=256")
        self.close()

    def flush(self) -> None:
        """Hand over what was written, so that it can be read."""
        self._chronicle.flush()

    def close(self) -> None:
        """Write no more."""
        self._chronicle.close()

    async def _by_socket(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        address = f"ws://127.0.0.1:{self._port}{self._address('stream')}"
        request = HTTPRequest(address, headers=headers, connect_timeout=5, request_timeout=5)
        dialling = asyncio.ensure_future(websocket_connect(request))
        try:
            socket = await asyncio.shield(dialling)
        except asyncio.CancelledError:
            await asyncio.wait([dialling])  # at most as long as the request may take
            if dialling.exception() is None:
                _cut(dialling.result())
            raise
        try:
            while (message := await socket.read_message()) is not None:
                self._take(message.encode() if isinstance(message, str) else message)
                if self._acknowledges():
                    await socket.write_message(
                        msgspec.json.encode({"frame": "ack", "cursor": self.cursor}).decode()
                    )
            raise Ended(socket.close_code)
        except WebSocketClosedError:  # between what was read and what is said
            raise Ended(socket.close_code) from None
        finally:
            _cut(socket)

    async def _by_records(self) -> None:
        path = self._address("events/stream")
        async with calling(self._port, "GET", path, self.key) as response:
            if response.status != 200:
                said = b"".join([chunk async for chunk in response.chunks()])
                raise Ended(response.status, said.decode())
            rest = b""
            async for chunk in response.chunks():
                *whole, rest = (rest + chunk).split(b"\n\n")
                for record in whole:
                    self._record(dict(line.split(b": ", 1) for line in record.split(b"\n") if b": " in line))
                if self._acknowledges():
                    await self._acknowledge()
        raise Ended(None)

    def _acknowledges(self) -> bool:
        return bool(self.consumer and self.cursor) and self._dice.random() < ACKS

    async def _acknowledge(self) -> None:
        path, cursor = f"/api/v1/orgs/{self.org}/consumers/{self.consumer}/ack", self.cursor
        answer = await call(self._port, "POST", path, self.key, {"cursor": cursor})
        if answer.status != 200:
            raise Ended(answer.status, answer.body.decode())
        self._write("ack", cursor=cursor)

    async def _by_poll(self) -> None:
        while True:
            await self._poll(f"wait={POLL_SECONDS}&limit={self._dice.choice((1, 7, 256))}")

    async def _poll(self, query: str) -> None:
        answer = await call(self._port, "GET", self._address("events", query), self.key, seconds=20)
        if answer.status == 410:
            said = msgspec.json.decode(answer.body, type=Told)
            self._moved(Told(frame="reset", cursor=said.cursor, reason=said.reason))
            return
        if answer.status != 200:
            raise Ended(answer.status, answer.body.decode())
        page = msgspec.json.decode(answer.body, type=Told)
        if not self.cursor:
            self._welcome(Told(from_=page.after))
        if page.events or page.hidden:
            self._events(page)
        elif page.cursor != self.cursor:
            self._moved(Told(frame="mark", cursor=page.cursor))

    def _address(self, what: str, query: str = "") -> str:
        terms = [query] if query else []
        if self.consumer and what != "events":
            terms.append(f"consumer={self.consumer}")
        elif self.cursor:
            terms.append(f"after={self.cursor}")
        if self._filter:
            terms.append(f"filter={quote(self._filter)}")
        if self._snapshot != "never" and what != "events":
            terms.append(f"snapshot={self._snapshot}")
        return f"/api/v1/orgs/{self.org}/{what}?{'&'.join(terms)}"

    def _take(self, message: bytes) -> None:
        told = msgspec.json.decode(message, type=Told)
        self._says[told.frame](told)
        self._perhaps_tear()

    def _record(self, fields: dict[bytes, bytes]) -> None:
        """An event is a batch of one; everything else is a frame, and that of `hidden` moves the cursor."""
        name, data = fields.get(b"event", b""), fields.get(b"data", b"")
        if name:
            self._take(data)
        if data and name in (b"", b"hidden"):
            events = [] if name else [msgspec.Raw(data)]
            self._events(Told(after=self.cursor, cursor=fields[b"id"].decode(), events=events))
            self._perhaps_tear()

    def _perhaps_tear(self) -> None:
        if self._dice.random() < self._tears:
            raise Torn

    def _welcome(self, told: Told) -> None:
        self._write("welcome", cursor=told.from_)
        self.cursor = told.from_ if self.consumer else self.cursor or told.from_

    def _events(self, told: Told) -> None:
        spoken = [msgspec.json.decode(body, type=Spoken) for body in told.events]
        events = [(one.id, digest(bytes(body))) for one, body in zip(spoken, told.events, strict=True)]
        hidden = {"hidden": told.hidden} if told.hidden else {}
        self._write("events", after=told.after, cursor=told.cursor, events=events, **hidden)
        self.heard.update(one.data.text for one in spoken if one.data.text.startswith("beacon"))
        self.cursor = told.cursor

    def _moved(self, told: Told) -> None:
        self._write(told.frame, cursor=told.cursor, reason=told.reason)
        self.cursor = told.cursor or self.cursor

    def _hidden(self, told: Told) -> None:
        self._write("hidden", incident=told.incident)

    def _taken(self, told: Told) -> None:
        if told.phase == "begin":
            self._state = []
        for item in told.items:
            header = msgspec.json.decode(item, type=State)
            self._state.append((header.id, header.version))
        if told.phase == "end":
            self._write("snapshot", cursor=told.cursor, items=self._state)
            self.cursor = told.cursor

    def _error(self, told: Told) -> None:
        self._write("error", code=told.code)

    def _write(self, what: str, **members: Any) -> None:
        self._chronicle.write(what=what, **members)


def _cut(socket: WebSocketClientConnection) -> None:
    """Hang up without waiting for the other side's farewell."""
    socket.close()
    if socket.protocol is not None:
        socket.protocol._abort()
