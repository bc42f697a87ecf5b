"""The whole line: from a POST to the frame on a WebSocket, through real processes and real servers."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Sequence

import msgspec
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from bench.hub import Hub, fsync_ms, running
from bench.poster import Poster
from hub.services.founding import Founded

RATE = 100  # alerts a second, half of them to each organization
WARM_SECONDS = 3
SECONDS = 20
LATE_SECONDS = 10  # how long after the last POST a frame may still come
GOAL_MS = 250


class Line:
    """What one run has measured, all in seconds of the loop's clock."""

    def __init__(self) -> None:
        self.due: dict[str, float] = {}
        self.accepted: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self.all_seen = asyncio.Event()

    async def post(self, poster: Poster, key: str, name: str, due: float) -> None:
        """Post one alert, a problem of its own, and note when its 202 came."""
        alert = {"title": f"Alert {name}", "severity": "error", "source": "bench", "dedup_key": name}
        status = await poster.post("/api/v1/ingest/events", key, msgspec.json.encode(alert))
        if status != 202:
            raise SystemExit(f"{name} was answered {status}")
        self.due[name] = due
        self.accepted[name] = asyncio.get_running_loop().time()

    async def watch(self, socket: WebSocketClientConnection, count: int) -> None:
        """Note when the event of each alert is here; the socket's closing ends it."""
        while isinstance(message := await socket.read_message(), bytes | str):
            now = asyncio.get_running_loop().time()
            frame = msgspec.json.decode(message)
            for event in frame.get("events", ()):
                if event["type"] == "alert.fired":
                    self.seen.setdefault(event["data"]["dedup_key"], now)
            if len(self.seen) >= count:
                self.all_seen.set()


async def measure(hub: Hub) -> Line:
    """Post at a steady rate to two organizations and watch both."""
    organizations = [await hub.found("first"), await hub.found("second")]
    line, count = Line(), RATE * (WARM_SECONDS + SECONDS)
    sockets = [await connect(hub, organization) for organization in organizations]
    watching = [asyncio.create_task(line.watch(socket, count)) for socket in sockets]
    async with Poster(hub.port) as poster:
        await post_all(line, poster, organizations, count)
        async with asyncio.timeout(LATE_SECONDS):
            await line.all_seen.wait()
    for socket in sockets:
        socket.close()
    await asyncio.wait(watching, timeout=5)
    return line


async def connect(hub: Hub, organization: Founded) -> WebSocketClientConnection:
    """A stream of the organization, live: its welcome has come."""
    request = HTTPRequest(
        f"ws://127.0.0.1:{hub.port}/api/v1/orgs/{organization.organization}/stream",
        headers={"Authorization": f"Bearer {organization.api_key}"},
        connect_timeout=5,
    )
    socket = await websocket_connect(request)
    welcome = msgspec.json.decode(await socket.read_message() or b"{}")
    if welcome.get("frame") != "welcome":
        raise SystemExit(f"no stream: {welcome}")
    return socket


async def post_all(line: Line, poster: Poster, organizations: Sequence[Founded], count: int) -> None:
    """An open loop: an alert goes out when it is due, whether the ones before were answered or not."""
    loop = asyncio.get_running_loop()
    began = loop.time() + 0.2
    async with asyncio.TaskGroup() as posts:
        for number in range(count):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            key = organizations[number % len(organizations)].integration_key
            posts.create_task(line.post(poster, key or "", f"{number:05}", due))


def figures(line: Line, fsync: float) -> dict[str, float]:
    """Milliseconds, over all alerts but those of the first seconds."""
    measured = sorted(line.due)[RATE * WARM_SECONDS :]
    frame = [1000 * (line.seen[name] - line.due[name]) for name in measured]
    accept = [1000 * (line.accepted[name] - line.due[name]) for name in measured]
    return {
        "post_to_socket_p50_ms": round(statistics.median(frame), 1),
        "post_to_socket_p99_ms": round(p99(frame), 1),
        "post_to_socket_max_ms": round(max(frame), 1),
        "accept_p50_ms": round(statistics.median(accept), 1),
        "accept_p99_ms": round(p99(accept), 1),
        "fsync_ms": round(fsync, 3),
        "alerts": len(measured),
        "alerts_per_second": RATE,
    }


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def main() -> None:
    """Measure once and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.line", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one flat JSON object as the last line")
    arguments = parser.parse_args()
    with running() as hub:
        fsync = fsync_ms(hub.folder)
        found = figures(asyncio.run(measure(hub)), fsync)
    print(
        f"{found['alerts']} alerts at {RATE}/s, every one a new incident, half to each of two organizations;"
        f" embedded servers, one web and one worker process; fdatasync {found['fsync_ms']} ms"
    )
    for what, name in (("frame", "post_to_socket"), ("202", "accept")):
        print(f"POST to {what:5}  p50 {found[f'{name}_p50_ms']:6} ms  p99 {found[f'{name}_p99_ms']:6} ms")
    print(f"goal: p99 of POST to frame <= {GOAL_MS} ms")
    if arguments.json:
        print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
