"""A client of the stream that keeps the rules of the protocol, and fails where the hub breaks one."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

AGAIN = {1001, 1006, 1012, 4102}  # codes after which a client dials again with its cursor
AWAY = (OSError, HTTPClientError)


class Frame(msgspec.Struct):
    """What a client looks at. Events stay bytes: they are the same on every transport."""

    frame: str
    after: str = ""
    cursor: str = ""
    from_: str = msgspec.field(name="from", default="")
    events: list[msgspec.Raw] = []
    code: str = ""
    reason: str = ""


class Recorder:
    """Follows one organization for as long as `run` runs, through every end of its connection."""

    def __init__(self, url: str, key: str, seed: int, after: str = "") -> None:
        self.url = url.replace("http:", "ws:")
        self.key = key
        self.cursor = after
        self.begins_at = after
        self.history: list[bytes] = []
        self.connections = 0
        self.resets: list[str] = []
        self.farewells: list[tuple[int | None, str]] = []
        self._dice = random.Random(seed)
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Hang up; raise what went wrong on the way."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def until(self, count: int, seconds: float) -> None:
        """Wait until so many events are here."""
        async with asyncio.timeout(seconds):
            while len(self.history) < count:
                assert self._task is not None
                if self._task.done():
                    self._task.result()
                self._moved.clear()
                await asyncio.wait(
                    [self._task, asyncio.ensure_future(self._moved.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )

    async def live(self, seconds: float = 10) -> None:
        """Wait until the first connection was welcomed."""
        async with asyncio.timeout(seconds):
            while not self.connections:
                self._moved.clear()
                await self._moved.wait()

    async def _run(self) -> None:
        while True:
            try:
                socket = await self._dial()
            except AWAY:
                await asyncio.sleep(self._dice.uniform(0.05, 0.2))
                continue
            try:
                await self._follow(socket)
            finally:
                socket.close()

    async def _dial(self) -> WebSocketClientConnection:
        after = f"?after={self.cursor}" if self.cursor else ""
        headers = {"Authorization": f"Bearer {self.key}"}
        request = HTTPRequest(self.url + after, headers=headers, connect_timeout=5, request_timeout=5)
        return await websocket_connect(request)

    async def _follow(self, socket: WebSocketClientConnection) -> None:
        said = ""
        while (message := await socket.read_message()) is not None:
            frame = msgspec.json.decode(message, type=Frame)
            if frame.frame in {"error", "goaway"}:
                said = frame.code or frame.reason
            self._apply(frame)
            self._moved.set()
        self.farewells.append((socket.close_code, said))
        code: Any = socket.close_code or 1006
        assert code in AGAIN, f"the stream ended for good: {code} {said}"

    def _apply(self, frame: Frame) -> None:
        match frame.frame:
            case "welcome":
                assert not self.cursor or frame.from_ == self.cursor, "the resume began somewhere else"
                self.begins_at = self.begins_at or frame.from_
                self.cursor = frame.from_
                self.connections += 1
            case "events":
                assert frame.after == self.cursor, "a batch does not continue what is here"
                self.history += [bytes(event) for event in frame.events]
                self.cursor = frame.cursor
            case "mark":
                self.cursor = frame.cursor
            case "reset":
                self.resets.append(frame.reason)
                self.history.clear()
                self.cursor = frame.cursor
