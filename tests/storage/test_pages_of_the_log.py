"""A page of the log costs what is on it, wherever it begins and whichever join the planner takes."""

from __future__ import annotations

import pytest
from line import connected
from orgs import Org
from servers import Database
from test_narrow_lists import looked_at, nodes_of

from hub.storage import lag, log, seals
from hub.storage.statement import Statement

pytestmark = pytest.mark.gen_test(timeout=60)
FIRST, EVENTS, PAGE = 10_000, 4_000, 50
FILL = f"""
    WITH events AS (
      INSERT INTO incident_event (tenant_id, position, id, kind, at, actor, subject, request_id, digest)
      SELECT $1, n, gen_random_uuid(), 'member.added', now(), 'a', 'b', 'r', $2
      FROM generate_series({FIRST}, {FIRST + EVENTS}) n RETURNING tenant_id, position
    ), bodies AS (
      INSERT INTO event_body (tenant_id, position, salt, body, address)
      SELECT tenant_id, position, substr($2, 1, 16), '{{}}', '' FROM events RETURNING tenant_id, position
    )
    INSERT INTO audit_log (tenant_id, position, hash, sealed_at)
    SELECT tenant_id, position, $2, now() FROM bodies
"""


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (seals._CHAINED, {"after": FIRST + EVENTS // 2}),
        (log._AUDIT, {"before": FIRST + EVENTS // 2}),
        (lag._BEHIND, {"position": FIRST + EVENTS // 2, "bodies": True}),
    ],
    ids=["a chain that is verified", "the audit trail", "what a consumer has not had"],
)
async def test_a_page_in_the_middle_reads_no_other_page(
    statement: Statement, values: dict[str, object], database: Database, acme: Org
) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute(FILL, acme.tenant, bytes(32))
        await admin.execute("ANALYZE incident_event, event_body, audit_log")
        await admin.execute("SET enable_nestloop = off; SET enable_hashjoin = off; SET enable_sort = off")
        asked = statement.arguments({"tenant": acme.tenant, "limit": PAGE, **values})
        nodes = nodes_of(await admin.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}", *asked))
    for table in ("incident_event", "event_body", "audit_log"):
        assert looked_at(nodes, table) <= 2 * PAGE
    assert any(node["Node Type"] == "Merge Join" for node in nodes)
