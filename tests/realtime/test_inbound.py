"""Frames of a client make the same messages however they are cut, and whatever comes between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from bare import MASK, frame
from hypothesis import given
from hypothesis import strategies as st

from hub.realtime.inbound import BINARY, PING, PONG, TEXT, Inbound, Violation, Whole

MOST = 1000


def read(inbound: Inbound, sent: bytes, pieces: Iterator[int]) -> Iterator[Whole]:
    """What comes of these frames when the bytes come in pieces of such sizes."""
    while sent:
        width = inbound.begin(sent[0], sent[1])
        size = int.from_bytes(sent[2 : 2 + width], "big") if width else sent[1] & 0x7F
        inbound.measure(size)
        start = 2 + width + len(MASK)
        payload, sent = sent[start : start + size], sent[start + size :]
        payload = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
        while payload:
            taken = next(pieces)
            inbound.take(payload[:taken])
            payload = payload[taken:]
        if whole := inbound.finish():
            yield whole


def cut(draw: st.DrawFn, opcode: int, payload: bytes) -> list[bytes]:
    """A message in fragments, with pings and pongs between them."""
    places = [0, *sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4))), len(payload)]
    frames = []
    for number, (begin, end) in enumerate(pairwise(places)):
        last = number == len(places) - 2
        frames.append(frame(opcode if number == 0 else 0, payload[begin:end], more=not last))
        if not last and draw(st.booleans()):
            frames.append(frame(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=125))))
    return frames


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Whole], bytes]:
    messages, sent = [], b""
    for said in draw(st.lists(st.text(max_size=200) | st.binary(max_size=MOST), max_size=5)):
        opcode = TEXT if isinstance(said, str) else BINARY
        messages.append(Whole(opcode, said))
        sent += b"".join(cut(draw, opcode, said.encode() if isinstance(said, str) else said))
    return messages, sent


@given(conversations(), st.lists(st.integers(1, 300), min_size=1))
def test_messages_are_the_same_however_they_are_cut(
    conversation: tuple[list[Whole], bytes], sizes: list[int]
) -> None:
    messages, sent = conversation
    pieces = (size for _ in iter(int, 1) for size in sizes)
    heard = [whole for whole in read(Inbound(MOST), sent, pieces) if whole.opcode not in (PING, PONG)]
    assert heard == messages


@given(st.binary(max_size=40), st.integers(1, 5))
def test_text_is_taken_exactly_when_it_is_utf_8(payload: bytes, piece: int) -> None:
    inbound, sizes = Inbound(MOST), iter(lambda: piece, 0)
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        with pytest.raises(Violation, match="UTF-8"):
            list(read(inbound, frame(TEXT, payload), sizes))
    else:
        assert list(read(inbound, frame(TEXT, payload), sizes)) == [Whole(TEXT, text)]


def test_the_bound_is_on_the_message_and_not_on_its_fragments() -> None:
    inbound, sizes = Inbound(MOST), iter(lambda: MOST, 0)
    half = b"x" * (MOST // 2)
    fragments = frame(BINARY, half, more=True) + frame(PING, b"x" * 125) + frame(0, half)
    assert list(read(inbound, fragments, sizes))[-1] == Whole(BINARY, half * 2)
    assert list(read(inbound, fragments, sizes))[-1] == Whole(BINARY, half * 2), "it begins anew each time"
    list(read(inbound, frame(BINARY, half * 2, more=True), sizes))
    inbound.begin(0x00, 0x81)
    with pytest.raises(Violation, match="at most 1000 bytes"):
        inbound.measure(1)
