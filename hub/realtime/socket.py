"""The WebSocket: one stream over one connection; frames are those of contract/frames.py."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from hub.contract import frames
from hub.domain.errors import Invalid
from hub.door.request import Request
from hub.realtime import wire, wish
from hub.realtime.encodings import Messages
from hub.realtime.follower import Follower
from hub.realtime.inbound import Violation
from hub.realtime.opening import LIMITS
from hub.realtime.performer import Performer
from hub.realtime.reader import Sent
from hub.realtime.station import Station
from hub.realtime.wire import Socket, Straight
from hub.realtime.wish import Wish
from hub.services import acknowledging

SILENT_PINGS: Final = 2


class Named(msgspec.Struct):
    """Any frame of a client. Its name is looked at first: alone, a Hello would decode without one too."""

    frame: str


_named = msgspec.json.Decoder(Named)


class Stream(Request, Socket):
    """`GET /api/v1/orgs/{org}/stream`, guarded with `stream:follow`; its route needs the `station`."""

    is_endless = True
    query = wish.QUERY
    station: Station
    follower: Follower | None = None
    wish = Wish()
    encoding = Messages()
    straight: Straight
    _performer: Performer | None = None
    _silent_pings = 0
    _second = 0.0
    _messages = 0

    @property
    def max_message_size(self) -> int:
        """A longer message is answered with 1009 (RFC 6455, section 7.4.1)."""
        return LIMITS.message_bytes

    def check_origin(self, origin: str) -> bool:
        """The guard has looked at it, and is stricter than Tornado; with a ticket any page may come."""
        return True

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Ours when it is offered; a client may offer none."""
        return frames.SUBPROTOCOL if frames.SUBPROTOCOL in subprotocols else None

    async def admit(self) -> None:
        """The guard; then the bounds on streams, so that a refusal is an HTTP answer and no socket."""
        async with self.station.admitting():
            await super().admit()
        self.wish = wish.of_query(self)
        self.faults.check()  # a cursor that means nothing is told on the socket, like after a later hello
        if self.wish.consumer:
            await acknowledging.find(self.desk.ports, self.grant, self.wish.consumer)
        self.station.admit(self.grant.tenant)

    async def open(self, *_: str, **__: str) -> None:
        """Start the stream; a database that is away ends it with a code that says to try again."""
        self.quotas = ()
        wire.lighten(self)
        self.straight = Straight(wire.socket_stream(self))
        self.follower = Follower(self.station, self.grant, self)
        self.station.enter(self.follower)
        self.station.presence.enter(self.follower)
        await self.station.begin(self.follower, self.wish)

    async def on_message(self, message: str | bytes) -> None:
        """Take a frame by its name; what is none of ours, and too much of anything, ends the stream."""
        follower = self.follower
        if follower is None or follower.is_over:
            return  # it was under way when we closed
        if self._is_flood():
            follower.end("rate_limited", f"More than {LIMITS.messages_per_second} messages a second.", 1000)
            return
        try:
            decoder, take = TAKES[_named.decode(message).frame]
            frame = decoder.decode(message)
        except (msgspec.MsgspecError, KeyError, RecursionError, UnicodeError):
            follower.end("bad_request", f"Clients send JSON frames: {', '.join(TAKES)}.")
            return
        await take(self, follower, frame)

    def violated(self, violation: Violation) -> None:
        """Say what the client did, and close."""
        if self.follower is not None:
            self.follower.end(violation.word, violation.message)

    async def take_hello(self, follower: Follower, hello: frames.Hello) -> None:
        """Begin again."""
        try:
            wished = wish.of_hello(hello)
        except Invalid as error:
            follower.end("bad_request", " ".join(fault.detail for fault in error.faults))
            return
        await self.station.attempt(follower, follower.begin(wished))

    async def take_command(self, follower: Follower, command: frames.Command) -> None:
        """Have it done; the stream goes on meanwhile."""
        if self._performer is None:
            self._performer = Performer(self, follower)
        self._performer.ask(command)

    async def take_ack(self, follower: Follower, ack: frames.Ack) -> None:
        """Move the consumer."""
        self.station.consumers.acknowledge(follower, ack.cursor)

    async def take_presence(self, follower: Follower, here: frames.Here) -> None:
        """Say to the others who see the incident that somebody is there."""
        self.station.presence.say(follower, here.incident, here.state)

    def on_pong(self, data: bytes) -> None:
        """A sign of life."""
        self._silent_pings = 0

    def send(self, frame: bytes) -> Sent:
        """Hand over a message."""
        return self.straight.send(frame)

    def tell(self, frame: frames.Frame) -> Sent:
        """Hand over a frame."""
        return self.straight.send(self.encoding.tell(frame))

    def live(self) -> None:
        """The client sees it by the cursors."""

    def ping(self, data: str | bytes = b"") -> None:
        """Ask for a sign of life; who gave none twice is gone."""
        if self._silent_pings >= SILENT_PINGS:
            self.cut()
            return
        self._silent_pings += 1
        with contextlib.suppress(WebSocketClosedError, StreamClosedError):
            super().ping(data)

    def end(self, code: int, reason: str) -> None:
        """Close with a code."""
        self.close(code, reason)

    def cut(self) -> None:
        """Close without a word: `close()` would wait behind what a slow client has not read."""
        self.straight.stream.close()

    def on_close(self) -> None:
        """The connection is gone, whoever closed it."""
        if self.follower is not None:
            if self._performer is not None:
                self._performer.stop()
            self.station.exit(self.follower)

    def _is_flood(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._second >= 1:
            self._second, self._messages = now, 0
        self._messages += 1
        return self._messages > LIMITS.messages_per_second


# What clients may say: the frame's name, its decoder, and who takes it.
TAKES: Final[
    dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Stream, Follower, Any], Awaitable[None]]]]
] = {
    "hello": (msgspec.json.Decoder(frames.Hello), Stream.take_hello),
    "ack": (msgspec.json.Decoder(frames.Ack), Stream.take_ack),
    "command": (msgspec.json.Decoder(frames.Command), Stream.take_command),
    "presence": (msgspec.json.Decoder(frames.Here), Stream.take_presence),
}
