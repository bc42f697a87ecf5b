"""A statement: written as a Core expression, compiled once, run by asyncpg."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.expression import ClauseElement

from hub.storage.tables import TYPES

DIALECT = asyncpg_dialect.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
TENANT: BindParameter[Any] = sa.bindparam("tenant", type_=TYPES["uuid"])


# The tenant is set before the statement in LATERAL can begin: it asks for `entered.tenant`, and OFFSET keeps
# the planner from joining its tables the other way round. Were a policy ever evaluated earlier, it would cast
# an empty setting to uuid: an error, never a row. A tenant left over divides by zero, as in Store.begin.
_ALONE = """
    SELECT found.* FROM (
      SELECT set_config('hub.tenant', {tenant}::text, true)::uuid AS tenant
      WHERE 1 / (coalesce(current_setting('hub.tenant', true), '') = '')::int = 1) AS entered
    CROSS JOIN LATERAL (SELECT * FROM ({text}) AS asked OFFSET 0) AS found
"""


class Statement:
    """SQL text and the order of its parameters. Compiling costs 100 times what running does, so each
    statement is made once, at import.

    `alone` is the same question as a transaction of its own, in one round trip; only for what reads.
    """

    __slots__ = ("alone", "names", "text")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        if fixed:
            raise ValueError(f"a literal should be a named parameter: {fixed}")
        self.text = str(compiled)
        self.names: tuple[str, ...] = tuple(getattr(compiled, "positiontup", None) or ())
        self.alone = self._alone()

    def _alone(self) -> str:
        if "tenant" not in self.names:
            return self.text
        number = self.names.index("tenant") + 1
        text = re.sub(rf"\${number}(?!\d)(::UUID)?", "entered.tenant", self.text)
        return _ALONE.format(tenant=f"${number}::uuid", text=text)

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
