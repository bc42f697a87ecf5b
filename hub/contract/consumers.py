"""Durable consumers on the wire: who keeps a place in the stream here, and how far behind it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub.contract.administration import Administrative, Altered
from hub.contract.people import Asked
from hub.contract.resources import Named

# No name looks like an id, so that a consumer stands in addresses with either.
ConsumerName = Annotated[
    str,
    msgspec.Meta(
        max_length=63,
        pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$(?!\n)",
        description="small letters and digits, with single dots or hyphens between them",
    ),
]
Terms = Annotated[str, msgspec.Meta(max_length=1000)]
Cursor = Annotated[str, msgspec.Meta(max_length=128)]


class NewConsumer(Asked, frozen=True, kw_only=True):
    """A consumer to make, which begins at this moment. `filter` has the terms of a stream's."""

    name: ConsumerName
    filter: Terms = ""


class ChangeConsumer(Asked, frozen=True, kw_only=True):
    """What is given is changed. Another filter holds from the stored place on; whoever holds the consumer is
    told to dial again."""

    name: ConsumerName | UnsetType = UNSET
    filter: Terms | UnsetType = UNSET


class Acknowledge(Asked, frozen=True, kw_only=True):
    """Everything up to this cursor is done with. With `holder`, as `welcome` or a page told it, only while
    nobody else has taken the consumer over."""

    cursor: Cursor
    holder: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None


class Acknowledged(msgspec.Struct, frozen=True):
    """The stored cursor as it is now: what was acknowledged, or what was further already."""

    cursor: str


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How many events that it sees come behind its place, out of the next 500 of the log, and when the first
    of them happened; `is_more` where the log goes on behind those."""

    events: int
    is_more: bool
    oldest_at: datetime | None


class ConsumerResource(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer. `lag` is null where its next stream begins with a `reset` (of that reason): its place means
    nothing in the log, or in what its owner sees now. `held` says whether a stream is open for it."""

    id: str
    name: str
    owner: Named
    filter: str
    cursor: str
    lag: Lag | None
    reset: str
    acknowledged_at: datetime | None
    held: bool
    created_at: datetime
    version: int


class ConsumerPage(msgspec.Struct, frozen=True):
    """Consumers in the order in which they were made."""

    data: list[ConsumerResource]
    next_cursor: str | None


class ConsumerCreated(Administrative, frozen=True, kw_only=True):
    """A consumer keeps its place here from now on; the actor's own."""

    kind = "consumer.created"
    about = "consumer"
    name: str
    filter: str


class ConsumerChanged(Administrative, frozen=True, kw_only=True):
    """It has another name or filter."""

    kind = "consumer.changed"
    about = "consumer"
    changes: dict[str, Altered]


class ConsumerDeleted(Administrative, frozen=True, kw_only=True):
    """Its place is forgotten: `reason` is `deleted`, or `owner_gone` with its member or key."""

    kind = "consumer.deleted"
    about = "consumer"
    name: str
    owner: str
    reason: str
