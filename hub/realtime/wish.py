"""What a client wants of a stream: from where, what of it, and whether the state comes first."""

from __future__ import annotations

from typing import NamedTuple

from hub.contract.frames import SNAPSHOTS, Hello
from hub.contract.signals import Fault
from hub.domain import filter
from hub.domain.errors import Invalid
from hub.domain.filter import EVERYTHING, Filter
from hub.door.request import Request


class Wish(NamedTuple):
    """`after` is a cursor as it was given; `snapshot` a word of SNAPSHOTS."""

    after: str | None = None
    filter: Filter = EVERYTHING
    snapshot: str = "never"


def of_query(request: Request) -> Wish:
    """The wish in a request's query; raise Invalid."""
    return Wish(
        request.get_query_argument("after", None) or None,
        filter.read(request.get_query_argument("filter", "")),
        _snapshot(request.get_query_argument("snapshot", "never")),
    )


def of_hello(hello: Hello) -> Wish:
    """The wish in a frame; raise Invalid."""
    return Wish(hello.after, filter.read(hello.filter), _snapshot(hello.snapshot))


def _snapshot(word: str) -> str:
    if word not in SNAPSHOTS:
        detail = f"snapshot is one of {', '.join(SNAPSHOTS)}."
        raise Invalid([Fault(pointer="/snapshot", code="word", detail=detail)])
    return word
