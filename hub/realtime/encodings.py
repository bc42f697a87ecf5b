"""How a stream speaks: the same events and frames, as WebSocket messages or as records of SSE."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from hub.contract import frames
from hub.contract.ids import text
from hub.realtime.chunks import SIZE
from hub.storage.log import LogEvent

SHORT, MIDDLE = 125, 65_535  # payload lengths of RFC 6455, section 5.2
FINAL_TEXT: Final = 0x81

dice = random.SystemRandom()
_encoder = msgspec.json.Encoder()


class Content(NamedTuple):
    """What a batch holds: events, and the incident that the last of them took out of the view; or no events,
    and one that became private."""

    events: Sequence[LogEvent]
    hidden: UUID | None = None


class CursorAt(Protocol):
    """Gives the cursor of a position inside a batch, or of one where an incident's leaving is still owed."""

    def __call__(self, position: int, owed: UUID | None = None) -> str: ...


class Encoding(Protocol):
    """Readers of one encoding share bytes, so an encoding knows nothing of a connection.

    `name` tells encodings apart; `most` bounds the events of one batch.
    """

    @property
    def name(self) -> str:
        """One word, the same for equal bytes."""
        ...

    @property
    def most(self) -> int:
        """At most so many events in one batch."""
        ...

    def events(self, after: str, cursor: str, batch: Content, cursor_at: CursorAt) -> bytes:
        """The batch (after, cursor]. What is hidden is told behind the events and before `cursor`: who holds
        that one has been told, and who loses the connection between the two holds another one."""
        ...

    def tell(self, frame: frames.Frame) -> bytes:
        """Any other frame."""
        ...


class Messages:
    """WebSocket: one frame is one unfragmented, unmasked text message (RFC 6455, section 5.2)."""

    name = "messages"
    most = SIZE

    def events(self, after: str, cursor: str, batch: Content, cursor_at: CursorAt) -> bytes:
        """One `events` frame. Where an incident is hidden: the events, if there are any; `hidden`; and an
        `events` frame without one, whose cursor says that it was told."""
        bodies = [event.body for event in batch.events]
        if batch.hidden is None:
            return message(frames.events(after, cursor, bodies))
        said = b""
        if bodies:
            owing = cursor_at(batch.events[-1].position, batch.hidden)
            said, after = message(frames.events(after, owing, bodies)), owing
        hidden = frames.Hidden(incident=text("incident", batch.hidden))
        return said + self.tell(hidden) + message(frames.events(after, cursor, []))

    def tell(self, frame: frames.Frame) -> bytes:
        """One message."""
        return message(_encoder.encode(frame))


class Records:
    """Server-Sent Events (WHATWG HTML, section 9.2): an event is one record with its cursor as `id`, every
    other frame one record whose `event` is the frame's name.

    `is_chunked` wraps each batch as one chunk of HTTP/1.1 (RFC 9112, section 7.1).
    """

    most = SIZE

    def __init__(self, is_chunked: bool) -> None:
        self._is_chunked = is_chunked
        self.name = "chunked records" if is_chunked else "records"

    def events(self, after: str, cursor: str, batch: Content, cursor_at: CursorAt) -> bytes:
        """One record an event, and a `hidden` one; the id of the last record is the cursor of the batch."""
        records = [(cursor_at(event.position), b"data: " + event.body) for event in batch.events]
        if batch.hidden is not None:
            if records:
                owing = cursor_at(batch.events[-1].position, batch.hidden)
                records[-1] = (owing, records[-1][1])
            hidden = frames.Hidden(incident=text("incident", batch.hidden))
            records.append((cursor, b"event: hidden\ndata: " + _encoder.encode(hidden)))
        else:
            records[-1] = (cursor, records[-1][1])
        return self._wrap(b"".join(b"id: %s\n%s\n\n" % (id.encode(), said) for id, said in records))

    def tell(self, frame: frames.Frame) -> bytes:
        """One record. A frame without a cursor has no id: it moves nobody."""
        lines = [b"event: %s" % str(frame.__struct_config__.tag).encode(), b"data: " + _encoder.encode(frame)]
        match frame:
            case frames.Welcome():  # each client its own pause, so that a crowd does not come back at once
                lines += [
                    b"id: " + frame.from_.encode(),
                    b"retry: %d" % dice.randint(frame.retry.min, frame.retry.max),
                ]
            case frames.Error(retry_ms=int(pause)):
                lines.append(b"retry: %d" % dice.randint(pause, 2 * pause))
            case frames.Mark() | frames.Reset():
                lines += [b"id: " + frame.cursor.encode(), b":"]  # the comment is for proxies that count them
        return self._wrap(b"\n".join(lines) + b"\n\n")

    def _wrap(self, text: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(text), text) if self._is_chunked else text


def message(payload: bytes) -> bytes:
    """A WebSocket text message of a server."""
    size = len(payload)
    if size <= SHORT:
        return bytes((FINAL_TEXT, size)) + payload
    if size <= MIDDLE:
        return struct.pack("!BBH", FINAL_TEXT, 126, size) + payload
    return struct.pack("!BBQ", FINAL_TEXT, 127, size) + payload
