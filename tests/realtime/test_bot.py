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
from web import Site

from hub.contract.words import Action
from hub.embedded.spec import until
from hub.services import incidents
from hub.services.ports import Ports

BOT = Path(__file__).resolve().parents[2] / "examples" / "bot.py"


@contextmanager
def bot(site: Site, org: Org, place: Path, key: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """The bot as its own process, killed at the end."""
    env = {
        "PATH": os.defpath,
        "HUB_URL": site.url,
        "HUB_ORG": org.slug,
        "HUB_API_KEY": key or org.api_key,
        "HUB_CURSOR_FILE": str(place),
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
    page = await incidents.page(ports, grant, incidents.statuses_of(["all"]), 200, None)
    counts = []
    for incident in page.data[::-1]:
        timeline = await incidents.timeline(ports, grant, incident.id, 200, None)
        counts.append(sum(b"incident.noted" in bytes(event) for event in timeline.data))
    return counts


async def answered(ports: Ports, org: Org, counts: list[int]) -> None:
    async def is_so() -> bool:
        return await notes(ports, org) == counts

    await until(is_so, 20)


@pytest.mark.gen_test(timeout=90)
async def test_every_incident_is_answered_once_through_restarts_and_an_old_cursor(
    live: Site, ports: Ports, acme: Org, tmp_path: Path
) -> None:
    place = tmp_path / "cursor"

    async def is_placed() -> bool:
        return place.exists()

    with bot(live, acme, place):
        await until(is_placed, 20)
        first = place.read_text()
        await fire(ports, acme, alarm("db-1"))
        await answered(ports, acme, [1])
    await fire(ports, acme, alarm("db-2"))
    with bot(live, acme, place):
        await answered(ports, acme, [1, 1])
    place.write_text(first)
    with bot(live, acme, place):
        await fire(ports, acme, alarm("db-3"))
        await answered(ports, acme, [1, 1, 1])


@pytest.mark.gen_test(timeout=60)
async def test_a_bot_whose_cursor_means_nothing_starts_anew_and_one_without_a_key_ends(
    live: Site, ports: Ports, acme: Org, tmp_path: Path
) -> None:
    place = tmp_path / "cursor"
    place.write_text("of-another-hub")

    async def is_placed() -> bool:
        return place.exists() and place.read_text() != "of-another-hub"

    with bot(live, acme, place):
        await until(is_placed, 20)
    with bot(live, acme, place, key="ihk_wrong") as refused:

        async def has_ended() -> bool:
            return refused.poll() is not None

        await until(has_ended, 20)
        assert refused.returncode == 1
