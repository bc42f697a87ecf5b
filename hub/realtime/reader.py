"""A connection as the pump sees it: a position in one feed, a view, and at most one frame in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.domain.sight import View
from hub.realtime.feed import Feed


class Reader:
    """`position` is how far its feed was looked through for it, `told` the place of its last cursor.

    They differ while the last events were none that it may see. `send` hands over one frame and returns
    the future of its having drained, or None when the connection is gone; `cut` drops the connection.
    """

    __slots__ = (
        "busy_since", "cut", "drained", "feed", "held", "position", "replays", "reset", "send", "told",
        "view", "view_hash", "waits",
    )  # fmt: skip

    def __init__(
        self,
        feed: Feed,
        view: View,
        position: int,
        send: Callable[[bytes], asyncio.Future[None] | None],
        cut: Callable[[], None],
    ) -> None:
        self.feed = feed
        self.position = self.told = position
        self.send = send
        self.cut = cut
        self.replays = True  # has not been at the head yet
        self.reset = ""  # the reason of a reset that has to be sent first
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
