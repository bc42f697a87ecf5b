"""The API at any size: latency, CPU, SQL statements while an organization grows to 1,000,000 incidents."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import secrets
import statistics
import time
from collections.abc import Callable, Iterator

import asyncpg
import msgspec

from bench.asker import Asker
from bench.bare import Said, served
from bench.counted import Count, counting
from bench.crowd import OPEN, Crowd, administrator
from bench.hub import Hub, fsync_ms, running
from bench.process import cpu_us, machine
from hub.services.founding import Founded
from hub.storage import directory
from hub.storage.tx import Store

SIZES = (1_000, 100_000, 1_000_000)
QUICK = SIZES[:2]
ROUNDS = 7
EACH = 30  # requests of a kind in a round
COUNTED = 20
NOTES = 60  # on the incident whose timeline is read
BARE_ROUNDS = 41  # short ones: whatever else the machine does meets both sides alike
BARE_EACH = 60
LIMITS = {"HUB_REQUESTS_PER_CREDENTIAL": "10000000", "HUB_REQUESTS_PER_ORGANIZATION": "10000000"}
LISTS = ("list open", "list all", "list later")
COMMANDS = ("acknowledge", "note")
GOALS = (
    "goals: p50 within 1.5 x, at most 8 statements a command, an authenticated GET at most 2.5 x the bare one"
)


class Kind(msgspec.Struct):
    """What was measured of one kind of request at one size."""

    ms: list[float] = []
    cpu_us: list[float] = []
    count: Count = Count(0, 0)

    @property
    def p50(self) -> float:
        """The median latency in milliseconds."""
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        """The latency that 19 of 20 do not exceed."""
        return statistics.quantiles(self.ms, n=20, method="inclusive")[18]


class Client:
    """Somebody with an API key of one organization, and the requests that are measured there."""

    def __init__(self, port: int, founded: Founded) -> None:
        self.asker = Asker(port, founded.api_key)
        self.root = f"/api/v1/orgs/{founded.organization}/incidents"
        self.kinds: dict[str, Callable[[], float]] = {}

    def look(self) -> None:
        """Choose what to ask for in the crowd as it is now."""
        first = self.asker.json(f"{self.root}?limit=200")
        cursor = self.asker.json(f"{self.root}?limit=200&cursor={first['next_cursor']}")["next_cursor"]
        ids = [incident["id"] for incident in first["data"][:100]]
        some = itertools.cycle([*ids, *range(1, 101)])  # the newest by id, the oldest by number
        story = f"{self.root}/{OPEN}"
        for number in range(NOTES):
            self.asker.ask("POST", f"{story}/note", msgspec.json.encode({"text": f"Note {number}"}))
        acknowledging = self._acknowledging(ids)
        self.kinds = {
            "list open": lambda: self._get("?status=open&limit=50"),
            "list all": lambda: self._get("?limit=50"),
            "list later": lambda: self._get(f"?limit=50&cursor={cursor}"),
            "search open": lambda: self._get("?q=status:open+severity:%3C%3D3+1&limit=50"),
            "search in vain": lambda: self._get(
                "?q=not-in-any-title&limit=50"
            ),  # as many looks as a page has
            "show": lambda: self._get(f"/{next(some)}"),
            "timeline": lambda: self._get(f"/{OPEN}/timeline?limit=50"),
            "acknowledge": lambda: next(acknowledging),
            "note": lambda: self._command(next(some), "note", b'{"text":"Looking at the disk now."}'),
        }

    def _get(self, rest: str) -> float:
        return self.asker.timed("GET", self.root + rest)

    def _command(self, incident: object, name: str, body: bytes = b"{}") -> float:
        once = f"Idempotency-Key: {secrets.token_hex(8)}\r\n"
        return self.asker.timed("POST", f"{self.root}/{incident}/{name}", body, once)

    def _acknowledging(self, ids: list[str]) -> Iterator[float]:
        """One after the other is acknowledged, and next time round given back: each is a change."""
        while True:
            for name in ("acknowledge", "unacknowledge"):
                for id in ids[: OPEN // 2]:
                    yield self._command(id, name)


def measured(client: Client, beside: Client, web: int) -> tuple[dict[str, Kind], dict[str, Kind]]:
    """Rounds of all kinds, in both organizations in turn; the first round warms up and does not count."""
    found = tuple({name: Kind([], []) for name in client.kinds} for _ in range(2))
    for round in range(ROUNDS + 1):
        for name in client.kinds:
            for who, kinds in zip((client, beside), found, strict=True):
                began = cpu_us(web)
                times = [who.kinds[name]() for _ in range(EACH)]
                if round:
                    kinds[name].ms += times
                    kinds[name].cpu_us.append((cpu_us(web) - began) / EACH)
    return found[0], found[1]


async def count(hub: Hub, sql: asyncpg.Connection, client: Client, kinds: dict[str, Kind]) -> None:
    """The statements of each kind of request, on a hub that does nothing else."""
    async with counting(hub, sql) as log:
        for name, ask in client.kinds.items():
            ask()
            log.mark()
            for _ in range(COUNTED):
                ask()
            kinds[name].count = log.count(COUNTED)


async def commands(hub: Hub, sql: asyncpg.Connection, client: Client) -> dict[str, Count]:
    """The statements of every command in the life of an incident, with an Idempotency-Key each; no key breaks
    a glass, so that one is counted by tests/services/test_statements.py alone."""
    [boss, *_] = client.asker.json(client.root.replace("incidents", "members"))["data"]
    life: list[tuple[str, dict[str, object]]] = [
        ("acknowledge", {}), ("unacknowledge", {}), ("severity", {"severity": "SEV1"}),
        ("commander", {"commander": boss["id"]}), ("note", {"text": "x"}), ("mitigate", {}),
        ("hide", {"members": [boss["id"]]}), ("show", {}),
        ("resolve", {}), ("reopen", {}), ("close", {}),
    ]  # fmt: skip
    # by id: while one is private its number is another one
    numbers = range(OPEN // 4, OPEN // 4 + 5)
    ids, found = [client.asker.json(f"{client.root}/{number}")["id"] for number in numbers], {}
    async with counting(hub, sql) as log:
        for name, arguments in life:
            counts = []
            for id in ids:
                client._get(f"/{id}")  # reads the rights anew that the command before has changed
                log.mark()
                client._command(id, name, msgspec.json.encode(arguments))
                counts.append(log.count(1))
            found[name] = Count(
                *(statistics.median(each) for each in zip(*map(msgspec.structs.astuple, counts), strict=True))
            )
    return found


def over_bare(hub: Hub, client: Client, web: int) -> tuple[float, float]:
    """CPU of a GET in microseconds: the hub's web process, and a stock Tornado server with the same answer.

    Alternated; medians of the rounds.
    """
    path = f"{client.root}/{OPEN}"
    said = Said.by(client.asker, path)
    used: dict[int, list[float]] = {}
    with served(said, hub.folder) as (port, bare):
        with Asker(port, "ihk_bench") as stock:
            if stock.ask("GET", path) != said.body.encode():
                raise SystemExit("the bare server answers something else")
            for round in range(BARE_ROUNDS + 5):
                for pid, asker in ((web, client.asker), (bare, stock)):
                    began = cpu_us(pid)
                    for _ in range(BARE_EACH):
                        asker.ask("GET", path)
                    if round >= 5:  # those before warm up
                        used.setdefault(pid, []).append((cpu_us(pid) - began) / BARE_EACH)
        return statistics.median(used[web]), statistics.median(used[bare])


async def run(hub: Hub, sizes: tuple[int, ...]) -> dict[str, float]:
    """Fill, measure, fill more; print as it goes. The named figures are returned."""
    founded = [await hub.found("first"), await hub.found("second")]
    sql = await administrator(hub)
    store = Store(hub.config.database_url, 1)
    await store.open()
    tenants = [await directory.find_organization(store, one.organization) for one in founded]
    await store.close()
    crowds = [Crowd(sql, tenant) for tenant in tenants if tenant]
    clients = [Client(hub.port, one) for one in founded]
    web, found, beside = hub.child("web"), {}, {}
    await crowds[1].grow(SIZES[0])
    clients[1].look()
    for size in sizes:
        began = time.monotonic()
        await crowds[0].grow(size)
        print(f"\n{size:,} incidents, filled in {time.monotonic() - began:.0f} s; beside: {SIZES[0]:,}")
        for client in clients:
            client.asker.reconnect()
        clients[0].look()
        found[size], beside[size] = measured(clients[0], clients[1], web)
        await count(hub, sql, clients[0], found[size])
        show(found[size], beside[size])
    most = await commands(hub, sql, clients[0])
    for name, each in most.items():
        print(f"{name:14} {each.statements:4.1f} statements in {each.messages:4.1f} messages")
    ours, bare = over_bare(hub, clients[0], web)
    print(f"\nCPU of an authenticated GET {ours:.0f} us, of the bare handler {bare:.0f} us")
    await sql.close()
    return figures(found, beside, most) | {
        "authenticated_get_us": round(ours),
        "bare_get_us": round(bare),
        "authenticated_get_over_bare": round(ours / bare, 2),
    }


def show(kinds: dict[str, Kind], beside: dict[str, Kind]) -> None:
    """A table of one size."""
    print("                 p50 ms   p95 ms   CPU us   statements (messages)   p50 beside")
    for name, kind in kinds.items():
        print(
            f"{name:14} {kind.p50:8.2f} {kind.p95:8.2f} {statistics.median(kind.cpu_us):8.0f}"
            f" {kind.count.statements:8.1f} ({kind.count.messages:.1f}) {beside[name].p50:21.2f}"
        )


def figures(
    found: dict[int, dict[str, Kind]], beside: dict[int, dict[str, Kind]], most: dict[str, Count]
) -> dict[str, float]:
    """Ratios of medians, the worst of each group: the large organization over the one beside, which has 1,000
    incidents and was asked in turn with it, so that both had the same machine; and, as `…_over_itself`, over
    what it was at 1,000, which other work on the machine meanwhile makes better or worse."""
    small, *_, large = sorted(found)
    label = {100_000: "100k", 1_000_000: "1m"}[large]
    groups = {"list": LISTS, "show": ("show",), "timeline": ("timeline",), "command": COMMANDS}
    named: dict[str, float] = {}
    for group, names in groups.items():
        for end, other in (("1k", beside[large]), ("itself", found[small])):
            ratio = max(found[large][name].p50 / other[name].p50 for name in names)
            named[f"{group}_{label}_over_{end}"] = round(ratio, 2)
    return named | {
        "statements_per_command": max(each.statements for each in most.values()),
        "messages_per_command": max(each.messages for each in most.values()),
        "show_p50_ms": round(found[large]["show"].p50, 2),
        "search_p50_ms": round(found[large]["search open"].p50, 2),
        "search_in_vain_p50_ms": round(found[large]["search in vain"].p50, 2),
        "command_p50_ms": round(found[large]["acknowledge"].p50, 2),
    }


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.api", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object as the last line")
    parser.add_argument("--quick", action="store_true", help="stop at 100,000 incidents")
    arguments = parser.parse_args()
    with running(settings=LIMITS) as hub:
        fsync = fsync_ms(hub.folder)
        print(f"{machine()}; fdatasync {fsync:.3f} ms; embedded servers, one web and one worker process")
        found = asyncio.run(run(hub, QUICK if arguments.quick else SIZES))
    print(GOALS)
    if arguments.json:
        print(msgspec.json.encode(found | {"fsync_ms": round(fsync, 3)}).decode())


if __name__ == "__main__":
    main()
