"""Wiring of the worker process: Huey's threads in front, one event loop with the pool behind."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from huey.consumer import Consumer
from prometheus_client import start_http_server

from hub import crash, logs
from hub.config import Config
from hub.domain.errors import Unavailable
from hub.logs import Seldom
from hub.realtime.doorbell import Doorbell
from hub.services import health
from hub.services.ports import Ports
from hub.storage.tx import Store
from hub.tasks.queue import Quiet, Ringer, make_huey
from hub.tasks.sweeper import Sweeper
from hub.tasks.work import register

READ_SECONDS = 5.0
DRAIN_SECONDS = 7
TASK_SECONDS = 60
log = structlog.get_logger()


def main(config: Config) -> int:
    """Run until TERM, which lets running tasks end (at most 7 s); the exit code."""
    logs.configure(config.log_level, "worker")
    crash.arm(config.crash_at)
    logging.getLogger("huey").addFilter(Quiet())
    for name in ("huey", "huey.consumer", "huey.consumer.Worker"):
        logging.getLogger(name).addFilter(Quiet())
        logging.getLogger(name).setLevel(logging.WARNING)
    background = Background(config)
    huey = make_huey(config, READ_SECONDS)
    register(huey, background.ports, background.run)
    consumer = Consumer(
        huey,
        workers=config.worker_threads,
        periodic=False,
        worker_type="thread",
        graceful_signal="TERM",
        max_delay=1.0,
        shutdown_timeout=DRAIN_SECONDS,
    )
    # Until the consumer takes the signals: the sweeper is at work before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: consumer.stop_flag.set())
    if reason := background.start(consumer.stop_flag.is_set):
        sys.stderr.write(reason + "\n")
        return 1
    _answer_scrapes(config.worker_metrics_port)
    log.info("worker_started", threads=config.worker_threads)
    try:
        consumer.run()
    finally:
        background.stop()
    log.info("worker_stopped")
    return 0


def _answer_scrapes(port: int) -> None:
    """Serve the metrics of this process on loopback; 0 is nowhere. Of several workers the first has the
    port."""
    if port:
        try:
            start_http_server(port, "127.0.0.1")
        except OSError as error:
            log.warning("the metrics of this worker are not served", port=port, error=str(error))


class Background:
    """The loop that services run on, in a thread of its own; Huey's threads hand it coroutines."""

    def __init__(self, config: Config) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop", daemon=True)
        self._ringer = Ringer(config)
        self._doorbell = Doorbell(config)
        self._store = Store(config.database_url, 2 * config.worker_threads + 4, config.database_pooler)
        self.ports = Ports(store=self._store, announce=self._doorbell, enqueue=self._ringer, config=config)
        self._sweeper = Sweeper(self.ports)
        self._sweeping: asyncio.Future[None] | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any], seconds: float | None = TASK_SECONDS) -> Any:
        """Run a coroutine on the loop and wait for it, at most a minute."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def start(self, is_leaving: Callable[[], bool]) -> str:
        """Start the loop and everything on it; the reason, where this process must not run."""
        self._thread.start()
        try:
            self.run(self._open(is_leaving), seconds=None)  # until the database is there
        except health.Unsafe as error:
            return error.detail
        self._ringer.start()
        return ""

    async def _open(self, is_leaving: Callable[[], bool]) -> None:
        await self._store.open()
        await self._doorbell.start()
        away = Seldom(log.warning)
        while True:
            try:
                await health.check_start(self.ports)
                break
            except Unavailable:
                away("waiting for the database")
                await asyncio.sleep(0.5)
            if is_leaving():
                return
        self._sweeping = asyncio.ensure_future(self._sweeper.run())

    def stop(self) -> None:
        """Let the sweep end, ring what waits, close the pool; what hangs is left to the kernel."""
        try:
            self.run(self._close())
        finally:
            self._ringer.stop()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1)

    async def _close(self) -> None:
        self._sweeper.stop()
        if self._sweeping is not None:
            try:
                async with asyncio.timeout(3):
                    await self._sweeping
            except TimeoutError:
                log.warning("the sweep was cut off; its transaction is rolled back")
        try:
            async with asyncio.timeout(1):
                await self._doorbell.stop()
        except TimeoutError:
            log.warning("some hints were not rung; the poll finds the events")
        await self._store.close()
