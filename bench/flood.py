"""Many senders at once: `flood.c`, what it is told to send, and what it has seen."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from bench.drain import CLIENT_CORE

MARK = "########"  # eight digits that are new each time
LAST_SECONDS = 60


class Seen(msgspec.Struct):
    """What became of the requests; times in milliseconds from send to the answer's last byte."""

    sent: int
    failed: int
    unanswered: int
    skipped: int
    retry_after: int
    accepted: int
    accepted_p50_ms: float
    accepted_p99_ms: float
    accepted_max_ms: float
    refused: int
    refused_p50_ms: float
    refused_p99_ms: float
    refused_max_ms: float
    seconds: float
    status_200: int = 0
    status_202: int = 0
    status_429: int = 0
    status_503: int = 0

    @property
    def strange(self) -> int:
        """Answers that are neither a success nor a refusal with 429 or 503."""
        return self.sent - self.failed - self.unanswered - self.accepted - self.refused


def request(port: int, path: str, key: str, body: object) -> bytes:
    """A POST of JSON with an integration key."""
    said = msgspec.json.encode(body)
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {key}",
        "User-Agent: bench/1",
        "Content-Type: application/json",
        f"Content-Length: {len(said)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + said


def alert(key: str = f"disk-{MARK}") -> dict[str, Any]:
    """One alert, 355 bytes of JSON; another problem each time, unless it has a key of its own."""
    return {
        "title": f"Disk is almost full on db-{MARK}",
        "severity": "error",
        "source": "node-exporter",
        "dedup_key": key,
        "details": "The disk /var/lib/postgresql is 93 percent full. It grows by 2 GiB an hour and will be"
        " full at 14:00. See the runbook for what may be deleted.",
        "labels": {"host": "db-1.example", "team": "storage", "region": "eu-1"},
    }


async def flood(
    folder: Path,
    port: int,
    wanted: bytes,
    connections: int = 32,
    rate: float = 0,
    seconds: float = 60,
    count: int = 0,
    distinct: int = 0,
) -> Seen:
    """Send it again and again: `rate` a second, or on each connection after its answer; at most `count`. The
    numbers of its marks begin anew after `distinct`."""
    file = folder / f"wanted-{port}-{hash(wanted)}"
    file.write_bytes(wanted)
    words = (str(word) for word in (port, connections, rate, seconds, count, distinct, file))
    process = await asyncio.create_subprocess_exec(folder / "flood", *words, stdout=PIPE)
    with suppress(ProcessLookupError):  # a few requests may have been answered already
        os.sched_setaffinity(process.pid, {CLIENT_CORE})
    async with asyncio.timeout(seconds + LAST_SECONDS):
        said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"the senders have failed: {process.returncode}")
    seen = msgspec.json.decode(said, type=Seen)
    if seen.strange:
        raise SystemExit(f"answers that should not come: {said.decode()}")
    return seen
