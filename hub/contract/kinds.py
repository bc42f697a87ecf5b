"""The register of event kinds: every kind's name and its Struct."""

from __future__ import annotations

from typing import Final

from hub.contract import (
    administration,
    events,
    hold,
    integrations,
    keys,
    membership,
    privacy,
    receipts,
    signing,
)
from hub.contract.events import Kind

KINDS: Final[dict[str, type[Kind]]] = {
    struct.kind: struct
    for module in (events, administration, integrations, hold, keys, membership, privacy, receipts, signing)
    for struct in vars(module).values()
    if isinstance(struct, type) and issubclass(struct, Kind) and hasattr(struct, "kind")
}
ADMINISTRATIVE: Final = frozenset(kind for kind, struct in KINDS.items() if struct.administrative)
# They change who sees an incident, without being administrative.
VISIBILITY: Final = frozenset(
    struct.kind for struct in (privacy.IncidentHidden, privacy.IncidentShown, privacy.IncidentGlassBroken)
)
