"""What a client wants of a stream: from where, what of it, and whether the state comes first."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hub.contract.frames import SNAPSHOTS, Hello
from hub.domain import filter
from hub.domain.faults import Faults
from hub.domain.filter import EVERYTHING, WHAT, Filter
from hub.door.request import Request
from hub.services.cursors import Cursors

NAME: Final = re.compile(r"[a-z0-9.-]{1,63}", re.ASCII)
FILTER: Final = f"Terms of what is asked for: {WHAT}."
TICKET: Final = "A stream ticket, in the place of a cookie or key."
CONSUMER: Final = "The name of a consumer of one's own: its filter, and its place where `after` is not given."
QUERY: Final = {
    "after": "A cursor; without it, live from now on.",
    "filter": FILTER,
    "snapshot": "Whether the state comes first: never (the default), auto (without a cursor, and after a "
    "reset) or always.",
    "ticket": TICKET,
    "consumer": CONSUMER,
}


class Wish(NamedTuple):
    """`after` is a cursor as it was given; `snapshot` a word of SNAPSHOTS; `consumer` a name, `holder` its
    holder until now. What does not last is one page of a poll, whose client comes back for the next one."""

    after: str | None = None
    filter: Filter = EVERYTHING
    snapshot: str = "never"
    consumer: str = ""
    holder: int | None = None
    lasts: bool = True


def of_query(request: Request) -> Wish:
    """The wish in a request's query; what is wrong with it is in the request's faults."""
    return _wish(
        request.faults,
        request.get_query_argument("after", None) or None,
        request.get_query_argument("filter", ""),
        request.get_query_argument("snapshot", "never"),
        request.get_query_argument("consumer", ""),
    )


def of_hello(hello: Hello) -> Wish:
    """The wish in a frame; raise Invalid."""
    faults = Faults()
    wish = _wish(faults, hello.after, hello.filter, hello.snapshot, hello.consumer)
    faults.check()
    return wish


def check(request: Request, cursors: Cursors, after: str | None) -> None:
    """Raise Invalid with the faults of a query, where it has some, or where its cursor is of elsewhere."""
    if after is not None and cursors.read(request.grant.tenant, after) is None:
        detail = "This cursor is not one of this organization; start without it."
        request.faults.add("/after", "cursor", detail)
    request.faults.check()


def _wish(faults: Faults, after: str | None, words: str, snapshot: str, consumer: str) -> Wish:
    wanted = EVERYTHING
    with faults.collected():
        wanted = filter.read(words)
    if snapshot not in SNAPSHOTS:
        faults.add("/snapshot", "word", f"snapshot is one of {', '.join(SNAPSHOTS)}.")
    if consumer and not NAME.fullmatch(consumer):
        faults.add("/consumer", "invalid", "This is no name of a consumer.")
    if consumer and words:
        faults.add("/filter", "not_a_choice", "A consumer has its own filter; change it there.")
    return Wish(after, wanted, snapshot, consumer)
