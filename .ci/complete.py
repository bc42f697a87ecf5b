"""Whether the suite ran whole: all that is collected, nothing skipped, browser tests among it.

Usage: complete.py REPORT (pytest's JUnit XML). Writes the counts to REPORT.counts, exits with 1 when a part
is missing: a suite that skips what it cannot run is green on a machine where nothing was tested.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree


def collected(*arguments: str) -> int:
    """How many tests pytest finds."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(line.startswith("tests/") and "::" in line for line in found.stdout.splitlines())


def main(report: Path) -> int:
    """Compare the report with what there is."""
    root = ElementTree.parse(report).getroot()  # noqa: S314 - pytest wrote it a moment ago
    cases = list(root.iter("testcase"))
    skipped = [case for case in cases if case.find("skipped") is not None]
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    there, browser = collected(), collected("-m", "browser")
    report.with_name(report.name + ".counts").write_text(
        f"{len(cases) - len(skipped) - len(bad)} passed, {len(bad)} failed, {len(skipped)} skipped"
        f" ({browser} of them in a browser)\n"
    )
    faults = [f"skipped: {case.get('classname')}.{case.get('name')}" for case in skipped]
    if len(cases) < there:
        faults.append(f"{len(cases)} tests ran, {there} exist")
    if not browser:
        faults.append("no browser test exists")
    sys.stderr.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
