"""The reckoning of a run: what the log holds now, and every history and ledger held against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from campaign import Campaign, Passed
from chronicle import read
from histories import Finding, History, Place
from inspector import GRACE, Inspector, check_ledger
from mishaps import REDIS_ONLY
from visitors import HUNG_UP

from hub.contract.ids import text
from hub.services.cursors import Cursors

# How a request fails by a restart: it is refused, cut, or sent away. A machine that is too busy
# to store something within a second is another matter: that is counted.
CUT = ("Error(", "is starting", "takes no more streams")
MEMORY_MAX = 192 * 1024 * 1024  # I11: of a web process in a run of minutes


@dataclass
class Reckoning:
    """What a run has come to. `findings` must be empty; the rest are figures."""

    findings: list[Finding]
    passed: list[Passed]
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lines = [f"{name} {count}" for name, count in self.counts.items()]
        lines += [f"{one.name}: live after {one.live_after:.1f} s" for one in self.passed]
        lines += [f"BROKEN {one.invariant} {one.where}: {one.what}" for one in self.findings]
        return "\n".join(lines)


def reckon(campaign: Campaign, grace: float = GRACE) -> Reckoning:
    """Check everything; `grace` is how many seconds after a revocation something may come."""
    logs, tenants = campaign.truths.logs, campaign.truths.tenants
    cursors = Cursors(campaign.theatre.config)

    def place(org: str, cursor: str) -> Place | None:
        found = cursors.read(tenants[org], cursor)
        if found is None:
            return None
        return Place(str(found.epoch), found.position, text("incident", found.owed) if found.owed else "")

    inspector = Inspector(logs, place, grace)
    counts: Counter[str] = Counter()
    for slug, side in campaign.sides.items():
        counts["events"] += logs[slug].head
        counts["private events"] += sum(fact.is_secret for fact in logs[slug].facts)
        counts["accepted"] += side.author.accepted
        counts["refused or cut, and tried again"] += len(side.author.troubles)
        for visitor in side.visitors:
            records = read(visitor.path)
            inspector.check(
                History(
                    f"{slug}-{visitor.name}", slug, visitor.view, visitor.sees, records, visitor.leaves,
                    is_whole=visitor.revoked_at is None, may_reset=visitor.may_reset,
                    revoked_at=visitor.revoked_at, is_durable=bool(visitor.consumer),
                )
            )  # fmt: skip
            counts["readers"] += 1
            counts["connections"] += sum(record["what"] == "dial" for record in records)
            counts["told that an incident has left"] += sum(
                (record["what"] == "hidden") + len(record.get("hidden", ())) for record in records
            )
            counts["acknowledged by HTTP"] += sum(record["what"] == "ack" for record in records)
            counts["deliveries"] += sum(len(record.get("events", ())) for record in records)
            _check_ends(inspector, campaign.passed, f"{slug}-{visitor.name}", records)
        counts["503 for want of time in a rolling restart"] += _check_roll(
            inspector, campaign.passed, slug, side.author.troubles
        )
    check_ledger(inspector, campaign.records("sent"), campaign.records("kept"))
    for web, memory in campaign.memory.items():
        if max(memory) > MEMORY_MAX:
            inspector.find("I11", web, f"{max(memory) >> 20} MiB")
    counts["MiB of a web process at the most"] = max(map(max, campaign.memory.values())) >> 20
    counts["chunks read by a web process at the most"] = round(campaign.chunk_reads)
    for bell in campaign.theatre.bells.values():
        counts.update({f"publishes: {trick}": times for trick, times in bell.played.items()})
    counts["answers of COMMIT lost"] = sum(table.lost for table in campaign.theatre.tables.values())
    counts["faults"] = len(campaign.passed)
    return Reckoning(
        campaign.findings + campaign.truths.findings + inspector.findings, campaign.passed, counts
    )


def _check_ends(
    inspector: Inspector, passed: list[Passed], reader: str, records: list[dict[str, Any]]
) -> None:
    """While only Redis is in trouble no connection ends, and in a rolling restart each ends in order."""
    ends = [record for record in records if record["what"] == "end" and record["why"] != HUNG_UP]
    for one in passed:
        during = [end for end in ends if one.began <= end["at"] <= one.repaired]
        if one.name.startswith(REDIS_ONLY):
            for end in during:
                inspector.find("open", reader, f"{one.name}: {end['via']} ended by {end['why']}")
        elif one.name == "rolling restart":
            for end in during:
                if any(word in end["why"] for word in CUT):
                    inspector.find("rolling", reader, f"{end['via']} ended by {end['why']}")


def _check_roll(
    inspector: Inspector, passed: list[Passed], org: str, troubles: list[tuple[float, str]]
) -> int:
    """In a rolling restart no request is refused, cut or sent away; how many failed otherwise."""
    rolls = [one for one in passed if one.name == "rolling restart"]
    during = [what for at, what in troubles if any(one.began <= at <= one.repaired for one in rolls)]
    by_it = [what for what in during if any(word in what for word in CUT)]
    for what in by_it:
        inspector.find("rolling", org, what)
    return len(during) - len(by_it)
