"""Looking incidents through for what no index knows: words, parts of names, severities."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from hub.contract.ids import parse
from hub.domain.query import Query
from hub.domain.sight import View
from hub.storage.statement import written
from hub.storage.tx import Tx

# The worst case is a question that nothing answers: a page of it touches about so many rows and no more.
ROWS: Final = 10_000

_SERVICES = written(
    """
    SELECT id FROM service WHERE tenant_id = :tenant AND (id = ANY (:ids)
      OR EXISTS (SELECT FROM unnest(:parts) AS p (part) WHERE position(lower(p.part) IN lower(name)) > 0))
    """,
    tenant="uuid", ids="uuid[]", parts="text[]",
)  # fmt: skip

# The newest of {those} are looked at, each once; the last look is in the answer whether it is a hit or not,
# since the next page goes on behind it. Words are looked for in what a line of the board says, as in
# static/js/filter.js.
_LOOK = """
    SELECT id, is_hit, place = :looks AS is_last FROM (
      SELECT i.id, row_number() OVER (ORDER BY i.id DESC) AS place,
        (cardinality(:severities) = 0 OR i.severity = ANY (:severities))
        AND (cardinality(:asked) = 0 OR i.service_id IN (SELECT unnest(:asked)))
        AND NOT EXISTS (SELECT FROM unnest(:texts) AS t (text) WHERE position(lower(t.text) IN lower(
          CASE WHEN i.number < 0 THEN 'P' ELSE '#' END || i.number || ' ' || i.title || ' ' || s.name
          || ' ' || i.severity || ' ' || i.status)) = 0) AS is_hit
      FROM ({those} ORDER BY id DESC LIMIT :looks) AS i
      JOIN service AS s ON s.tenant_id = :tenant AND s.id = i.service_id) AS looked
    WHERE is_hit OR place = :looks ORDER BY id DESC LIMIT :limit
"""
_COLUMNS = "id, number, title, severity, status, service_id"
_KINDS = {
    "tenant": "uuid", "statuses": "text[]", "before": "uuid", "named": "uuid[]", "asked": "uuid[]",
    "severities": "text[]", "texts": "text[]", "looks": "int", "limit": "int",
}  # fmt: skip
_WHOLE = written(
    _LOOK.format(
        those=f"""
        SELECT newest.* FROM unnest(:statuses) AS t (status) CROSS JOIN LATERAL (
          SELECT {_COLUMNS} FROM incident WHERE tenant_id = :tenant AND status = t.status AND id < :before
            AND (NOT private OR id = ANY (:named)) ORDER BY id DESC LIMIT :looks) AS newest"""
    ),
    **_KINDS,
)
_SOME = written(
    _LOOK.format(
        those=f"""
        SELECT * FROM (
          SELECT newest.* FROM unnest(:services) AS a (id) CROSS JOIN unnest(:statuses) AS t (status)
          CROSS JOIN LATERAL (
            SELECT {_COLUMNS} FROM incident WHERE tenant_id = :tenant AND service_id = a.id
              AND status = t.status AND id < :before AND NOT private ORDER BY id DESC LIMIT :looks) AS newest
          UNION
          SELECT {_COLUMNS} FROM incident
          WHERE tenant_id = :tenant AND id = ANY (:named) AND id < :before AND status = ANY (:statuses)
            AND (cardinality(:asked) = 0 OR service_id = ANY (:asked))) AS found"""
    ),
    services="uuid[]",
    **_KINDS,
)


async def page(tx: Tx, view: View, query: Query, before: UUID, limit: int) -> tuple[list[UUID], UUID | None]:
    """Incidents older than `before` that a view contains and a query asks for, newest first, at most `limit`;
    and behind which one the next page begins, None behind the last. A page may have few of them, or none,
    and yet a next one."""
    if not query.statuses:
        return [], None
    asked = await _services(tx, query.services)
    # A term that many services answer is looked for in each incident, like any word.
    is_broad = len(asked) * len(query.statuses) * limit > ROWS
    is_whole = view.whole and (not asked or is_broad)
    among = asked if view.whole else [id for id in view.services if not asked or id in set(asked)]
    looks = max(limit, ROWS // (len(query.statuses) * (1 if is_whole else max(len(among), 1))))
    found = await tx.fetch(
        _WHOLE if is_whole else _SOME,
        services=among,
        asked=asked,
        statuses=sorted(query.statuses),
        severities=sorted(query.severities),
        texts=sorted(query.texts),
        named=list(view.incidents),
        before=before,
        looks=looks,
        limit=limit + 1,
    )
    hits = [row["id"] for row in found if row["is_hit"]]
    if len(hits) > limit:
        return hits[:limit], hits[limit - 1]
    return hits, found[-1]["id"] if found and found[-1]["is_last"] else None


async def _services(tx: Tx, terms: Iterable[str]) -> list[UUID]:
    """The services that terms name by id or by a part of the name; none where there is no term. Where there
    is no such service, one that nobody has: the way on is the same as for one out of sight, so that the time
    which the answer takes does not tell of its name."""
    parts = sorted(terms)
    if not parts:
        return []
    ids = [id for part in parts if (id := parse("service", part))]
    return [row["id"] for row in await tx.fetch(_SERVICES, ids=ids, parts=parts)] or [UUID(int=0)]
