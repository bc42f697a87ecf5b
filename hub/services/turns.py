"""Turns of the intake: so many requests are let in at each turn of the loop, the next ones wait or go."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from hub.contract.ids import TenantId

AT_ONCE: Final = 16  # some milliseconds of work, for which everybody else waits at each of their hops
WAITING_MAX: Final = 256  # an eighth of a second, and more would be told too late to come again
SHARE: Final = 192  # of one organization, so that another one finds a place


class Turns:
    """A storm is let in a little at a time, so that what people do meanwhile meets a loop that turns; whoever
    finds too many waiting is told so at once. Organizations take turns, so that the only alert of one does
    not wait behind all those of another."""

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._lines: dict[TenantId, deque[asyncio.Future[None]]] = {}  # whose turn is next comes first
        self._waiting = 0
        self._is_turning = False

    async def take(self, tenant: TenantId, is_patient: bool = False) -> bool:
        """Wait for a turn; False, without a wait, where too many do. The patient, whose senders do not come
        again, wait however many there are (the receiver bounds them)."""
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        if self._free > 0 and not self._lines:
            self._free -= 1
            return True
        line = self._lines.get(tenant, ())
        if not is_patient and (self._waiting >= WAITING_MAX or len(line) >= SHARE):
            return False
        let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(tenant, deque()).append(let_in)
        self._waiting += 1
        await let_in
        return True

    def _turn(self) -> None:
        """The loop has turned: let the next ones in, one of each organization after the other, each in the
        order they came."""
        self._free = AT_ONCE
        while self._lines and self._free > 0:
            tenant = next(iter(self._lines))
            line = self._lines.pop(tenant)
            let_in = line.popleft()
            self._waiting -= 1
            if line:
                self._lines[tenant] = line  # behind the others
            if not let_in.done():  # who has gone away takes no turn
                let_in.set_result(None)
                self._free -= 1
        self._is_turning = bool(self._lines)
        if self._is_turning:
            asyncio.get_running_loop().call_soon(self._turn)
