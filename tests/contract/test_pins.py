"""Floors and pins: nothing runs below what is safe, and a whole installation can be pinned by its hashes."""

from __future__ import annotations

import configparser
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"([a-z0-9-]+)==([0-9][0-9a-z.+]*) --hash=sha256:([0-9a-f]{64})")


def floors() -> list[Requirement]:
    """What the hub asks for."""
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / "setup.cfg")
    return [Requirement(line) for line in parsed["options"]["install_requires"].strip().splitlines()]


def pins() -> dict[str, str]:
    """Name to version, as they are pinned; every line that is no comment must be one."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found = [PINNED.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert all(found)
    return {line[1]: line[2] for line in found if line}


def needs(name: str) -> list[str]:
    """What a package asks for; nothing is known of one that only an older patch release of Python needs."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


@pytest.mark.parametrize("floor", floors(), ids=lambda floor: floor.name)
def test_what_is_installed_and_what_is_pinned_is_not_below_its_floor(floor: Requirement) -> None:
    assert re.search(r">=\d", str(floor.specifier)), "it has no floor"
    assert floor.specifier.contains(metadata.version(floor.name))
    assert floor.specifier.contains(pins()[canonicalize_name(floor.name)])


def test_tornado_is_not_older_than_its_last_security_release() -> None:
    """6.6.1: open redirects and the cost of decoding a URL; before it many more."""
    [tornado] = [floor for floor in floors() if floor.name == "tornado"]
    assert not tornado.specifier.contains("6.6.0")


def test_whatever_a_pinned_package_needs_is_pinned_too() -> None:
    missing = [
        f"{name} needs {needed}"
        for name in pins()
        for needed in map(Requirement, needs(name))
        if (needed.marker is None or needed.marker.evaluate({"extra": ""}))
        and canonicalize_name(needed.name) not in pins()
    ]
    assert missing == []


def test_no_pin_says_where_to_get_it() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
