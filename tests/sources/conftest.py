"""Fixtures of the sources' tests: every format by name, and bodies captured from unmodified senders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bodies import EVENTS

SAMPLES = Path(__file__).with_name("samples")


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """Read a captured body by its name."""
    return lambda name: (SAMPLES / f"{name}.json").read_bytes()


@pytest.fixture(params=sorted(EVENTS))
def name(request: pytest.FixtureRequest) -> str:
    """Name each format once."""
    return str(request.param)
