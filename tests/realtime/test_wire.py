"""Clients that break RFC 6455, byte for byte on the real stream: each is told what it did, and ends."""

from __future__ import annotations

import asyncio
import inspect
import struct

import pytest
from bare import BINARY, CLOSE, PING, PONG, TEXT, bare, close, frame
from following import follow, note
from orgs import Org
from served import eventually
from tornado.websocket import WebSocketProtocol13
from web import Site

from hub.contract.frames import CLOSE_CODES
from hub.realtime.opening import LIMITS
from hub.realtime.station import Station
from hub.realtime.wire import Strict
from hub.services.ports import Ports

HELLO = b'{"frame":"hello"}'
MOST = LIMITS.message_bytes
# What is no scalar value of Unicode, too long a form, or cut off (RFC 3629).
BAD_TEXT = {
    "a lone continuation": b"\x80",
    "a surrogate": b"\xed\xa0\x80",
    "beyond the last character": b"\xf4\x90",
    "two bytes for a slash": b"\xc0\xaf",
    "a byte of no encoding": b"\xff",
}
NEVER_SENT = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)

BROKEN = {
    **{
        f"reserved bits {bits:#x} of opcode {opcode}": ("protocol_error", frame(opcode, reserved=bits))
        for bits in (0x10, 0x20, 0x40, 0x70)
        for opcode in (TEXT, BINARY, PING, CLOSE)
    },
    **{f"opcode {code}": ("protocol_error", frame(code)) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"close code {code}": ("protocol_error", close(code, b"why")) for code in NEVER_SENT},
    "half a close code": ("protocol_error", frame(CLOSE, b"\x03")),
    "a ping of 126 bytes": ("protocol_error", frame(PING, b"x" * 126)),
    "a pong of 64 KiB": ("protocol_error", frame(PONG, b"x" * 65_536)),
    "a close of 126 bytes": ("protocol_error", close(1000, b"x" * 124)),
    "a ping in fragments": ("protocol_error", frame(PING, more=True)),
    "a close in fragments": ("protocol_error", frame(CLOSE, more=True)),
    "a text without a mask": ("protocol_error", frame(TEXT, HELLO, mask=b"")),
    "a pong without a mask": ("protocol_error", frame(PONG, mask=b"")),
    "a continuation of nothing": ("protocol_error", frame(0, HELLO)),
    "a continuation of nothing, and more": ("protocol_error", frame(0, HELLO, more=True)),
    "a continuation of what has ended": ("protocol_error", frame(PING) + frame(0)),
    "two messages in each other": ("protocol_error", frame(TEXT, HELLO, more=True) + frame(TEXT, HELLO)),
    **{f"text of {name}": ("bad_text", frame(TEXT, b"\xce\xba" + bad)) for name, bad in BAD_TEXT.items()},
    **{f"close with {name}": ("bad_text", close(1000, b"bye " + bad)) for name, bad in BAD_TEXT.items()},
    **{
        f"the first fragment has {name}": ("bad_text", frame(TEXT, b"[" + bad, more=True))
        for name, bad in BAD_TEXT.items()
    },
    "a fragment later": ("bad_text", frame(TEXT, b"[\xf4", more=True) + frame(0, b"\x90", more=True)),
    "half a frame": ("bad_text", frame(TEXT, b"\xff" + b"x" * 200)[:20]),
    "a text that ends in a character": ("bad_text", frame(TEXT, b"[\xe2\x82")),
    "a close that ends in a character": ("bad_text", close(1000, b"\xe2\x82")),
    "one byte too many": ("too_long", frame(TEXT, b"x" * (MOST + 1))),
    "too many bytes, in fragments": ("too_long", frame(TEXT, b"x" * MOST, more=True) + frame(0, b"x")),
    "a size of 2^63": ("too_long", b"\x81\xff" + struct.pack("!Q", 1 << 63)),
}


@pytest.mark.gen_test(timeout=60)
async def test_what_rfc_6455_forbids_is_named_and_ends_the_stream_in_order(
    live: Site, ports: Ports, acme: Org, globex: Org, station: Station
) -> None:
    turns = asyncio.Semaphore(10)

    async def ending(sent: bytes) -> tuple[str, list[int]]:
        async with turns, bare(live, acme) as client:
            await client.send(sent)
            *_, error, closing = await client.end()
            return error.said["code"], [closing.code]

    async with await follow(live.with_key(globex.api_key), globex) as other:
        endings = await asyncio.gather(*(ending(sent) for _, sent in BROKEN.values()))
        assert dict(zip(BROKEN, endings, strict=True)) == {
            name: (word, [CLOSE_CODES[word]]) for name, (word, _) in BROKEN.items()
        }
        await eventually(lambda: len(station._followers) == 1)
        await note(ports, globex, "unharmed")
        assert await other.until("unharmed") == ["unharmed"]


@pytest.mark.gen_test(timeout=30)
async def test_what_comes_behind_a_violation_does_not_hide_why(live: Site, acme: Org) -> None:
    """The kernel answers what nobody reads with a reset, and that may overtake what was sent before."""
    async with bare(live, acme) as client:
        await client.send(close(1005), *[frame(TEXT, b"x" * 60_000)] * 20)
        *_, closing = await client.end()
        assert closing.code == CLOSE_CODES["protocol_error"]


@pytest.mark.gen_test(timeout=30)
async def test_fragments_with_control_frames_between_them_are_one_message(live: Site, acme: Org) -> None:
    text = '{"frame":"hello","x":"\N{EURO SIGN}"}'.encode()
    cut = text.index(b"\x82")
    async with bare(live, acme) as client:
        await client.send(
            frame(TEXT, more=True), frame(0, text[:cut], more=True), frame(PING, b"still there?")
        )
        assert (await client.until(PONG)).payload == b"still there?"
        await client.send(frame(PONG, b"unasked"), frame(0, text[cut:]))
        assert (await client.hear()).said["frame"] == "welcome"


@pytest.mark.gen_test(timeout=30)
async def test_a_close_that_is_right_is_answered_with_its_code(live: Site, acme: Org) -> None:
    for code in (1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999):
        async with bare(live, acme) as client:
            await client.send(close(code, "auf Wiederh\u00f6ren".encode()))
            assert [heard.code for heard in await client.end()] == [code]
    async with bare(live, acme) as client:
        await client.send(frame(CLOSE))
        assert [heard.payload for heard in await client.end()] == [b""]


@pytest.mark.gen_test(timeout=30)
async def test_who_breaks_the_rules_after_our_close_gets_no_second_one(
    live: Site, acme: Org, station: Station
) -> None:
    async with bare(live, acme) as client:
        await station.drain(0)
        await client.until(CLOSE)
        await client.send(close(1005))
        assert await client.end() == []


def test_what_we_use_of_tornado_is_still_there() -> None:
    """A release that renames it would read by its own rules again, without a word."""
    assert "await self._receive_frame()" in inspect.getsource(WebSocketProtocol13._receive_frame_loop)
    assert "_receive_frame_loop()" in inspect.getsource(WebSocketProtocol13._accept_connection)
    assert "self.params.max_message_size" in inspect.getsource(WebSocketProtocol13._receive_frame)
    for name in ("_read_bytes", "_run_callback", "_handle_message", "_wire_bytes_in", "server_terminated"):
        assert f"self.{name}" in inspect.getsource(WebSocketProtocol13), name
        assert f"self.{name}" in inspect.getsource(Strict), name
