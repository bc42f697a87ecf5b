"""The services' ports for one command: a database, and nobody to ring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.config import Config
from hub.services.health import check_start
from hub.services.ports import Ports
from hub.storage.tx import Store


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Ports]:
    """Ports on an open store. Nothing is announced or enqueued: the polls of the others find it.

    Raise Unsafe for a role that could go round the wall: a command is held by it as a process is.
    """
    store = Store(config.database_url, 2, config.database_pooler)
    await store.open()
    ports = Ports(
        store=store,
        announce=lambda tenant, epoch, head, bodies: None,
        enqueue=lambda kind, tenants: None,
        config=config,
    )
    try:
        await check_start(ports)
        yield ports
    finally:
        await store.close()
