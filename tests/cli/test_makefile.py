"""The Makefile: what it offers, what it needs, and how a signal to make reaches the hub."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import descendants, environment, eventually, is_gone
from servers import open_folder

from hub.embedded.keep import choose_port

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, folder: Path = ROOT, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run make to its end."""
    return subprocess.run(
        [str(shutil.which("make")), *arguments],
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def copy_files(folder: Path) -> None:
    """What make looks at."""
    for name in ("Makefile", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder with the Makefile whose installation is this one."""
    with open_folder() as folder:
        copy_files(folder)
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
        hub = folder / ".venv" / "bin" / "incidenthub"
        hub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m hub "$@"\n')
        hub.chmod(0o755)
        (folder / ".venv" / "installed").touch()
        yield folder


def test_help_names_every_target() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    described = [line.split()[1] for line in make("help").stdout.splitlines()]
    assert sorted([*described, "help"]) == sorted(targets[1].split())


def test_without_a_python_that_is_new_enough_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    copy_files(tmp_path)
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\nexit 1\n")  # as one answers that is asked whether it is 3.11
    old.chmod(0o755)
    for tool in ("sh", "rm"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    refused = make("up", folder=tmp_path, PATH=str(tmp_path / "bin"))
    assert refused.returncode != 0
    assert refused.stderr.startswith("Python 3.11 or newer (with its venv module) was not found; name one ")
    assert not (tmp_path / ".venv").exists()


def test_clean_leaves_the_data_alone(checkout: Path) -> None:
    (checkout / "data").mkdir()
    (checkout / "data" / "hub.json").write_text("{}")
    assert make("clean", folder=checkout).returncode == 0
    assert not (checkout / ".venv").exists()
    assert (checkout / "data" / "hub.json").exists()


def test_a_term_for_make_stops_the_hub_before_make_ends(checkout: Path) -> None:
    ports = {"HUB_PORT": str(choose_port(None)), "HUB_ADMIN_PORT": str(choose_port(None))}
    with (checkout / "printed").open("wb") as printed:
        started = subprocess.Popen(
            [str(shutil.which("make")), "up"],
            cwd=checkout,
            env=environment(**ports),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    try:
        eventually(lambda: "IncidentHub is running" in (checkout / "printed").read_text(), 60)
        children = descendants(started.pid)
        assert len(children) >= 5  # the hub, two servers, web and worker
    finally:
        os.kill(started.pid, signal.SIGTERM)
        started.wait(15)
    assert [command for pid, command in children.items() if not is_gone(pid)] == []
    assert (checkout / "data" / "log" / "postgres.log").read_text().rstrip().endswith("is shut down")
