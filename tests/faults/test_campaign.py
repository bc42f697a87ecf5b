"""A run of faults: every accepted write is there once, and every reader has exactly its view of the log.

FAULTS_SEED repeats a run as far as its order goes, FAULTS_SECONDS makes it longer (`make soak`).
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest
from campaign import Campaign
from reckoning import reckon
from theatre import theatre

SECONDS = float(os.environ.get("FAULTS_SECONDS") or 50)
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
PATIENCE = 6.0  # seconds that a machine busy with other tests may take to do what is due within two


@pytest.mark.timeout(2 * SECONDS + 150)
def test_nothing_is_lost_doubled_or_out_of_order_whatever_fails() -> None:
    print(f"FAULTS_SEED={SEED} FAULTS_SECONDS={SECONDS:g}")
    with theatre() as stage:
        campaign = Campaign(stage, SEED, SECONDS)
        asyncio.run(campaign.run())
        reckoning = reckon(campaign, PATIENCE)
    print(reckoning)
    assert not reckoning.findings, f"FAULTS_SEED={SEED}\n{reckoning}"
    assert reckoning.counts["accepted"] > SECONDS
    assert any(one.name == "rolling restart" for one in reckoning.passed)
    assert reckoning.counts["answers of COMMIT lost"] > 0
    assert reckoning.counts["publishes: crash"] > 0
    assert reckoning.counts["publishes: forge"] > 0
