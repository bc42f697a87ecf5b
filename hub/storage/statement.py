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
            raise ValueError(f"a statement has a literal that should be a parameter or an inline one: {fixed}")
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
