"""The example: it answers every incident once, through restarts, lost cursors and a hub that is away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from line import alarm, fire, granted
from orgs import Org
from web import Site, read

from hub.contract.words import Action
from hub.domain import query
from hub.embedded.spec import until
from hub.services import incidents
from hub.services.ports import Ports

BOT = Path(__file__).resolve().parents[2] / "examples" / "bot.py"


@contextmanager
def bot(site: Site, org: Org, key: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The bot as its own process, killed at the end."""
    env = {
        "PATH": os.defpath,
        "HUB_URL": site.url,
        "HUB_ORG": org.slug,
        "HUB_API_KEY": key or org.api_key,
    }
    child = subprocess.Popen(
        [sys.executable, str(BOT)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate(timeout=10)


async def notes(ports: Ports, org: Org) -> list[int]:
    """How many notes each incident has, oldest first."""
    grant = await granted(ports, org, Action.INCIDENT_READ)
    page = await incidents.page(ports, grant, query.EVERYTHING, 200, None)
    counts = []
    for incident in page.data[::-1]:
        timeline = await incidents.timeline(ports, grant, incident.id, 200, None)
        counts.append(sum(b"incident.noted" in bytes(event) for event in timeline.data))
    return counts


async def answered(ports: Ports, org: Org, counts: list[int]) -> None:
    async def is_so() -> bool:
        return await notes(ports, org) == counts

    await until(is_so, 20)


async def has_ended(child: subprocess.Popen[bytes]) -> None:
    async def is_over() -> bool:
        return child.poll() is not None

    await until(is_over, 20)
    assert child.returncode == 1


@pytest.mark.gen_test(timeout=90)
async def test_every_incident_is_answered_once_through_restarts_and_take_overs(
    live: Site, ports: Ports, acme: Org
) -> None:
    admin, place = live.with_key(acme.api_key), f"/api/v1/orgs/{acme.slug}/consumers/bot"

    async def is_held() -> bool:
        answer = await admin("GET", place)
        return answer.code == 200 and read(answer)["held"] is True

    async def is_acknowledged() -> bool:
        return read(await admin("GET", place))["acknowledged_at"] is not None

    with bot(live, acme):
        await until(is_held, 20)
        await fire(ports, acme, alarm("db-1"))
        await answered(ports, acme, [1])
        await until(is_acknowledged, 20)
    await fire(ports, acme, alarm("db-2"))
    with bot(live, acme) as older:
        await answered(ports, acme, [1, 1])
        with bot(live, acme):
            await has_ended(older)
            await fire(ports, acme, alarm("db-3"))
            await answered(ports, acme, [1, 1, 1])


@pytest.mark.gen_test(timeout=60)
async def test_a_bot_without_a_key_ends(live: Site, acme: Org) -> None:
    with bot(live, acme, key="ihk_wrong") as refused:
        await has_ended(refused)
