"""What an accepted alert costs the web process, beside a stock handler without and with an INSERT each."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

import msgspec

from bench.asker import Asker
from bench.flood import alert, flood, request
from bench.hub import Hub
from bench.plain import Given, served
from bench.process import cpu_us, pin
from hub.services.founding import Founded

PATH = "/api/v1/ingest/events"
CONNECTIONS = 32
ROUNDS = 15
EACH = 800  # requests of a round: short ones, so that whatever else the machine does meets all sides
BATCH = 100
BATCHES = 40


async def accepting(hub: Hub, founded: Founded, rounds: int = ROUNDS) -> dict[str, float]:
    """CPU per request of the hub, of the stock handler, and of the same with SQLAlchemy Core, in turn."""
    key, web = founded.integration_key or "", hub.child("web")
    pin(web)
    given = Given(PATH, key, said_headers(hub, key))
    used: dict[str, list[float]] = {}
    with ExitStack() as stack:
        sides = {"hub": (hub.port, web)}
        for name, database in (("bare", ""), ("core", _url(hub))):
            told = msgspec.structs.replace(given, database=database)
            sides[name] = stack.enter_context(served(told, hub.folder))
            pin(sides[name][1])
        for number in range(rounds + 2):
            for name, (port, pid) in sides.items():
                each = EACH if name != "core" else EACH // 4
                cost = await _cost(hub, port, pid, request(port, PATH, key, alert()), each)
                if number > 1:  # the first ones warm up
                    used.setdefault(name, []).append(cost)
        batches: list[float] = []
        for number in range(rounds // 2 + 2):
            body = request(hub.port, PATH, key, [alert() for _ in range(BATCH)])
            cost = await _cost(hub, hub.port, web, body, BATCHES)
            batches += [cost / BATCH] if number > 1 else []
    accept, bare, core = (statistics.median(used[name]) for name in ("hub", "bare", "core"))
    return {
        "accept_us": round(accept),
        "bare_us": round(bare),
        "core_insert_us": round(core),
        "accept_over_bare": round(accept / bare, 2),
        "core_insert_over_accept": round(core / accept, 2),
        "batched_events_per_cpu_s": round(1e6 / statistics.median(batches)),
    }


def said_headers(hub: Hub, key: str) -> list[tuple[str, str]]:
    """The headers of the hub's own 202; Tornado makes three of them by itself."""
    with Asker(hub.port, key) as asker:
        asker.ask("POST", PATH, msgspec.json.encode(alert()))
        lines = [line.split(": ", 1) for line in asker.headers.decode().split("\r\n")[1:]]
    return [(name, value) for name, value in lines if name not in {"Date", "Content-Length", "Server"}]


async def _cost(hub: Hub, port: int, pid: int, wanted: bytes, count: int) -> float:
    began = cpu_us(pid)
    seen = await flood(hub.folder, port, wanted, CONNECTIONS, count=count)
    if seen.accepted != seen.sent:
        raise SystemExit(f"not all were accepted: {seen}")
    return (cpu_us(pid) - began) / seen.sent


def _url(hub: Hub) -> str:
    kept = msgspec.json.decode((hub.folder / "data" / "postgres.json").read_bytes())
    return f"postgresql+asyncpg://postgres:{kept['passwords']['postgres']}@127.0.0.1:{kept['port']}/postgres"
