"""How batches are written: wherever a connection ends, the last cursor says what is still to be told."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import msgspec
import pytest
from truth import Truth

from hub.config import Config
from hub.contract.ids import TenantId, text
from hub.domain.resume import Place
from hub.realtime.encodings import Content, Encoding, Messages, Records
from hub.realtime.longpoll import Pages
from hub.services.cursors import Cursors

TENANT = TenantId(UUID(int=1))
CURSORS = Cursors(Config(database_url="", redis_url="", secret_keys=("a key of a test of 32 letters ...",)))
LEFT = UUID(int=9)
TRUTH = Truth(5)


def cursor(position: int, owed: UUID | None = None) -> str:
    return CURSORS.write(TENANT, Place(epoch=UUID(int=7), position=position, view=b"view", owed=owed))


def messages(sent: bytes) -> list[Any]:
    """What a WebSocket client reads."""
    told = []
    while sent:
        size, start = sent[1], 2
        if size == 126:
            size, start = int.from_bytes(sent[2:4], "big"), 4
        told.append(msgspec.json.decode(sent[start : start + size]))
        sent = sent[start + size :]
    return told


def records(sent: bytes) -> list[Any]:
    """The same of records."""
    told = []
    for record in sent.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in record.split("\n"))
        said = msgspec.json.decode(fields["data"])
        told.append(said if "event" in fields else {"events": [said]})
        told[-1]["cursor"] = fields["id"]
    return told


def pages(sent: bytes) -> list[Any]:
    """A page is one answer."""
    return [msgspec.json.decode(b"{%s}" % sent)]


SPEAKERS = [(Messages(), messages), (Records(is_chunked=False), records), (Pages(256), pages)]
SEVERAL = Content(TRUTH.events[2:], LEFT)
ALONE = Content((), LEFT)


@pytest.mark.parametrize(("encoding", "read"), SPEAKERS)
@pytest.mark.parametrize("content", [SEVERAL, ALONE])
def test_a_cursor_says_whether_its_holder_was_told_what_left(
    encoding: Encoding, read: Any, content: Content
) -> None:
    """After any whole part of what is sent: every event or none is behind the cursor, and so is `hidden`."""
    held, events, hidden = cursor(2), 0, list[str]()
    end = 5
    for part in read(encoding.events(held, cursor(end), content, cursor)):
        assert part.get("after", held) == held
        events += len(part.get("events", []))
        hidden += part.get("hidden", []) or ([part["incident"]] if part.get("frame") == "hidden" else [])
        held = part.get("cursor", held)
        place = CURSORS.read(TENANT, held)
        assert place is not None
        if place.position == end:
            assert events == len(content.events)
            assert place.owed == LEFT or (place.owed is None and hidden == [text("incident", LEFT)])
        else:
            assert events == place.position - 2
    assert held == cursor(end)


@pytest.mark.parametrize("encoding", [Messages(), Records(is_chunked=False), Records(is_chunked=True)])
def test_one_that_was_told_to_the_end_is_owed_nothing(encoding: Encoding) -> None:
    said = encoding.events(cursor(2), cursor(5), Content(TRUTH.events[4:]), cursor)
    assert re.findall(rb"[\w-]{59,}", said)[-1].decode() == cursor(5)
    assert cursor(5, LEFT).encode() not in said
