"""The register of event kinds: every kind's name and its Struct."""

from __future__ import annotations

from typing import Final

from hub.contract import (
    administration,
    consumers,
    corrections,
    events,
    heartbeats,
    hold,
    integrations,
    keys,
    membership,
    privacy,
    receipts,
    signing,
    silence,
    storms,
    undo,
)
from hub.contract.events import Kind

MODULES: Final = (
    events,
    administration,
    integrations,
    heartbeats,
    hold,
    keys,
    consumers,
    corrections,
    membership,
    privacy,
    receipts,
    signing,
    silence,
    storms,
    undo,
)
KINDS: Final[dict[str, type[Kind]]] = {
    struct.kind: struct
    for module in MODULES
    for struct in vars(module).values()
    if isinstance(struct, type) and issubclass(struct, Kind) and hasattr(struct, "kind")
}
ADMINISTRATIVE: Final = frozenset(kind for kind, struct in KINDS.items() if struct.administrative)
# They change who sees an incident, without being administrative.
VISIBILITY: Final = frozenset(
    struct.kind for struct in (privacy.IncidentHidden, privacy.IncidentShown, privacy.IncidentGlassBroken)
)
