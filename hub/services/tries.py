"""Tries to sign in, counted in the log: neither another process nor a restart gives an account more."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from hub.config import Config
from hub.contract.ids import text
from hub.domain.errors import RateLimited
from hub.storage.failures import failures
from hub.storage.tx import Tx

FAILURES_MAX = 20
WINDOW = timedelta(minutes=15)


def nobody(config: Config, email: str) -> UUID:
    """The account of a name that nobody has. A keyed hash: it tells equal names apart from others, and what
    was typed, which may be a password, cannot be found again without the key."""
    digest = hmac.new(config.keys("sign-in")[0], email.encode(), hashlib.sha256).digest()
    return UUID(bytes=digest[:16])


async def check(tx: Tx, account: UUID, now: datetime) -> None:
    """Raise RateLimited while the last 20 tries of an account have failed within 15 minutes.

    A known account's are in the person's log, an unknown one's in the installation's: `tx` is of that tenant,
    and the same work is done. Addresses are counted by each process alone (door/limits.py): across tenants
    only unknown names could be summed, and that sum would tell which names are known.
    """
    found = await failures(tx, text("tenant", account), now - WINDOW, FAILURES_MAX)
    if len(found) >= FAILURES_MAX:
        raise RateLimited(retry_after=max(1, int((found[-1] + WINDOW - now).total_seconds()) + 1))
