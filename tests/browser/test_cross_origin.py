"""A page of elsewhere in the browser of somebody who is signed in: it changes nothing, and reads nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from browsing import Hub, Org, enter
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Request, expect
from running import eventually
from servers import Servers

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser

# What a page can do by itself: each answers with whatever it could read, and nothing where it could not.
ATTACKS = {
    "socket": """async ({socket}) => {
      const heard = [];
      await new Promise((over) => {
        const made = new WebSocket(socket, ["incidenthub.v1+json"]);
        made.onopen = () => heard.push("open");
        made.onmessage = ({data}) => { heard.push(data); made.close(); };
        made.onclose = made.onerror = over;
      });
      return heard;
    }""",
    "events": """async ({events, lists}) => {
      const heard = [];
      await new Promise((over) => {
        const made = new EventSource(events, {withCredentials: true});
        made.onopen = () => heard.push("open");
        for (const name of ["welcome", "events", "mark", "message"]) {
          made.addEventListener(name, ({data}) => { heard.push(data); made.close(); over(); });
        }
        made.onerror = () => { made.close(); over(); };
      });
      for (const url of lists) {
        for (const mode of ["cors", "no-cors"]) {
          const text = await fetch(url, {mode, credentials: "include"}).then((it) => it.text(), () => "");
          if (text) heard.push(text);
        }
        await new Promise((over) => {
          const made = document.createElement("script");
          made.onload = () => { heard.push(`ran ${url}`); over(); };
          made.onerror = over;
          try {
            made.src = url;
          } catch {
            over(); // our own pages may not even say so
          }
          document.body.append(made);
        });
      }
      return heard;
    }""",
    "form": """async ({changes, opens, service}) => {
      const post = (action, enctype, name, value) => new Promise((over) => {
        const into = document.createElement("iframe");
        into.name = `f${Math.random()}`;
        const form = document.createElement("form");
        Object.assign(form, {action, enctype, method: "post", target: into.name});
        if (name) {
          const input = document.createElement("input");
          Object.assign(input, {type: "hidden", name, value});
          form.append(input);
        }
        document.body.append(into, form);
        into.onload = over;
        form.submit();
      });
      const said = `{"title":"forged","service":"${service}","x":"`;
      for (const url of changes) await post(url, "text/plain");
      await post(opens, "text/plain", said, '"}');
      await post(opens, "application/x-www-form-urlencoded", "title", "forged");
      await post(opens, "multipart/form-data", "title", "forged");
      return [];
    }""",
    "json": """async ({changes, opens, service}) => {
      const body = JSON.stringify({title: "forged", service});
      const heard = [];
      const send = async (url, options) => {
        const sent = {method: "POST", credentials: "include", ...options};
        const text = await fetch(url, sent).then((it) => it.text(), () => "");
        if (text) heard.push(text);
      };
      const json = {"Content-Type": "application/json"};
      for (const url of changes) {
        await send(url, {headers: json, body: "{}"});
        await send(url, {headers: {...json, "X-CSRF-Token": "0".repeat(64)}, body: "{}"});
        await send(url, {mode: "no-cors"});
      }
      await send(opens, {headers: json, body});
      await send(opens, {mode: "no-cors", headers: {"Content-Type": "text/plain"}, body});
      await send(opens, {mode: "no-cors", keepalive: true, body: new Blob([body], {type: "text/plain"})});
      navigator.sendBeacon(opens, new Blob([body], {type: "text/plain"}));
      return heard;
    }""",
}
POSTS = {"form": 5, "json": 5}  # how many the hub gets to see; the others the browser stops at a preflight
EMPTY = b"<!doctype html><title>elsewhere</title><body>"
SANDBOX = """() => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-forms";
  frame.srcdoc = "<!doctype html><title>nowhere</title><body>";
  const loaded = new Promise((over) => frame.onload = over);
  document.body.append(frame);
  return loaded;
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """An empty page, whatever is asked for."""

    def do_GET(self) -> None:
        """Answer with it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of another server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = Thread(target=partial(server.serve_forever, 0.05))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@dataclass
class Victim:
    """Somebody who is signed in, and what their browser asked the hub since the last look."""

    org: Org
    context: BrowserContext
    page: Page
    service: str
    asked: list[Request] = field(default_factory=list)

    @property
    def targets(self) -> dict[str, Any]:
        """What an attacker is after."""
        at = f"{self.org.hub.url}/api/v1/orgs/{self.org.slug}"
        return {
            "socket": f"{at.replace('http:', 'ws:')}/stream",
            "events": f"{at}/events/stream",
            "lists": [
                f"{at}/incidents",
                f"{at}/events?wait=0",
                f"{self.org.hub.url}/api/v1/me",
                f"{at}/keys",
            ],
            "opens": f"{at}/incidents",
            "changes": [f"{at}/incidents/1/acknowledge", f"{at}/incidents/1/resolve"],
            "service": self.service,
        }

    def posted(self) -> list[Request]:
        """The changes that the hub was asked for."""
        asked, self.asked = self.asked, []
        return [each for each in asked if each.method == "POST"]


@pytest.fixture(scope="module")
def victim(hub: Hub, chromium: Browser) -> Iterator[Victim]:
    """Ada, signed in, with an incident on her board."""
    org = Org.found(hub)
    org.alert("Disk full")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(org.url)
    enter(page, org.founded.email)
    expect(page.locator(".pill")).to_have_text("Live")
    expect(page.locator("tbody tr")).to_have_count(1)
    services = page.evaluate("async (url) => (await fetch(url)).json()", f"/api/v1/orgs/{org.slug}/services")
    made = Victim(org, context, page, services["data"][0]["id"])
    context.on("request", lambda request: made.asked.append(request))
    yield made
    context.close()


def attacker(victim: Victim, origin: str, port: int) -> Frame:
    """The attacker's frame in the victim's browser: of another port, another name, or no origin at all."""
    page = victim.context.new_page()
    page.goto(f"http://{'localhost' if origin == 'another name' else '127.0.0.1'}:{port}/")
    if origin != "no origin":
        return page.main_frame
    page.evaluate(SANDBOX)
    return page.frames[-1]


def heads(servers: Servers, hub: Hub) -> dict[str, int]:
    """How long every log of the hub is."""
    url = servers.database(urlsplit(hub.environment["HUB_DATABASE_URL"]).path.strip("/")).admin_url

    async def read() -> dict[str, int]:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            rows = await connection.fetch("SELECT tenant_id::text, position FROM head")
        finally:
            await connection.close()
        return {row["tenant_id"]: row["position"] for row in rows}

    with ThreadPoolExecutor(1) as pool:  # Playwright's loop occupies this thread
        return pool.submit(asyncio.run, read()).result(20)


def posted(hub: Hub, start: int) -> list[dict[str, Any]]:
    """The access lines of POST requests in the hub's log, from this byte on."""
    with hub.log.open("rb") as log:
        log.seek(start)
        lines = [json.loads(line) for line in log if line.startswith(b"{") and line.endswith(b"}\n")]
    return [line for line in lines if line["event"] == "request" and line["method"] == "POST"]


@pytest.mark.parametrize("origin", ["another port", "another name", "no origin"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_of_elsewhere_gets_nothing_and_does_nothing(
    servers: Servers, hub: Hub, victim: Victim, elsewhere: int, origin: str, attack: str
) -> None:
    frame, before = attacker(victim, origin, elsewhere), heads(servers, hub)
    victim.posted()
    lines = hub.log.stat().st_size
    heard = frame.evaluate(ATTACKS[attack], victim.targets)
    assert heard == []
    assert heads(servers, hub) == before
    if attack in POSTS:
        # It was asked, and with a cookie where the browser sends one along: to another port it does.
        eventually(lambda: len(posted(hub, lines)) >= POSTS[attack])
        assert {(post["status"], post["code"]) for post in posted(hub, lines)} == {(403, "cross_origin")}
    if attack == "form" and origin == "another port":
        sent = [each.all_headers().get("cookie", "") for each in victim.posted()]
        assert len(sent) == POSTS[attack]
        assert all("__Host-hub_browser=" in cookie for cookie in sent)


def test_what_is_refused_elsewhere_works_at_home(servers: Servers, hub: Hub, victim: Victim) -> None:
    frame, before = victim.page.main_frame, heads(servers, hub)
    opened, welcome = frame.evaluate(ATTACKS["socket"], victim.targets)
    assert (opened, '"frame":"welcome"' in welcome) == ("open", True)
    heard = frame.evaluate(ATTACKS["events"], victim.targets)
    assert heard[0] == "open"
    assert any('"title":"Disk full"' in text for text in heard)
    assert heads(servers, hub) == before
    acknowledge = victim.targets["changes"][0]
    done = frame.evaluate(
        """async (url) => {
          const {csrf} = await (await fetch("/api/v1/me")).json();
          const headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf};
          return (await fetch(url, {method: "POST", headers, body: "{}"})).status;
        }""",
        acknowledge,
    )
    assert done == 200
    assert heads(servers, hub)[str(victim.org.tenant)] == before[str(victim.org.tenant)] + 1
