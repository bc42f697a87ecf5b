"""A siege: what was accepted is there, exactly once, whoever was killed meanwhile.

FAULTS_SEED repeats the order of the kills; FAULTS_ALERTS and FAULTS_KILLS make it longer (`make soak`).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable

import pytest
from siege import VICTIMS, Found, Siege, wrong
from theatre import theatre

ALERTS = int(os.environ.get("FAULTS_ALERTS") or 20_000)
KILLS = int(os.environ.get("FAULTS_KILLS") or 12)
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.mark.timeout(240 + ALERTS / 50)
def test_every_accepted_alert_has_one_effect_whoever_is_killed() -> None:
    print(f"FAULTS_SEED={SEED} FAULTS_ALERTS={ALERTS} FAULTS_KILLS={KILLS}")
    with theatre() as stage:
        siege = Siege(stage, SEED, ALERTS, KILLS)
        asyncio.run(siege.run())
    print(siege)
    assert not siege.findings, f"FAULTS_SEED={SEED}\n{siege}"
    assert siege.figures["alerts accepted"] >= ALERTS
    assert sum(siege.figures[f"killed: {victim}"] for victim in VICTIMS) == KILLS
    assert min(siege.figures[f"killed: {victim}"] for victim in VICTIMS) >= KILLS // len(VICTIMS)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda found: found.fired.pop("a"), {"lost", "no alert of its own"}),
        (lambda found: found.fired.update(x=1), {"phantom", "no alert of its own"}),
        (lambda found: found.fired.update(a=2), {"fired more than once"}),
        (lambda found: found.alerts.update(b=2), {"more than one alert"}),
        (lambda found: found.alerts.pop("b"), {"no alert of its own"}),
        (lambda found: found.counted.update(a=2), {"counted twice"}),
        (lambda found: found.counted.update(b=7), set()),
    ],
)
def test_the_reckoning_finds_what_is_planted(change: Callable[[Found], object], what: set[str]) -> None:
    found = Found({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 1, "b": 5})
    change(found)
    assert {each for each, _ in wrong({"a", "b"}, {"a", "b", "c"}, ["a"], found)} == what
