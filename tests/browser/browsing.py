"""What the browser tests speak of: a hub of real processes, organizations with people, browsers."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from hub.cli.children import command as child
from hub.cli.children import web_processes
from hub.config import Config, read
from hub.contract.ids import TenantId
from hub.contract.words import Role
from hub.embedded import Spec
from hub.services import founding, joining
from hub.services.access import system
from hub.services.change import change
from hub.services.founding import Founded
from hub.services.ports import Ports
from hub.storage import directory
from hub.storage.tx import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP hub.test 127.0.0.1",
]
PASSWORD = "correct horse battery staple"
PATIENCE = 15_000
# What a browser logs by itself when an answer is no success; what the page makes of it is tested.
EXPECTED = (
    "Failed to load resource",
    "WebSocket connection to",
    "The Cross-Origin-Opener-Policy header has been ignored",
)


@dataclass
class Hub:
    """A web and a worker process. The listening sockets are held here, as `up` holds them."""

    environment: dict[str, str]
    public: socket.socket
    admin: socket.socket
    log: Path
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.public.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start the `web` or the `worker` process."""
        [web] = web_processes(1, self.environment, self.public, self.admin)
        spec: Spec = web if name == "web" else child("worker", "worker", environment=self.environment)
        with self.log.open("ab") as output:
            self.children[name] = subprocess.Popen(spec.argv, stdout=output, stderr=output, **spec.options())

    def kill(self, name: str) -> None:
        """End a process without a word."""
        process = self.children.pop(name)
        process.kill()
        process.wait(10)

    def wait_until_ready(self) -> None:
        """Wait until requests are answered; fail with the log when that takes too long."""
        until = time.monotonic() + 20
        while time.monotonic() < until and all(one.poll() is None for one in self.children.values()):
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310 (loopback)
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the hub is not ready:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Ask both to finish."""
        for process in self.children.values():
            process.terminate()
        for process in self.children.values():
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def in_a_loop_of_its_own(work: Callable[[Ports], Any], config: Config) -> Any:
    """Await a service in another thread: Playwright's loop occupies this one."""

    async def run() -> Any:
        store = Store(config.database_url)
        await store.open()
        try:
            silent: Any = lambda *_: None  # noqa: E731
            return await work(Ports(store=store, announce=silent, enqueue=silent, config=config))
        finally:
            await store.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, run()).result(30)


_numbers = count(1)


@dataclass(frozen=True)
class Org:
    """An organization and its keys."""

    hub: Hub
    founded: Founded
    tenant: TenantId

    @classmethod
    def found(cls, hub: Hub) -> Org:
        """A new organization with a service, an integration and a key; its owner is Ada."""

        async def work(ports: Ports) -> Org:
            slug = f"org-{next(_numbers)}"
            founded = await founding.found(ports, slug, slug.title(), f"ada@{slug}.example", PASSWORD)
            tenant = await directory.find_organization(ports.store, slug)
            assert tenant
            return cls(hub, founded, tenant)

        made: Org = in_a_loop_of_its_own(work, read(hub.environment))
        return made

    @property
    def slug(self) -> str:
        return self.founded.organization

    @property
    def url(self) -> str:
        return f"{self.hub.url}/orgs/{self.slug}"

    def post(self, path: str, key: str | None, body: dict[str, Any]) -> Any:
        """Ask the API with a key."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.hub.url + path, json.dumps(body).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (loopback)
            return json.load(answer)

    def alert(self, title: str, **more: Any) -> None:
        """Send an alert, as a monitoring system does."""
        body = {"title": title, "severity": "critical", "dedup_key": title} | more
        self.post("/api/v1/ingest/events", self.founded.integration_key, body)

    def perform(self, number: int, command: str, **body: Any) -> Any:
        """Do something to an incident, as a bot does."""
        path = f"/api/v1/orgs/{self.slug}/incidents/{number}/{command}"
        return self.post(path, self.founded.api_key, body)

    def join(self, name: str, role: Role) -> str:
        """Make another member; the address to sign in with."""

        async def work(ports: Ports) -> str:
            email = f"{name.lower()}@{self.slug}.example"
            person = await joining.register(ports, email, name, PASSWORD, founding.CONTEXT)
            async with change(ports, system("founder", self.tenant, self.slug), founding.CONTEXT) as changed:
                await joining.join(changed, person, name, role)
            return email

        return str(in_a_loop_of_its_own(work, read(self.hub.environment)))


class Windows:
    """Makes browsers, and keeps what went wrong in any of their pages."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self.faults: list[str] = []

    def browser(self, **options: Any) -> BrowserContext:
        """A browser of its own, with its own cookies."""
        context = self._chromium.new_context(**options)
        context.set_default_timeout(PATIENCE)
        # what the policy stops is told as an error on the console
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))
        return context

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            self.faults.append(message.text)

    def sign_in(self, org: Org, email: str = "", path: str = "", **options: Any) -> Page:
        """A browser with somebody (the owner) who has signed in and is on a page, live."""
        page = self.browser(**options).new_page()
        page.goto(org.url + path)
        enter(page, email or org.founded.email)
        page.wait_for_url(org.url + path)
        expect(page.locator(".pill")).to_have_text("Live")
        return page


def enter(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill the sign-in form and send it."""
    page.wait_for_url("**/sign-in**")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def row(page: Page, name: str) -> Locator:
    """The row of somebody or something in the page's own list."""
    return page.locator("main .items > li").filter(has=page.get_by_text(name, exact=True))


def section(page: Page, name: str) -> Locator:
    """A part of a page, by its heading."""
    return page.get_by_role("region", name=name, exact=True)


def ask(page: Page, method: str, path: str, body: Any = None, version: int = 0) -> Any:
    """Ask the API as the page would, from elsewhere."""
    script = """async ([method, path, body, version]) => {
      const { csrf } = await (await fetch("/api/v1/me")).json();
      const headers = { "content-type": "application/json", "x-csrf-token": csrf };
      if (version) headers["if-match"] = `"${version}"`;
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      return [answer.status, await answer.json()];
    }"""
    status, answer = page.evaluate(script, [method, path, body, version])
    assert status < 300, answer
    return answer


def axe_faults(page: Page) -> list[str]:
    """What axe finds on a page as it stands: which rule, which element, and why."""
    return [
        f"{page.url} {one['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for one in Axe().run(page).response["violations"]
        for node in one["nodes"]
    ]
