"""The floors: imports go down only, and what is outside the floors does not exist."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {"hub", "hub.client"}  # the package itself, and the SDK to come

# One import that each contract of setup.cfg forbids, and where it would stand.
PLANTED = {
    "Imports go down only": ("hub/handlers/planted.py", "import hub.tasks.queue"),
    "are pure": ("hub/domain/planted.py", "import time"),
    "Only storage speaks SQL": ("hub/services/planted.py", "import asyncpg"),
    "Tornado stays at the door": ("hub/storage/planted.py", "import tornado.web"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a folder with `hub` and a setup.cfg."""
    program = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports;"
        "sys.exit(lint_imports(config_filename='setup.cfg', no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The sources in a folder of the test's own."""
    shutil.copytree(ROOT / "hub", tmp_path / "hub", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def verdicts(output: str) -> dict[str, str]:
    """What import-linter says of each contract: KEPT or BROKEN."""
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)$", output, re.MULTILINE))


def test_every_import_goes_down(copied: Path) -> None:
    result = lint(copied)
    assert result.returncode == 0, result.stdout
    assert set(verdicts(result.stdout).values()) == {"KEPT"}
    assert len(verdicts(result.stdout)) == len(PLANTED)


def test_a_planted_import_breaks_each_contract(copied: Path) -> None:
    for path, line in PLANTED.values():
        (copied / path).write_text(f'"""Planted."""\n\n{line}\n')
    result = lint(copied)
    assert result.returncode != 0
    said = verdicts(result.stdout)
    assert set(said.values()) == {"BROKEN"}, result.stdout
    for words in PLANTED:
        assert any(words in contract for contract in said), words


def test_every_module_of_hub_stands_on_a_floor() -> None:
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / "setup.cfg")
    layers = re.split(r"[\s:|]+", parsed["importlinter:contract:floors"]["layers"].strip())
    there = {
        f"hub.{path.stem}"
        for path in (ROOT / "hub").iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").is_file())
    }
    assert there - OUTSIDE == set(layers) - OUTSIDE
