"""The bill of materials: the shape that CycloneDX 1.5 asks for, and every pin in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub import __version__

ROOT = Path(__file__).resolve().parents[2]


def made(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the script writes."""
    command = [sys.executable, str(ROOT / ".ci/sbom.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return dict(json.loads(made().stdout))


def test_the_bill_has_the_shape_of_cyclonedx(bill: dict[str, Any]) -> None:
    assert set(bill) == {"bomFormat", "specVersion", "version", "metadata", "components"}
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    about = {"type": "application", "bom-ref": "incidenthub", "name": "incidenthub", "version": __version__}
    assert bill["metadata"] == {"component": about}
    for part in bill["components"]:
        assert set(part) == {"type", "bom-ref", "name", "version", "purl", "hashes"}
        assert (part["type"], part["bom-ref"]) == ("library", part["purl"])
        assert re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[0-9a-z.%]+", part["purl"])
        [digest] = part["hashes"]
        assert (digest["alg"], set(digest)) == ("SHA-256", {"alg", "content"})
        assert re.fullmatch(r"[0-9a-f]{64}", digest["content"])  # the schema's pattern for this algorithm
    refs = [part["bom-ref"] for part in bill["components"]]
    assert len(set(refs)) == len(refs) > 0


def test_every_pin_is_in_the_bill_and_nothing_else(bill: dict[str, Any]) -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [
        f"{part['name']}=={part['version']} --hash=sha256:{part['hashes'][0]['content']}"
        for part in bill["components"]
    ] == [line for line in lines if line and not line.startswith("#")]
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in bill["components"])


def test_the_same_pins_make_the_same_bytes() -> None:
    assert made().stdout == made().stdout


@pytest.mark.parametrize(
    "line", ["tornado", "tornado==6.6.1", "tornado>=6 --hash=sha256:" + "0" * 64, "-r other", "tornado @ x"]
)
def test_a_line_that_is_no_pin_ends_it(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(line + "\n")
    ended = made(str(lock))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "not a pin" in ended.stderr
