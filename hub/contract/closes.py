"""Why a stream ends: the word of its `error` frame, its close code, and what the client does then."""

from __future__ import annotations

from typing import NamedTuple


class Close(NamedTuple):
    """A close code (RFC 6455, section 7.4), and what the client does."""

    code: int
    then: str


CLOSES: dict[str, Close] = {
    "going_away": Close(1001, "dials again with its cursor, after a jittered pause"),
    "protocol_error": Close(1002, "backs off: it sent, or something garbled, what RFC 6455 forbids"),
    "bad_text": Close(1007, "backs off: its text was no UTF-8"),
    "too_long": Close(1009, "stops: it sent a message of more than 64 KiB"),
    "restart": Close(1012, "dials again with its cursor, after a jittered pause"),
    "bad_request": Close(4000, "stops: it sent what is no frame of a client"),
    "unauthenticated": Close(4001, "gets new credentials"),
    "forbidden": Close(4003, "stops"),
    "unknown_organization": Close(4004, "stops"),
    "rate_limited": Close(4100, "backs off, keeps its cursor: more than 20 messages a second"),
    "too_many_streams": Close(4101, "backs off, keeps its cursor: over 64 views"),
    "server_error": Close(4102, "backs off, keeps its cursor"),
    "slow_reader": Close(4208, "dials again at once, with its cursor"),
    "expired": Close(4300, "gets new credentials"),
    "revoked": Close(4301, "gets new credentials: signed out, or no longer a member"),
    "cursor_invalid": Close(4400, "drops its cursor and its state"),
    "taken_over": Close(4500, "stops: a newer connection holds its consumer"),
    "consumer_gone": Close(4501, "stops: its consumer was deleted"),
}
