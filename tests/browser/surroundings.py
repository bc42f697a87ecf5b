"""Fixtures of the browser tests: a running hub, an organization in it, and browsers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from browsing import CHROMIUM, FLAGS, PATIENCE, Hub, Org, Windows
from playwright.sync_api import Browser, expect, sync_playwright
from servers import Servers


@pytest.fixture(scope="session")
def hub(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A running hub with a database of its own."""
    database = servers.create_database("hub_template")
    public, admin = (socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2))
    port = public.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HUB_DATABASE_URL": database.url,
        "HUB_REDIS_URL": servers.redis_url,
        "HUB_SECRET_KEYS": "a key for the browser tests that is long enough",
        "HUB_PORT": str(port),
        "HUB_ADMIN_PORT": str(admin.getsockname()[1]),
        "HUB_INSTALLATION": "browser",
        "HUB_PUBLIC_URL": f"http://hub.test:{port}",
    }
    running = Hub(environment, public, admin, tmp_path_factory.mktemp("hub") / "hub.log")
    try:
        running.start("web")
        running.start("worker")
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
        public.close()
        admin.close()
        servers.drop_database(database)


@pytest.fixture
def org(hub: Hub) -> Org:
    """A new organization; its owner is Ada."""
    return Org.found(hub)


@pytest.fixture(scope="module")
def chromium(hub: Hub) -> Iterator[Browser]:
    """Chromium; one a module, since Playwright's loop and those of other tests exclude each other."""
    if not CHROMIUM and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def windows(chromium: Browser) -> Iterator[Windows]:
    """Browsers for this test. Afterwards nothing was stopped by the policy, thrown, or complained about."""
    made = Windows(chromium)
    yield made
    for context in chromium.contexts:
        context.close()
    assert made.faults == []
