"""What a client may send on a WebSocket, judged as RFC 6455 has it: no I/O, and nothing of Tornado."""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
DATA: Final = frozenset({TEXT, BINARY})
CONTROL: Final = frozenset({CLOSE, PING, PONG})
FINAL, RESERVED, MASKED = 0x80, 0x70, 0x80
CONTROL_MAX: Final = 125
LENGTHS: Final = {126: 2, 127: 8}  # of a length that stands behind the first two bytes (section 5.2)
# Sections 7.4.1 and 7.4.2, and what IANA has added since: 1004 to 1006 and 1015 are never sent.
CLOSES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})

_decoder = codecs.getincrementaldecoder("utf-8")


class Violation(Exception):
    """The connection has to end (section 7.1.7): `word` is one of contract/closes.py."""

    def __init__(self, word: str, message: str) -> None:
        """Say what the client did."""
        super().__init__(message)
        self.word = word
        self.message = message


class Whole(NamedTuple):
    """A message that is complete: a text as text, all else as bytes."""

    opcode: int
    said: str | bytes


class Inbound:
    """Makes messages of the frames of one client. A frame is told in pieces: `begin`, `measure`, `take` for
    whatever of it has come, `finish`. Each raises Violation, at the first byte that may not be.

    Control frames come between the fragments of a message (section 5.4).
    """

    __slots__ = ("_is_final", "_most", "_now", "_unfinished")

    def __init__(self, most: int) -> None:
        """A message may have so many bytes, in whatever fragments."""
        self._most = most
        self._unfinished: _Message | None = None
        self._now: _Message | None = None  # what the frame belongs to
        self._is_final = True

    def begin(self, first: int, second: int) -> int:
        """Judge the first two bytes; how many bytes of length follow them."""
        opcode, size = first & 0x0F, second & 0x7F
        self._is_final = bool(first & FINAL)
        if first & RESERVED:
            raise Violation("protocol_error", "A reserved bit is set, and no extension was agreed on.")
        if not second & MASKED:
            raise Violation("protocol_error", "What a client sends is masked.")
        if opcode in CONTROL:
            if size > CONTROL_MAX or not self._is_final:
                raise Violation("protocol_error", "A control frame has 125 bytes at most and no fragments.")
            self._now = _Message(opcode)
        elif opcode == CONTINUATION:
            if self._unfinished is None:
                raise Violation("protocol_error", "There is no message to continue.")
            self._now = self._unfinished
        elif opcode in DATA:
            if self._unfinished is not None:
                raise Violation("protocol_error", "A message begins before the last one has ended.")
            self._now = self._unfinished = _Message(opcode)
        else:
            raise Violation("protocol_error", f"The opcode {opcode} means nothing.")
        return LENGTHS.get(size, 0)

    def measure(self, size: int) -> None:
        """Judge how many bytes the frame has."""
        now = self._current
        now.size += size
        if now.size > self._most:
            raise Violation("too_long", f"A message has at most {self._most} bytes.")

    def take(self, piece: bytes) -> None:
        """Take what has come of the frame, unmasked."""
        self._current.take(piece)

    def finish(self) -> Whole | None:
        """All of the frame has come; the message, if that is complete with it."""
        now, self._now = self._current, None
        if not self._is_final:
            return None
        if now is self._unfinished:
            self._unfinished = None
        said = now.said()
        if now.opcode == CLOSE and isinstance(said, bytes):
            _judge_close(said)
        return Whole(now.opcode, said)

    @property
    def _current(self) -> _Message:
        if self._now is None:
            raise RuntimeError("No frame has begun.")
        return self._now


class _Message:
    """What has come of one message. Text is decoded as it comes, and bad text told before its end."""

    __slots__ = ("_bytes", "_decoder", "_texts", "opcode", "size")

    def __init__(self, opcode: int) -> None:
        self.opcode = opcode
        self.size = 0
        self._bytes = bytearray()
        self._texts: list[str] = []
        self._decoder = _decoder() if opcode == TEXT else None

    def take(self, piece: bytes) -> None:
        if self._decoder is None:
            self._bytes += piece
        elif text := _decode(self._decoder, piece):
            self._texts.append(text)

    def said(self) -> str | bytes:
        if self._decoder is None:
            return bytes(self._bytes)
        _decode(self._decoder, b"", is_last=True)
        return "".join(self._texts)


def _decode(decoder: codecs.IncrementalDecoder, piece: bytes, is_last: bool = False) -> str:
    try:
        return decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        raise Violation("bad_text", "Text is UTF-8.") from None


def _judge_close(said: bytes) -> None:
    """Nothing, or a code that may be sent, and a reason (section 5.5.1)."""
    if said and int.from_bytes(said[:2], "big") not in CLOSES:
        raise Violation("protocol_error", "This close code is not to be sent.")
    _decode(_decoder(), said[2:], is_last=True)
