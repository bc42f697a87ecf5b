"""A rolling restart under load: nothing is refused, nothing fails, and no stream has a gap.

Two web processes behind one inherited socket are restarted one after the other while others write and read,
each request on a connection of its own.
"""

from __future__ import annotations

import asyncio
import random

import pytest
from campaign import Campaign
from reckoning import reckon
from theatre import theatre

SEED = random.SystemRandom().randrange(1_000_000)
RATE = 40.0  # writes a second in each of two organizations


class Deployment(Campaign):
    """A run without a fault."""

    async def _faults(self) -> None:
        await self._do("rolling restart")


@pytest.mark.timeout(150)
def test_a_rolling_restart_under_load_refuses_and_loses_nothing() -> None:
    print(f"seed {SEED}")
    with theatre() as stage:
        deployment = Deployment(stage, SEED, 0, rate=RATE)
        asyncio.run(deployment.run())
        reckoning = reckon(deployment, grace=10)
    print(reckoning)
    assert not reckoning.findings, f"seed {SEED}\n{reckoning}"
    assert [one.name for one in reckoning.passed] == ["rolling restart"]
    assert reckoning.counts["accepted"] > 100
