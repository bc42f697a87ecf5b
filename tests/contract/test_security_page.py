"""The page of controls: each has its row, and every test that a row names exists."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text()
ROWS = {row[0]: row[1] for row in re.findall(r"^\| (C\d\d) +\|(.*)\|$", PAGE, re.MULTILINE)}
NUMBERS = [*range(1, 15), 17, *range(20, 37), 39, 40, 44, 45, 48, 49]


@lru_cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_control_has_its_row() -> None:
    assert sorted(ROWS) == [f"C{number:02}" for number in NUMBERS]


@pytest.mark.parametrize("control", sorted(ROWS))
def test_the_tests_of_a_control_exist(control: str) -> None:
    named = re.findall(r"`(\w+/\w+\.py)::(\w+)`", ROWS[control])
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in functions(file)] == []
