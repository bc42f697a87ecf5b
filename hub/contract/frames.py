"""Stream frames (subprotocol `incidenthub.v1+json`): one JSON object a message, named by `frame`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from hub.contract.closes import CLOSES

SUBPROTOCOL = "incidenthub.v1+json"
# When a stream begins with the state: never, where there is no cursor to go on from, or always.
SNAPSHOTS = ("never", "auto", "always")


def _one_of(*words: str) -> msgspec.Meta:
    """For the description alone: which words there are. A client of an older version may meet others."""
    return msgspec.Meta(extra_json_schema={"enum": list(words)})


def _schema(**schema: object) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema=schema)


# What is in a frame as the bytes that are kept.
_EVENT = _schema(**{"$ref": "#/components/schemas/Event"})
_HEADERS = _schema(type="array", items={"$ref": "#/components/schemas/IncidentResource"})


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="frame", omit_defaults=True):
    """The base of all frames."""


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """Client: start or change what is followed on this socket: behind `after`, or live without it. `filter`,
    `snapshot` and `consumer` are what they are in the query."""

    after: str | None = None
    filter: str = ""
    snapshot: Annotated[str, _one_of(*SNAPSHOTS)] = "never"
    consumer: str = ""


class Ack(Frame, frozen=True, kw_only=True, tag="ack"):
    """Client: everything up to this cursor is done with; the consumer of this stream keeps it."""

    cursor: Annotated[str, msgspec.Meta(max_length=128)]


class Command(Frame, frozen=True, kw_only=True, tag="command"):
    """Client: do something to an incident, as its route would. `id` is what Idempotency-Key is there; `args`
    is the body, and `if_version` a member of it."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern="^[ -~]+$")]
    name: str
    incident: str
    args: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    if_version: int | None = None


class Here(Frame, frozen=True, kw_only=True, tag="presence"):
    """Client: I look at this incident, I write, I have gone."""

    incident: Annotated[str, msgspec.Meta(max_length=64)]
    state: Literal["viewing", "typing", "gone"]


class Retry(msgspec.Struct, frozen=True):
    """The window, in milliseconds, out of which a client draws its reconnect delay."""

    min: int
    max: int


class Limits(msgspec.Struct, frozen=True):
    """What a client may send: bytes a message, messages a second."""

    message_bytes: int
    messages_per_second: int


class Welcome(Frame, frozen=True, kw_only=True, tag="welcome"):
    """The verdict on the resume. `from_` is the cursor where this stream starts, `head` that of now; `holder`
    is who holds its consumer, for acknowledgements that come by HTTP."""

    from_: str = msgspec.field(name="from")
    head: str
    mode: Annotated[str, _one_of("live", "replay", "snapshot")]
    heartbeat_ms: int
    retry: Retry
    limits: Limits
    expires_at: datetime | None = None
    holder: int | None = None


class Events(Frame, frozen=True, kw_only=True, tag="events"):
    """Everything in (after, cursor] that may be seen and was asked for. Apply it only if `after` is byte for
    byte the cursor that you hold; then `cursor` is yours."""

    after: str
    cursor: str
    events: list[Annotated[msgspec.Raw, _EVENT]]


class Mark(Frame, frozen=True, kw_only=True, tag="mark"):
    """Everything up to `cursor` was sent; the next `events` will start after it."""

    cursor: str
    at: datetime


class Reset(Frame, frozen=True, kw_only=True, tag="reset"):
    """Drop your state, read the lists again, go on from `cursor`."""

    reason: Annotated[str, _one_of("epoch", "view", "trimmed", "overflow")]
    cursor: str


class Snapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """The state as of exactly `cursor`: `phase` is begin, chunk (with `items`, incident headers) or end.

    The end says whether that was all; where there are too many, the oldest that are no longer open are left
    to the lists.
    """

    phase: Annotated[str, _one_of("begin", "chunk", "end")]
    cursor: str
    items: Annotated[msgspec.Raw, _HEADERS] | msgspec.UnsetType = msgspec.UNSET
    is_complete: bool | msgspec.UnsetType = msgspec.UNSET


class Hidden(Frame, frozen=True, kw_only=True, tag="hidden"):
    """An incident left your sight, or what you asked for: drop it."""

    incident: str


class Reply(Frame, frozen=True, kw_only=True, tag="reply"):
    """What the route would have answered to the command of this `id`: the status and the body, a problem
    included. `replayed`: the same was asked before; `retry_ms`: ask again after that time."""

    id: str
    status: int
    body: msgspec.Raw
    replayed: bool = False
    retry_ms: int | None = None


class Member(msgspec.Struct, frozen=True):
    """Somebody who is there: a member or an API key, viewing or typing."""

    id: str
    name: str
    state: Annotated[str, _one_of("viewing", "typing")]


class Presence(Frame, frozen=True, kw_only=True, tag="presence"):
    """Who is at an incident now, all of them; in no log, and behind no cursor."""

    incident: str
    members: tuple[Member, ...]


class Goaway(Frame, frozen=True, kw_only=True, tag="goaway"):
    """Dial a new connection with your cursor within `after_ms`, then close this one."""

    after_ms: int
    reason: str


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """Always before a close; `code` is a word of the table of closes."""

    code: Annotated[str, _one_of(*CLOSES)]
    message: str
    retry_ms: int | None = None


CLOSE_CODES: dict[str, int] = {word: close.code for word, close in CLOSES.items()}

# Who sends what; the rest are frames of the server's.
OF_CLIENTS: tuple[type[Frame], ...] = (Hello, Ack, Command, Here)
# What the server sends over WebSocket only.
OF_SOCKETS: tuple[type[Frame], ...] = (Reply, Presence)


def events(after: str, cursor: str, bodies: list[bytes]) -> bytes:
    """The `events` frame of the range (after, cursor], from event bodies that are already encoded:
    the bytes of an Events."""
    return b'{"frame":"events","after":"%s","cursor":"%s","events":[%s]}' % (
        after.encode(),
        cursor.encode(),
        b",".join(bodies),
    )
