"""A server of a test's own: its database behind a proxy, its bell, its heartbeat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from following import Following, follow
from orgs import Org
from proxy import Proxy, proxied
from tornado.netutil import bind_sockets
from web import Site, serving

from hub.app import build
from hub.config import Config, assets
from hub.door.gate import Gate
from hub.embedded.spec import until
from hub.handlers import pages
from hub.realtime.doorbell import Doorbell
from hub.realtime.station import Station
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage.tx import Store


@dataclass
class Server:
    """A server of a test's own. `ports` commit past the proxy that its database is behind."""

    site: Site
    ports: Ports
    station: Station
    database: Proxy

    async def follow(self, org: Org, after: str = "") -> Following:
        """A stream of the organization's key."""
        return await follow(self.site.with_key(org.api_key), org, after)


@asynccontextmanager
async def server(
    ports: Ports, config: Config, heartbeat: float = 15.0, dialled: int = 0
) -> AsyncIterator[Server]:
    """Serve with `config`, whose Redis may be another one, and ring there. Where a proxy of the test stands
    before it, `dialled` is the proxy's port, which clients name as Host."""
    [bound] = bind_sockets(0, "127.0.0.1")
    config = msgspec.structs.replace(config, port=dialled or bound.getsockname()[1])
    async with proxied(config.database_url) as database, AsyncExitStack() as stack:
        store, doorbell = Store(database.url), Doorbell(config)
        behind = replace(ports, store=store, config=config, announce=doorbell)
        station, gate = Station(behind, heartbeat), Gate()
        gate.is_open = True
        house = build(behind, gate, Receiver(behind), station, pages.load(assets("static")))
        await store.open()
        stack.push_async_callback(store.close)
        await doorbell.start()
        stack.push_async_callback(doorbell.stop)
        site = await stack.enter_async_context(serving(house, bound))
        await station.start()
        stack.push_async_callback(station.stop)
        yield Server(site, replace(ports, announce=doorbell), station, database)


async def eventually(question: Any) -> None:
    """Wait until the answer is yes."""

    async def ask() -> bool:
        return bool(question())

    await until(ask, 10)
