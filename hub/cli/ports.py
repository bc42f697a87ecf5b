"""The services' ports for one command: a database, and nobody to ring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.config import Config
from hub.services.ports import Ports
from hub.storage.tx import Store


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Ports]:
    """Ports on an open store. Nothing is announced or enqueued: the polls of the others find it."""
    store = Store(config.database_url, 2, config.database_pooler)
    await store.open()
    try:
        yield Ports(
            store=store,
            announce=lambda tenant, epoch, head, bodies: None,
            enqueue=lambda kind, tenants: None,
            config=config,
        )
    finally:
        await store.close()
