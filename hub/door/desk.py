"""Door: what every handler may reach, made once by app.py."""

from __future__ import annotations

from dataclasses import dataclass

from hub.door.gate import Gate
from hub.door.limits import Quotas, SignIns
from hub.door.origins import Networks
from hub.services.ports import Ports


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports, and what the door itself keeps. `hosts` and `origins` are exact, see config.py."""

    ports: Ports
    hosts: frozenset[str]
    origins: frozenset[str]
    proxies: Networks
    gate: Gate
    sign_ins: SignIns
    quotas: Quotas
