"""A statement: written as a Core expression, compiled once, run by asyncpg."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.expression import ClauseElement

from hub.storage.tables import TYPES

DIALECT = asyncpg_dialect.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
TENANT: BindParameter[Any] = sa.bindparam("tenant", type_=TYPES["uuid"])


class Statement:
    """SQL text and the order of its parameters. Compiling costs 100 times what running does, so each
    statement is made once, at import."""

    __slots__ = ("names", "text")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        if fixed:
            raise ValueError(f"a literal should be a named parameter: {fixed}")
        self.text = str(compiled)
        self.names: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the statement's order; raise KeyError for a missing one."""
        return [values[name] for name in self.names]


def given(name: str, kind: str) -> BindParameter[Any]:
    """A parameter of one of the types of tables.py."""
    return sa.bindparam(name, type_=TYPES[kind])


def many(name: str, kind: str) -> BindParameter[Any]:
    """An array parameter: many rows go as one array a column, through unnest."""
    return sa.bindparam(name, type_=ARRAY(TYPES[kind]))


def written(sql: str, **kinds: str) -> Statement:
    """A statement that Core cannot say plainly, with its parameters' types ("uuid", or "uuid[]")."""
    binds = [
        many(name, kind.removesuffix("[]")) if kind.endswith("[]") else given(name, kind)
        for name, kind in kinds.items()
    ]
    return Statement(sa.text(sql).bindparams(*binds))


def saving(table: sa.Table, names: tuple[str, ...], key: tuple[str, ...]) -> Statement:
    """Write many rows whole, each inserted or replaced: one array parameter a column, by its name.

    JSON columns take texts. Rows must be distinct in `key`, which follows the tenant in the primary key.
    """
    kinds = {name: "text" if table.info[name] == "json" else table.info[name] for name in names}
    picked = ", ".join(f"u.{name}::jsonb" if table.info[name] == "json" else f"u.{name}" for name in names)
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    return written(
        f"INSERT INTO {table.name} (tenant_id, {', '.join(names)}) SELECT :tenant, {picked}"
        f" FROM unnest({', '.join(f':{name}' for name in names)}) AS u ({', '.join(names)})"
        f" ON CONFLICT (tenant_id, {', '.join(key)}) DO UPDATE SET {changed}",
        tenant="uuid",
        **{name: f"{kind}[]" for name, kind in kinds.items()},
    )
