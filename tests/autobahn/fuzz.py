"""The Autobahn fuzzing client against our WebSocket: counts, and exit code 1 when a case is not passed.

Usage: fuzz.py WSTEST FOLDER CASES. `make autobahn` installs wstest (autobahntestsuite 0.8.2, which needs
Python 2.7); the report, a page for each case, is left in FOLDER.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from echo import serve

AGENT = "IncidentHub"
SECONDS = 1200
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL"}
COMPRESSION = ("12.", "13.")  # which the hub does not offer


def spec(url: str, folder: Path, cases: str) -> dict[str, Any]:
    """What the client is to do."""
    return {
        "outdir": str(folder),
        "servers": [{"agent": AGENT, "url": url}],
        "cases": cases.split(","),
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }


def verdict(case: str, found: dict[str, Any]) -> str:
    """What the report says of a case; the worse of its behaviour and of its end."""
    behavior, end = found["behavior"], found["behaviorClose"]
    if case.startswith(COMPRESSION):
        return str(behavior)
    return str(behavior if behavior not in PASSED or end in PASSED else f"{behavior}, its end {end}")


def is_right(case: str, said: str) -> bool:
    """Compression must not be found; everything else has to pass."""
    return said == "UNIMPLEMENTED" if case.startswith(COMPRESSION) else said in PASSED


async def run(wstest: Path, folder: Path, cases: str) -> dict[str, str]:
    """Case to verdict."""
    described = folder / "spec.json"
    described.write_text(json.dumps(spec(serve(), folder, cases)))
    with (folder / "wstest.log").open("wb") as log:
        client = await asyncio.create_subprocess_exec(
            wstest, "--mode", "fuzzingclient", "--spec", described, stdout=log, stderr=log
        )
        try:
            code = await asyncio.wait_for(client.wait(), SECONDS)
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
    if code:
        raise SystemExit(f"wstest ended with {code}; see {folder}/wstest.log")
    found = json.loads((folder / "index.json").read_text())[AGENT]
    return {case: verdict(case, one) for case, one in found.items()}


def main(wstest: str, folder: str, cases: str) -> int:
    """Print the counts, and each case that is not as it has to be."""
    left = Path(folder).resolve()
    left.mkdir(parents=True, exist_ok=True)
    verdicts = asyncio.run(run(Path(wstest), left, cases))
    wrong = {case: said for case, said in verdicts.items() if not is_right(case, said)}
    for case, said in sorted(wrong.items()):
        print(f"{case}: {said}")
    counts = Counter(verdicts.values())
    print(f"{datetime.now(UTC):%Y-%m-%d}: {len(verdicts)} cases;", end=" ")
    print(", ".join(f"{count} {said}" for said, count in counts.most_common()) + f"; {len(wrong)} wrong")
    return 1 if wrong or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
