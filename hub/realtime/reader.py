"""A connection as the pump sees it: a position in one feed, a view, and at most one frame in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from hub.contract import frames
from hub.domain.sight import View
from hub.realtime.encodings import Encoding
from hub.realtime.feed import Feed
from hub.realtime.wire import Straight

if TYPE_CHECKING:
    from hub.realtime.audience import Audience

Sent = asyncio.Future[None] | None
NEVER_EMPTY: Final[Sized] = (None,)


class Line(Protocol):
    """What carries a stream: a WebSocket, a response without an end, or one page of a poll."""

    @property
    def encoding(self) -> Encoding:
        """How it speaks."""
        ...

    @property
    def straight(self) -> Straight | None:
        """The way to its socket, where it has one."""
        ...

    def send(self, frame: bytes) -> Sent:
        """Hand over encoded bytes. None: the kernel has all of them. Else a future of their having drained,
        which fails when the connection is gone."""
        ...

    def tell(self, frame: frames.Frame) -> Sent:
        """Hand over a frame that is this reader's alone."""
        ...

    def live(self) -> None:
        """The stream has come to the head for the first time."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def end(self, code: int, reason: str) -> None:
        """Close politely."""

    def cut(self) -> None:
        """Close without a word."""


class Reader:
    """`position` is how far its feed was looked through for it, `told` the place of its last cursor; they
    differ while the last events were none that it may see. In an audience, the position is the audience's.

    While nothing is `pending`, `push` is its socket's own `send`; `send` is for every other case.
    """

    __slots__ = (
        "anew", "audience", "busy_since", "drained", "feed", "held", "late", "line", "owed", "pending",
        "position", "push", "replays", "reset", "send", "told", "too_slow", "view", "view_hash", "waits",
    )  # fmt: skip

    def __init__(self, feed: Feed, view: View, position: int, line: Line) -> None:
        self.feed = feed
        self.position = self.told = position
        self.line = line
        self.send = line.send
        straight = line.straight
        self.pending: Sized = straight.pending if straight is not None else NEVER_EMPTY
        self.push: Callable[[bytes], int] = straight.push if straight is not None else _no_socket
        self.audience: Audience | None = None
        self.replays = True  # has not been at the head yet
        self.owed: UUID | None = None  # the incident whose leaving has to be told first
        self.reset = ""  # the reason of a reset that has to be sent first
        self.anew: Callable[[str], None] | None = None  # who sends it, where the state follows
        self.too_slow: Callable[[], None] | None = None  # who ends it, where no state can follow
        self.late: tuple[float, int] | None = None  # when it was seen to block, and where the head was then
        self.held = False  # its rights are being read again
        self.waits = False  # for a chunk
        self.busy_since: float | None = None
        self.drained: asyncio.Future[None] | None = None
        self.look(view)

    def look(self, view: View) -> None:
        """See the log through `view` from now on."""
        self.view = view
        self.view_hash = view.hash

    async def idle(self) -> None:
        """Wait until no frame is in flight; a reader that blocks too long is cut, which ends this too."""
        while self.busy_since is not None:
            if self.drained is None:
                self.drained = asyncio.get_running_loop().create_future()
            await self.drained


def _no_socket(frame: bytes) -> int:
    raise NotImplementedError("never called: something is always pending")
