"""Requests made up out of the description: no fault of ours, and no answer that it does not tell of."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from orgs import Org
from web import Site, read

from hub.door.application import House
from hub.door.guard import cookie_name
from hub.door.limits import Quotas

pytestmark = pytest.mark.gen_test(timeout=240)
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")  # for each operation, beside the cases it works out
# These would end the session that asks.
ENDS = (
    "/api/v1/session",
    "/api/v1/me/sessions",
    "/api/v1/me/sessions/{session}",
    "/api/v1/me/password",
    "/api/v1/orgs",
)


@pytest.fixture
def house(house: House) -> House:
    """An application whose quotas are out of the way."""
    object.__setattr__(house.desk, "quotas", Quotas(1_000_000, 1_000_000, 1_000_000, 1))
    return house


async def things(site: Site, org: Org) -> dict[str, str]:
    """What is there to be asked for: names made up at random are never found."""
    ask, at = site.with_key(org.api_key), f"/api/v1/orgs/{org.slug}"
    found = {"org": org.slug}
    for noun in ("service", "integration", "member"):
        found[noun] = read(await ask("GET", f"{at}/{noun}s"))["data"][0]["id"]
    opened = await ask("POST", f"{at}/incidents", {"title": "Down", "service": found["service"]})
    return found | {"incident": read(opened)["id"]}


async def made_up(
    site: Site, tmp_path: Path, phases: str, places: dict[str, str], headers: dict[str, str]
) -> None:
    """Ask everything; fail with what the runner says where it found something."""
    (tmp_path / "schemathesis.toml").write_text(
        "[parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in places.items())
    )
    sent = [word for name, value in headers.items() for word in ("--header", f"{name}:{value}")]
    left_out = [word for path in ENDS for word in ("--exclude-path", path)]
    runner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{site.url}/api/v1/openapi.json",
        "--checks", CHECKS, "--max-examples", EXAMPLES, "--phases", phases, "--workers", "1",
        "--generation-deterministic", "--warnings", "off", "--no-color",
        *left_out, *sent,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await runner.communicate()
    finally:
        if runner.returncode is None:
            runner.kill()
    if runner.returncode:
        pytest.fail(said.decode()[-20_000:], pytrace=False)


async def test_with_a_key_every_answer_is_one_of_the_description(
    site: Site, acme: Org, globex: Org, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {acme.api_key}"}
    await made_up(site, tmp_path, "coverage,fuzzing", await things(site, acme), headers)


async def test_with_a_session_every_answer_is_one_of_the_description(
    site: Site, acme: Org, globex: Org, tmp_path: Path
) -> None:
    browser = await site.signed_in("owner@acme.example")
    headers = {
        "Cookie": f"{cookie_name(site.config)}={browser.cookie}",
        "Origin": site.url,
        "X-CSRF-Token": browser.csrf,
    }
    await made_up(site, tmp_path, "fuzzing", await things(site, acme), headers)
