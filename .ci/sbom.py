"""What the hub runs with, as a bill of materials: CycloneDX 1.5 (JSON) out of requirements.lock.

Usage: sbom.py [LOCK]; writes to stdout. The same pins make the same bytes: there is no moment of making and
no random serial number in it, so that two bills can be compared.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"([a-z0-9-]+)==([0-9][0-9a-z.+]*) --hash=sha256:([0-9a-f]{64})")
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def component(line: str) -> dict[str, Any]:
    """One pinned distribution; raise ValueError for a line that is no pin with one SHA-256."""
    pin = PINNED.fullmatch(line)
    if pin is None:
        raise ValueError(f"not a pin: {line}")
    name, version, digest = pin.groups()
    purl = f"pkg:pypi/{name}@{version.replace('+', '%2B')}"  # as the purl specification has it
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def bill(lock: str, version: str) -> dict[str, Any]:
    """The bill of a lock file's text; the hub itself is what it is about."""
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "incidenthub",
                "name": "incidenthub",
                "version": version,
            }
        },
        "components": [component(line) for line in lines],
    }


def main(lock: Path) -> None:
    """Write the bill of a lock file."""
    found = VERSION.search((ROOT / "hub/__init__.py").read_text())
    if found is None:
        raise ValueError("hub/__init__.py has no version")
    json.dump(bill(lock.read_text(), found[1]), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "requirements.lock")
