"""Wiring of the web process: ports, streams, the application, two sockets, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Awaitable
from functools import cache
from typing import Any, Final

import msgspec
import structlog
from tornado.httputil import ParseBodyConfig, ParseMultipartConfig, set_parse_body_config
from tornado.netutil import bind_sockets

from hub import crash, logs
from hub.config import Config, ConfigError, assets
from hub.domain.errors import Unavailable
from hub.door.application import House
from hub.door.desk import Desk
from hub.door.gate import Gate
from hub.door.guard import cookie_name
from hub.door.limits import Quotas, SignIns
from hub.door.origins import Networks, networks
from hub.door.server import Server
from hub.door.spec import describe
from hub.door.streams import describe_streams
from hub.handlers import pages
from hub.logs import Seldom
from hub.realtime.doorbell import Doorbell
from hub.realtime.station import Station
from hub.routes import OPERATOR_ROUTES, ROUTES
from hub.services import guarding, health, listening
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage.tx import Store
from hub.tasks.queue import Ringer

BACKLOG: Final = 4096
SERVER: Final[dict[str, Any]] = {
    "max_header_size": 16 * 1024,
    "max_body_size": 64 * 1024 * 1024,  # drained, not kept: door/bounded.py has the limits of the routes
    "max_buffer_size": 256 * 1024,
    "chunk_size": 16 * 1024,
    "idle_connection_timeout": 75,
    "body_timeout": 10,
    "decompress_request": False,
    "xheaders": False,  # Tornado would believe everybody; door/origins.py believes HUB_TRUSTED_PROXIES
}
POOL_SIZE: Final = 10
MEET_SECONDS: Final = 2.0
RETRY_SECONDS: Final = 0.5
REFUSAL_SECONDS: Final = 2.0
BEAT_SECONDS: Final = 2.0
STREAM_SECONDS: Final = 3.0
REQUEST_SECONDS: Final = 4.0  # the supervisor forces an end after 8 s: all of the way out is shorter
CLOSE_SECONDS: Final = 1.0
log = structlog.get_logger()


def build(ports: Ports, gate: Gate, receiver: Receiver, station: Station, library: pages.Library) -> House:
    """The public application. Raise Unguarded when a route or a command declares no action."""
    config = ports.config
    desk = make_desk(ports, gate, config.hosts, config.origins, proxies(config))
    cookie, url = cookie_name(config), config.public_url or f"http://127.0.0.1:{config.port}"
    supplies = {
        "receiver": receiver,
        "station": station,
        "library": library,
        "description": _description(cookie),
        "stream_description": msgspec.json.encode(describe_streams(ROUTES, cookie, url)),
    }
    return House(ROUTES, desk, supplies)


@cache
def _description(cookie: str) -> bytes:
    """The API for machines: made once, however many applications are built."""
    return msgspec.json.encode(describe(ROUTES, cookie))


def build_operator(ports: Ports, gate: Gate) -> House:
    """The application of the loopback port: metrics and the jobs page, and no cookies."""
    hosts = frozenset(f"{name}:{ports.config.admin_port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return House(OPERATOR_ROUTES, make_desk(ports, gate, hosts, frozenset(), ()), {})


def make_desk(
    ports: Ports, gate: Gate, hosts: frozenset[str], origins: frozenset[str], trusted: Networks
) -> Desk:
    """What the handlers of one application reach."""
    config = ports.config
    processes = config.web_processes
    quotas = Quotas(
        config.requests_per_credential,
        config.requests_per_organization,
        config.requests_per_address,
        processes,
        config.ingest_per_organization,
    )
    return Desk(ports, hosts, origins, trusted, gate, SignIns(processes), quotas)


def proxies(config: Config) -> Networks:
    """The proxies that are believed; raise ConfigError for one that is no address."""
    try:
        return networks(config.trusted_proxies)
    except ValueError as error:
        raise ConfigError(f"HUB_TRUSTED_PROXIES: {error}.") from None


def main(config: Config) -> None:
    """Serve until TERM or INT, then leave politely. Raise Unsafe where this process must not run."""
    logs.configure(config.log_level, "web")
    crash.arm(config.crash_at)
    set_parse_body_config(ParseBodyConfig(multipart=ParseMultipartConfig(enabled=False)))
    gc.set_threshold(50_000, 20, 50)
    asyncio.run(Web(config).run())


class Web:
    """One web process."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._gate = Gate()
        self._ringer = Ringer(config)
        self._doorbell = Doorbell(config)
        self._store = Store(config.database_url, POOL_SIZE, config.database_pooler)
        self.ports = Ports(store=self._store, announce=self._doorbell, enqueue=self._ringer, config=config)
        self._station = Station(self.ports)
        house = build(
            self.ports, self._gate, Receiver(self.ports), self._station, pages.load(assets("static"))
        )
        self._public = Server(house, **SERVER)
        self._operator = Server(build_operator(self.ports, self._gate), **SERVER)

    async def run(self) -> None:
        """Serve until a signal, or a reason not to. Where the database is not met soon, 503 until it is."""
        leave = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, leave.set)
        await self._store.open()
        await self._doorbell.start()
        await self._station.start()
        self.ports.grants.following = self._station.rights
        self._ringer.start()
        self._gate.pulse.start()
        refusals = asyncio.create_task(self._write_refusals())
        beating = asyncio.create_task(self._beat())
        gc.freeze()  # what lives as long as the process is not looked through again and again
        meeting = asyncio.create_task(self._meet_database())
        leaving = asyncio.create_task(leave.wait())
        try:
            # On a socket that is shared a connection taken now would be a 503, and its request fail in a
            # rolling restart; left in the queue, another process takes it, or we do a moment later.
            await asyncio.wait({meeting, leaving}, timeout=MEET_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            self._listen()
            done, _ = await asyncio.wait({meeting, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if meeting in done:
                await meeting  # raises Unsafe
                log.info("serving")
                await leaving
        finally:
            meeting.cancel()
            leaving.cancel()
            beating.cancel()
            await self._leave(refusals)

    def _listen(self) -> None:
        config = self._config
        self._public.add_sockets(_sockets(config.listen_fd, config.host, config.port))
        if config.admin_fd >= 0 or config.listen_fd < 0:  # of several processes, the first has it
            self._operator.add_sockets(_sockets(config.admin_fd, "127.0.0.1", config.admin_port))
        log.info("listening", host=config.host, port=config.port)

    async def _meet_database(self) -> None:
        """Open the gate when role and schema are right; wait while the database is away or behind."""
        waiting = Seldom(log.warning)
        while True:
            try:
                await health.check_start(self.ports)
                readiness = await health.ready(self.ports)
                if readiness.is_ready:
                    break
                waiting("waiting for the schema", schema=readiness.schema)
            except Unavailable:
                waiting("waiting for the database")
            await asyncio.sleep(RETRY_SECONDS)
        self._gate.is_open = True

    async def _write_refusals(self) -> None:
        while True:
            await asyncio.sleep(REFUSAL_SECONDS)
            try:
                await guarding.write_refusals(self.ports)
            except Exception:
                log.exception("refusals were not written")

    async def _beat(self) -> None:
        """Say that senders can be heard here, as soon as they can."""
        while True:
            if self._gate.is_open:
                try:
                    await listening.beat(self.ports)
                except Unavailable:
                    pass  # that nobody could be heard is what its absence says
                except Exception:
                    log.exception("listening was not noted")
            await asyncio.sleep(BEAT_SECONDS if self._gate.is_open else RETRY_SECONDS)

    async def _leave(self, refusals: asyncio.Task[None]) -> None:
        """Take nothing new, finish what is under way, tell the streams to dial again, then close."""
        log.info("leaving", under_way=self._gate.under_way)
        self._public.stop()
        await asyncio.gather(self._gate.drain(REQUEST_SECONDS), self._station.drain(STREAM_SECONDS))
        self._operator.stop()
        refusals.cancel()
        self._gate.pulse.stop()
        await asyncio.gather(
            _briefly("station", self._station.stop()),
            _briefly("connections", self._public.close_all_connections()),
            _briefly("refusals", guarding.write_refusals(self.ports, everything=True)),
        )
        await asyncio.gather(
            _briefly("doorbell", self._doorbell.stop()),
            _briefly("ringer", asyncio.to_thread(self._ringer.stop)),
        )
        await _briefly("store", self._store.close())
        log.info("left")


async def _briefly(what: str, closing: Awaitable[object]) -> None:
    """Wait for one part to close; what hangs or fails must not keep the others open."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await closing
    except Exception as error:
        log.warning("not closed", part=what, error=repr(error))


def _sockets(fd: int, host: str, port: int) -> list[socket.socket]:
    """The inherited listening socket, or new ones."""
    if fd < 0:
        return bind_sockets(port, host, backlog=BACKLOG)
    inherited = socket.socket(fileno=fd)
    inherited.setblocking(False)
    with contextlib.suppress(OSError):  # a longer queue than the parent asked for is welcome, not needed
        inherited.listen(BACKLOG)
    return [inherited]
