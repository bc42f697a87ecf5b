"""The first screen of the README, run as it stands: `make up`, then the demo alert."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ask, environment, eventually
from servers import open_folder

from hub.embedded.keep import choose_port

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
START, DEMO = BLOCKS[:2]


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    """A folder and ports of this test's own."""
    ports = {"HUB_PORT": str(choose_port(None)), "HUB_ADMIN_PORT": str(choose_port(None))}
    with open_folder() as folder:
        yield {"HUB_DATA_DIR": str(folder)} | ports


@pytest.fixture(scope="module")
def running(settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The README's first command in a terminal of its own; Ctrl-C in the end."""
    [command] = [line.partition("#")[0].split() for line in START.splitlines() if line.startswith("make up")]
    hub = subprocess.Popen(
        command, cwd=ROOT, env=environment(**settings), stdout=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{settings['HUB_PORT']}/readyz"

    def is_ready() -> bool:
        assert hub.poll() is None, "make up has ended"
        return ask(url)[0] == 200

    try:
        eventually(is_ready, 120)
        yield hub
    finally:
        hub.terminate()
        hub.wait(20)


def test_the_two_commands_are_the_makefiles() -> None:
    targets = {line.split()[1] for line in START.splitlines()}
    assert targets == {"up", "test"}
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= made


def test_the_demo_alert_opens_an_incident(
    running: subprocess.Popen[bytes], settings: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("curl is not installed")
    said = subprocess.run(
        ["sh", "-e"],
        input=DEMO,
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert said.stderr == ""
    assert '"status":"accepted"' in said.stdout
    url = f"http://127.0.0.1:{settings['HUB_PORT']}"
    [address, email, password] = re.findall(r"sign in at (\S+) as (\S+) with (\S+)", said.stdout)[0]
    assert address == url
    kept = first_run(settings)
    assert (email, password) == (kept["email"], kept["password"])
    incidents = f"{url}/api/v1/orgs/{kept['organization']}/incidents"

    def titles() -> list[str]:
        return [incident["title"] for incident in ask(incidents, kept["api_key"])[1]["data"]]

    assert eventually(titles) == ["Checkout fails"]


def first_run(settings: dict[str, str]) -> dict[str, str]:
    """What `up` has kept of its first run."""
    kept: dict[str, str] = json.loads((Path(settings["HUB_DATA_DIR"]) / "first-run.json").read_text())
    return kept


def test_every_link_of_the_pages_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"]
    assert len(pages) > 25
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert missing == []
