"""Huey: signed JSON on one bounded list of Redis, and the ringer thread that puts wake-ups there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog
from huey import RedisHuey
from huey.registry import Message
from huey.serializer import Serializer
from itsdangerous import BadSignature, Signer
from redis import ConnectionPool, RedisError

from hub.config import Config
from hub.contract.ids import TenantId
from hub.logs import Seldom

RING_SECONDS = 0.5
LOOK_SECONDS = 0.5  # between two looks at how long the list is
PAUSE_SECONDS = 0.02  # between two rings: what comes meanwhile is one task, not one for each commit
WAITING_MAX = 1_000  # tasks on the list: more would say nothing that the sweeper does not find
TENANTS_MAX = 10_000
TENANTS_A_TASK = 200
log = structlog.get_logger()


class SignedJson(Serializer):  # type: ignore[misc]
    """Tasks as signed JSON. A pickle on the list would be code of whoever can write to Redis."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        super().__init__()
        self._signer = Signer([key.hex() for key in reversed(keys)], salt="queue")

    def _serialize(self, data: Message) -> bytes:
        return self._signer.sign(msgspec.json.encode(data._asdict()))

    def _deserialize(self, data: bytes) -> Message:
        try:
            return Message(**msgspec.json.decode(self._signer.unsign(data)))
        except (BadSignature, msgspec.DecodeError, TypeError) as error:
            raise ValueError("a message on the list is not one of ours") from error


def make_huey(config: Config, timeout: float) -> RedisHuey:
    """The queue of this installation. Results are not kept: Redis holds nothing but the list."""
    pool = ConnectionPool.from_url(
        config.redis_url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=RING_SECONDS,
        max_connections=32,
    )
    return RedisHuey(
        f"hub-{config.installation}",
        results=False,
        serializer=SignedJson(config.keys("queue")),
        connection_pool=pool,
    )


def drain_task(huey: RedisHuey, act: Callable[[str, list[str], str], None]) -> Any:
    """Register the one task, under the one name that ringers and workers share; call it to enqueue.

    `act` gets the kind, the tenants and the task's id.
    """

    @huey.task(name="drain", context=True)  # type: ignore[untyped-decorator]
    def drain(kind: str, tenants: list[str], task: Any = None) -> None:
        act(kind, tenants, task.id)

    return drain


class Ringer:
    """The Enqueue port. Putting a task blocks (5 s were seen against a stopped Redis), so one thread does
    it, and what comes meanwhile is joined: a set of tenants a kind, bounded."""

    def __init__(self, config: Config) -> None:
        self._huey = make_huey(config, RING_SECONDS)
        self._task = drain_task(self._huey, _never)
        self._waiting: dict[str, set[TenantId]] = {}
        self._rung = threading.Condition()
        self._is_stopped = False
        self._away = Seldom(log.warning)
        self._look_at = 0.0
        self._is_full = False
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)

    def start(self) -> None:
        """Begin to ring."""
        self._thread.start()

    def stop(self) -> None:
        """Ring what waits, and end; at most two seconds."""
        with self._rung:
            self._is_stopped = True
            self._rung.notify()
        self._thread.join(2)

    def __call__(self, kind: str, tenants: Iterable[TenantId]) -> None:
        """Wake a worker for these tenants. What does not fit is left to the sweeper."""
        with self._rung:
            waiting = self._waiting.setdefault(kind, set())
            if len(waiting) < TENANTS_MAX:
                waiting.update(tenants)
            self._rung.notify()

    def _run(self) -> None:
        while True:
            with self._rung:
                self._rung.wait_for(lambda: self._waiting or self._is_stopped)
                if not self._waiting:
                    return
                waiting, self._waiting = self._waiting, {}
            for kind, tenants in waiting.items():
                self._ring(kind, sorted(tenants))
            time.sleep(PAUSE_SECONDS)

    def _ring(self, kind: str, tenants: list[TenantId]) -> None:
        try:
            if (now := time.monotonic()) >= self._look_at:
                self._look_at = now + LOOK_SECONDS
                self._is_full = self._huey.pending_count() >= WAITING_MAX
            if self._is_full:
                return
            for start in range(0, len(tenants), TENANTS_A_TASK):
                self._task(kind, [str(tenant) for tenant in tenants[start : start + TENANTS_A_TASK]])
        except (RedisError, OSError) as error:
            self._away("redis is away; the sweeper does the work", error=type(error).__name__)


def _never(kind: str, tenants: list[str], id: str) -> None:
    """The ringer only puts tasks; tasks/work.py registers what runs them."""
    raise NotImplementedError


class Quiet(logging.Filter):
    """Huey logs a traceback for every try without Redis (62 in 4 s were seen): one in 30 s is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._passes = False
        self._seldom = Seldom(self._pass)

    def _pass(self, event: str, swallowed: int) -> None:
        self._passes = True

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written: all but repeated errors."""
        self._passes = record.levelno < logging.ERROR
        if not self._passes:
            self._seldom(record.getMessage())
        return self._passes
