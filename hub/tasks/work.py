"""The one task: drain what is due for some tenants. Ids only, shallow, safe twice."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog
from huey import RedisHuey

from hub.contract.ids import TenantId
from hub.domain.errors import Unavailable
from hub.logs import bind
from hub.services import work
from hub.services.ports import Ports
from hub.tasks.queue import drain_task

Run = Callable[[Coroutine[Any, Any, Any]], Any]
log = structlog.get_logger()


def register(huey: RedisHuey, ports: Ports, run: Run) -> None:
    """Register `drain` on the worker's Huey; `run` runs a coroutine on the worker's loop.

    What is left after some rounds is rung again; without a database the sweeper will do it.
    """

    def act(kind: str, tenants: list[str], id: str) -> None:
        bind(task_id=id, kind=kind)
        try:
            left = run(work.drain(ports, kind, [TenantId(UUID(tenant)) for tenant in tenants]))
            if left:
                ports.enqueue(kind, left)
        except Unavailable:
            log.warning("the database is away; the sweeper does this later")
        finally:
            bind()

    drain_task(huey, act)
