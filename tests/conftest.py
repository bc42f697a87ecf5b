"""Fixtures: real servers once a session, a database a test, ports over it, and two organizations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import orgs
import pytest
import structlog
from orgs import Org, Rung
from servers import Database, Servers, start_servers
from tornado.ioloop import IOLoop

from hub.cli.admin import migrate
from hub.config import Config
from hub.logs import SHARED
from hub.services.ports import Ports, RequestContext
from hub.storage.tx import Store

pytest_plugins = ("web", "bouncer")  # the server on a socket, and its clients; a pooler
ROOT = Path(__file__).resolve().parent.parent
# Files that take long are begun first, so that at the end no worker waits for another one's.
LONG = (
    "test_campaign", "test_schemathesis", "test_up", "test_siege", "test_sight", "test_crash_points",
    "test_settings_people", "test_settings_catalogue", "test_tenancy", "test_matrix", "test_content",
    "test_ten_thousand", "test_poisoned_senders", "test_rolling", "test_poison", "test_connection",
    "test_settings_looks", "test_foreign", "test_worker", "test_real_senders", "test_company",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, in the order of LONG; the others as they were found."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def no_other_loop() -> None:
    """Keep asyncio from making a loop of its own for the first one that asks: nobody would close it."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """JSON lines as in a process: structlog's own way to show an error on a terminal takes 0.7 s each."""
    structlog.configure(
        processors=[*SHARED, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, with a migrated template database."""
    with start_servers((ROOT / "migrations" / "roles.sql").read_text()) as running:
        template = running.create_database(name="hub_template")
        migrate({"HUB_DATABASE_OWNER_URL": template.owner_url})
        yield running


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    """A migrated database of this test's own."""
    made = servers.create_database("hub_template")
    yield made
    servers.drop_database(made)


@pytest.fixture
def config(servers: Servers, database: Database) -> Config:
    """The settings of one process."""
    return Config(
        database_url=database.url,
        database_owner_url=database.owner_url,
        database_pooler=database.pooler,
        redis_url=servers.redis_url,
        secret_keys=("the first key of a test, 32 letters", "an older key, also 32 letters long"),
    )


@pytest.fixture
def rung() -> Rung:
    return Rung()


@pytest.fixture
def ports(io_loop: IOLoop, config: Config, rung: Rung) -> Iterator[Ports]:
    """Services' ports over this test's database."""
    store = Store(config.database_url, pooler=config.database_pooler)
    io_loop.run_sync(store.open)
    yield Ports(store=store, announce=rung.announce, enqueue=rung.enqueue, config=config)
    io_loop.run_sync(store.close)


@pytest.fixture
def found(io_loop: IOLoop, ports: Ports) -> Callable[[str], Org]:
    """Makes an organization by its slug; its owner is owner@SLUG.example."""
    return lambda slug: io_loop.run_sync(lambda: orgs.found(ports, slug), timeout=20)


@pytest.fixture
def acme(found: Callable[[str], Org]) -> Org:
    """The organization that a test works in."""
    return found("acme")


@pytest.fixture
def globex(found: Callable[[str], Org]) -> Org:
    """The other one: nothing of acme's may ever be seen here."""
    return found("globex")


@pytest.fixture
def context() -> RequestContext:
    return RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")
