"""Hears the hints of followed tenants on Redis; what does not open counts as lost, and is counted."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from hub.config import Config
from hub.contract.ids import TenantId
from hub.logs import Seldom
from hub.metrics import EAR_CONNECTED, HINTS_FORGED
from hub.realtime.hint import Hint, Seal
from hub.realtime.listener import Listener

log = structlog.get_logger()


class Ear(Listener):
    """One subscriber a process. `heard(tenant, hint)` is called for each message, None for an unreadable one.

    `listening(tenant)` is called whenever Redis confirms a subscription, the first time and after every
    reconnection: what was rung before that moment was missed and must be read.
    """

    connected = EAR_CONNECTED

    def __init__(
        self,
        config: Config,
        heard: Callable[[TenantId, Hint | None], None],
        listening: Callable[[TenantId], None],
    ) -> None:
        super().__init__(config.redis_url)
        self._seal = Seal(config.keys("hint"))
        self._heard = heard
        self._listening = listening
        self._forged = Seldom(log.warning, seconds=5)

    def listening(self, tenant: TenantId) -> None:
        """Have read what was missed."""
        self._listening(tenant)

    def hear(self, tenant: TenantId, payload: bytes) -> None:
        """Open a hint and hand it on."""
        hint = self._seal.open(tenant, payload)
        if hint is None:
            HINTS_FORGED.inc()
            self._forged("a message on a channel was not sealed by this installation", tenant=str(tenant))
        self._heard(tenant, hint)
