"""Foreign is missing: whatever is asked of another organization is answered, byte for byte, like nothing."""

from __future__ import annotations

import re

import msgspec
import pytest
from orgs import Org
from web import Site, read

from hub.contract.commands import COMMANDS
from hub.contract.ids import new, text
from hub.routes import ROUTES
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
IN_ORGANIZATIONS = [
    (route.path, method)
    for route in ROUTES
    for method in route.guards
    if route.path.startswith("/api/v1/orgs/")
]
ENDLESS = {route.path for route in ROUTES if getattr(route.handler, "is_endless", False)}
BODIES = {
    "note": {"text": "x"}, "severity": {"severity": "SEV1"}, "commander": {"commander": None},
    "break-glass": {"reason": "x"}, "split": {"alerts": ["alr_1"]}, "discard": {"reason": "x"},
}  # fmt: skip


def filled(path: str, org: str, incident: str = "1", receipt: str = "x", command: str = "note") -> str:
    """The address of a route."""
    values = {"org": org, "incident": incident, "receipt": receipt, "command": command}
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "x"), path)


async def ask(site: Site, method: str, path: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    """The whole answer, but for the date and what is left of the asker's own quota."""
    command = path.rpartition("/")[2]
    body = BODIES.get(command, {}) if method == "POST" else None
    answer = await site(method, path, body, {"X-Request-ID": "the-same"})
    moving = {"Date", "Ratelimit"}
    headers = [(name, value) for name, value in answer.headers.get_all() if name not in moving]
    return answer.code, answer.body, headers


async def raised(site: Site, ports: Ports, org: Org) -> tuple[str, str]:
    """An incident of an organization and the receipt that it came from."""
    sent = await site.with_key(org.integration_key)("POST", "/api/v1/ingest/events", {"title": "a secret"})
    assert sent.code == 202
    await work.drain(ports, "inbox", [org.tenant])
    [incident] = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/incidents"))["data"]
    return incident["id"], read(sent)["receipt_id"]


async def test_a_foreign_organization_is_answered_like_one_that_is_not_there(
    site: Site, acme: Org, globex: Org
) -> None:
    for mine, foreign in ((acme, globex), (globex, acme)):
        browser = await site.signed_in(f"owner@{mine.slug}.example")
        for visitor in (site.with_key(mine.api_key), browser):
            for path, method in IN_ORGANIZATIONS:
                there = await ask(visitor, method, filled(path, foreign.slug))
                nowhere = await ask(visitor, method, filled(path, "nobody"))
                assert there == nowhere, (method, path)
                assert there[0] == 404, (method, path)
                asked = "HEAD" if path in ENDLESS else method  # whose head is all that comes to an end
                own = await ask(visitor, asked, filled(path, mine.slug))
                assert own[:2] != there[:2], (method, path)
                assert own[0] != 404 or path.count("{") > 1, (method, path)


async def test_a_foreign_id_is_answered_like_one_that_is_not_there(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    raised_at = {org.slug: await raised(site, ports, org) for org in (acme, globex)}
    missing = text("incident", new()), text("receipt", new())
    for mine, foreign in ((acme, globex), (globex, acme)):
        key = site.with_key(mine.api_key)
        for path, method in IN_ORGANIZATIONS:
            if "{incident}" not in path and "{receipt}" not in path:
                continue
            for command in COMMANDS if "{command}" in path else ["note"]:
                there = await ask(key, method, filled(path, mine.slug, *raised_at[foreign.slug], command))
                nowhere = await ask(key, method, filled(path, mine.slug, *missing, command))
                assert there == nowhere, (method, path, command)
                assert there[0] == 404, (method, path, command)
                assert b"secret" not in there[1]


async def test_a_foreign_receipt_is_no_senders(site: Site, ports: Ports, acme: Org, globex: Org) -> None:
    _, receipt = await raised(site, ports, globex)
    path = "/api/v1/ingest/receipts/"
    there = await ask(site.with_key(acme.integration_key), "GET", path + receipt)
    nowhere = await ask(site.with_key(acme.integration_key), "GET", path + text("receipt", new()))
    assert there == nowhere
    assert there[0] == 404
    own = await site.with_key(globex.integration_key)("GET", path + receipt)
    assert (own.code, read(own)["state"]) == (200, "done")


async def test_a_cursor_of_another_organization_is_none(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    for title in ("one", "two"):
        for org in (acme, globex):
            await site.with_key(org.integration_key)("POST", "/api/v1/ingest/events", {"title": title})
    await work.drain(ports, "inbox", [acme.tenant, globex.tenant])
    first = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/incidents?limit=1"))
    cursor = first["next_cursor"]
    answer = await site.with_key(globex.api_key)("GET", f"/api/v1/orgs/globex/incidents?cursor={cursor}")
    assert (answer.code, msgspec.json.decode(answer.body)["errors"][0]["pointer"]) == (400, "/cursor")
