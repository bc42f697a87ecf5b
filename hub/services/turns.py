"""Turns of the intake: so many requests are let in at each turn of the loop, the next ones wait or go."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Final

from hub.contract.ids import TenantId

AT_ONCE: Final = 24  # some milliseconds of work, for which everybody else waits
WAITING_MAX: Final = 256  # an eighth of a second, and more would be told too late to come again
SHARE: Final = 192  # of one organization, so that another one finds a place


class Turns:
    """A storm is let in a little at a time, so that what people do meanwhile meets a loop that turns; whoever
    finds too many waiting is told so at once."""

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._queue: deque[tuple[TenantId, asyncio.Future[None]]] = deque()
        self._waiting: Counter[TenantId] = Counter()
        self._is_turning = False

    async def take(self, tenant: TenantId, is_patient: bool = False) -> bool:
        """Wait for a turn; False, without a wait, where too many do. The patient, whose senders do not come
        again, wait however many there are (the receiver bounds them)."""
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._free > 0 and not self._queue:
            self._free -= 1
            return True
        is_full = len(self._queue) >= WAITING_MAX or self._waiting[tenant] >= SHARE
        if is_full and not is_patient:
            return False
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((tenant, let_in))
        self._waiting[tenant] += 1
        await let_in
        return True

    def _turn(self) -> None:
        """The loop has turned: let the next ones in, in the order they came."""
        self._free = AT_ONCE
        while self._queue and self._free > 0:
            tenant, let_in = self._queue.popleft()
            self._waiting[tenant] -= 1
            if not self._waiting[tenant]:
                del self._waiting[tenant]
            if not let_in.done():  # who has gone away takes no turn
                let_in.set_result(None)
                self._free -= 1
        self._is_turning = bool(self._queue)
        if self._is_turning:
            asyncio.get_running_loop().call_soon(self._turn)
