"""Listening: what tells a sender's silence from our own."""

from __future__ import annotations

from hub.contract.ids import INSTALLATION
from hub.contract.words import Action
from hub.domain.heartbeat import Listening
from hub.services.access import system
from hub.services.ports import Ports
from hub.storage import listening


async def beat(ports: Ports) -> None:
    """Say that the intake is open: every web process does, every two seconds. What it could not say, because
    it or the database was away, counts toward nobody's silence. Raise Unavailable while the database is."""
    system("door", INSTALLATION).require(Action.INBOX_WRITE)
    async with ports.store.begin(INSTALLATION, durable=False) as tx:
        await listening.beat(tx)


async def heard(ports: Ports) -> Listening:
    """Since when senders could be heard, by the database's clock."""
    system("sweeper", INSTALLATION).require(Action.TIMER_FIRE)
    async with ports.store.begin(INSTALLATION) as tx:
        return await listening.read(tx)
