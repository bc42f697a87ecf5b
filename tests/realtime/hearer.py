"""A reader without a socket: takes the bytes of whatever transport, and has each part of them judged."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from judge import Judge

from hub.contract import frames
from hub.realtime.encodings import Encoding, Messages, Records
from hub.realtime.longpoll import Pages


class Said(msgspec.Struct):
    """Any frame, or a page of long-poll; events stay bytes."""

    frame: str = ""
    after: str = ""
    cursor: str = ""
    events: list[msgspec.Raw] = []
    hidden: list[str] = []
    incident: str = ""
    reason: str = ""


ENCODINGS: dict[str, Encoding] = {
    "socket": Messages(), "records": Records(is_chunked=False), "pages": Pages(7),
}  # fmt: skip


class Hearer:
    """The line of one connection. What it `is_held` from it must not be told; `drops_after` is how many parts
    of what comes it still takes before its connection ends."""

    straight = None

    def __init__(self, transport: str, judge: Judge) -> None:
        self.encoding = ENCODINGS[transport]
        self.transport = transport
        self.judge = judge
        self.is_held = False
        self.is_slow = False
        self.is_gone = False
        self.drops_after: int | None = None
        self._stuck: list[asyncio.Future[None]] = []

    def send(self, sent: bytes) -> asyncio.Future[None] | None:
        """Take a frame of the pump's."""
        if self.is_held:
            self.judge.findings.append("I10: told something while its rights were in doubt")
        if self._stuck:
            self.judge.findings.append("I11: more than one frame in flight")
        for part in PARTS[self.transport](sent):
            self._take(part)
        if not self.is_slow:
            return None
        drained: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stuck.append(drained)
        return drained

    def tell(self, frame: frames.Frame) -> asyncio.Future[None] | None:
        """Take a frame of its own."""
        if self.transport != "pages":
            return self.send(self.encoding.tell(frame))
        self._take(msgspec.json.decode(msgspec.json.encode(frame), type=Said))
        return None

    def read_on(self) -> None:
        """Take what was in flight."""
        self.is_slow = False
        while self._stuck:
            self._stuck.pop().set_result(None)

    def live(self) -> None:
        """Nothing depends on it."""

    def ping(self) -> None:
        """Nothing depends on it."""

    def end(self, code: int, reason: str) -> None:
        """Close."""
        self.is_gone = True

    def cut(self) -> None:
        """Close without a word."""
        self.is_gone = True

    def _take(self, said: Said) -> None:
        if self.is_gone:
            return
        match said.frame:
            case "hidden":
                self.judge.hidden(said.incident)
            case "mark":
                self.judge.mark(said.cursor)
            case "reset":
                self.judge.reset(said.reason, said.cursor)
        if said.frame in {"", "events"} or (said.frame == "hidden" and said.cursor):
            after, bodies = said.after or self.judge.held, [bytes(body) for body in said.events]
            self.judge.batch(after, said.cursor, bodies, said.hidden)
        if self.drops_after is not None:
            self.drops_after -= 1
            self.is_gone = self.drops_after <= 0


def _messages(sent: bytes) -> list[Said]:
    """Unmasked text messages (RFC 6455, section 5.2)."""
    found = []
    while sent:
        size, start = sent[1], 2
        if size == 126:
            size, start = int.from_bytes(sent[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(sent[2:10], "big"), 10
        found.append(msgspec.json.decode(sent[start : start + size], type=Said))
        sent = sent[start + size :]
    return found


def _records(sent: bytes) -> list[Said]:
    found = []
    for record in sent.split(b"\n\n")[:-1]:
        fields = dict(line.split(b": ", 1) for line in record.split(b"\n") if b": " in line)
        id = fields.get(b"id", b"").decode()
        if b"event" in fields:
            said = msgspec.json.decode(fields[b"data"], type=Said)
            found.append(msgspec.structs.replace(said, cursor=id))
        else:
            found.append(Said(cursor=id, events=[msgspec.Raw(fields[b"data"])]))
    return found


def _pages(sent: bytes) -> list[Said]:
    return [msgspec.json.decode(b"{%s}" % sent, type=Said)]


PARTS: dict[str, Any] = {"socket": _messages, "records": _records, "pages": _pages}
