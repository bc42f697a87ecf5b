"""What a client wants of a stream: from where, what of it, and whether the state comes first."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.contract.frames import SNAPSHOTS, Hello
from hub.domain import filter
from hub.domain.faults import Faults
from hub.domain.filter import EVERYTHING, WHAT, Filter
from hub.door.request import Request
from hub.services.cursors import Cursors

FILTER: Final = f"Terms of what is asked for: {WHAT}."
TICKET: Final = "A stream ticket, in the place of a cookie or key."
QUERY: Final = {
    "after": "A cursor; without it, live from now on.",
    "filter": FILTER,
    "snapshot": "Whether the state comes first: never (the default), auto (without a cursor, and after a "
    "reset) or always.",
    "ticket": TICKET,
}


class Wish(NamedTuple):
    """`after` is a cursor as it was given; `snapshot` a word of SNAPSHOTS."""

    after: str | None = None
    filter: Filter = EVERYTHING
    snapshot: str = "never"


def of_query(request: Request) -> Wish:
    """The wish in a request's query; what is wrong with it is in the request's faults."""
    return _wish(
        request.faults,
        request.get_query_argument("after", None) or None,
        request.get_query_argument("filter", ""),
        request.get_query_argument("snapshot", "never"),
    )


def of_hello(hello: Hello) -> Wish:
    """The wish in a frame; raise Invalid."""
    faults = Faults()
    wish = _wish(faults, hello.after, hello.filter, hello.snapshot)
    faults.check()
    return wish


def check(request: Request, cursors: Cursors, after: str | None) -> None:
    """Raise Invalid with the faults of a query, where it has some, or where its cursor is of elsewhere."""
    if after is not None and cursors.read(request.grant.tenant, after) is None:
        detail = "This cursor is not one of this organization; start without it."
        request.faults.add("/after", "cursor", detail)
    request.faults.check()


def _wish(faults: Faults, after: str | None, words: str, snapshot: str) -> Wish:
    wanted = EVERYTHING
    with faults.collected():
        wanted = filter.read(words)
    if snapshot not in SNAPSHOTS:
        faults.add("/snapshot", "word", f"snapshot is one of {', '.join(SNAPSHOTS)}.")
    return Wish(after, wanted, snapshot)
