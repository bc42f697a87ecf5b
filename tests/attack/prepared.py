"""Fixtures of the attack over the tables of routes and commands."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from caller import Caller
from estate import found, settled, together
from orgs import Org
from servers import Database
from setting import Scene, Watch
from tornado.ioloop import IOLoop
from web import Site

from hub.door.application import House
from hub.door.limits import Quotas


@pytest.fixture
def scene(
    io_loop: IOLoop, site: Site, house: House, database: Database, acme: Org, globex: Org
) -> Iterator[Scene]:
    """All of it, ready to be attacked; with quotas that are out of the way, and without access lines: beside
    thousands of them nobody would find which case failed."""
    object.__setattr__(house.desk, "quotas", Quotas(10_000_000, 10_000_000, 10_000_000, 1))
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ports, call = house.desk.ports, Caller(house.desk.ports.config.port)

    async def prepare() -> Scene:
        estates = [await found(ports, call, org) for org in (acme, globex)]
        both = await together(ports, *estates)
        await settled(call, *((visitor, each) for each in estates for visitor in (*each.visitors, both)))
        watch = Watch()
        watch.on(ports.store)
        return Scene(call, ports, database, *estates, both, watch)

    yield io_loop.run_sync(prepare, timeout=30)
    io_loop.run_sync(call.close)
    structlog.configure(**before)
