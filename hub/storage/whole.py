"""Incidents with their alerts or names, written whole: one upsert for each, and one statement for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from hub.contract.words import Role
from hub.domain.alert import Alert
from hub.domain.incident import Incident
from hub.storage.names import NAMING, NAMING_KINDS, Naming, naming_values
from hub.storage.statement import written
from hub.storage.tables import alert, incident
from hub.storage.tx import Tx


class Upsert:
    """Many rows of a table, each inserted or replaced by its id: one array parameter a column, its name
    behind the table's. JSON columns take texts."""

    def __init__(self, table: sa.Table, names: tuple[str, ...]) -> None:
        self._names = names
        self._prefix = f"{table.name}_"
        self._json = {name for name in names if table.info[name] == "json"}
        self.kinds = {
            self._prefix + name: f"{'text' if name in self._json else table.info[name]}[]" for name in names
        }
        picked = ", ".join(f"u.{name}::jsonb" if name in self._json else f"u.{name}" for name in names)
        changed = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
        self.text = (
            f"INSERT INTO {table.name} (tenant_id, {', '.join(names)}) SELECT :tenant, {picked}"
            f" FROM unnest({', '.join(f':{name}' for name in self.kinds)}) AS u ({', '.join(names)})"
            f" ON CONFLICT (tenant_id, id) DO UPDATE SET {changed}"
        )

    def values(self, rows: Iterable[Incident | Alert]) -> dict[str, list[object]]:
        """The parameters of distinct rows, in the order of their ids."""
        sorted_rows = sorted(rows, key=_id)
        return {
            self._prefix + name: [
                msgspec.json.encode(getattr(row, name)).decode() if name in self._json else getattr(row, name)
                for row in sorted_rows
            ]
            for name in self._names
        }


def _id(row: Incident | Alert) -> UUID:
    return row.id


INCIDENTS = Upsert(incident, Incident.__struct_fields__)
ALERTS = Upsert(alert, Alert.__struct_fields__)
_INCIDENTS = written(INCIDENTS.text, tenant="uuid", **INCIDENTS.kinds)
_ALERTS = written(ALERTS.text, tenant="uuid", **ALERTS.kinds)
_BOTH = written(
    f"WITH saved AS ({INCIDENTS.text}) {ALERTS.text}", tenant="uuid", **INCIDENTS.kinds, **ALERTS.kinds
)


_NAMED = written(
    f"WITH saved AS ({INCIDENTS.text}), {NAMING}", tenant="uuid", **INCIDENTS.kinds, **NAMING_KINDS
)
ROLE: Final = Role.RESPONDER  # of everybody who is named: whoever may see it may work on it


async def save(
    tx: Tx, incidents: Sequence[Incident], alerts: Sequence[Alert], naming: Naming | None = None
) -> None:
    """Write the rows whole. An alert's incident may be new: its key is looked for at the statement's end.
    With a naming come incidents and no alerts."""
    if naming is not None:
        await tx.fetch(_NAMED, **INCIDENTS.values(incidents), **naming_values(naming, ROLE))
    elif incidents and alerts:
        await tx.fetch(_BOTH, **INCIDENTS.values(incidents), **ALERTS.values(alerts))
    elif incidents:
        await tx.fetch(_INCIDENTS, **INCIDENTS.values(incidents))
    elif alerts:
        await tx.fetch(_ALERTS, **ALERTS.values(alerts))
