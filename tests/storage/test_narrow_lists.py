"""The list of who sees a few services asks an index for each of them, however large the organization is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from line import connected
from orgs import Org
from servers import Database

from hub.contract.ids import new
from hub.contract.words import Status
from hub.services import paging
from hub.services.ports import Ports
from hub.storage import incidents, integrations, search
from hub.storage.statement import Statement

pytestmark = pytest.mark.gen_test(timeout=60)
ROWS = 4_000
FILL = (
    "INSERT INTO service (tenant_id, id, name, created_at) VALUES ($1, $2, 'Large', now())",
    f"""
    INSERT INTO incident (tenant_id, id, number, service_id, group_key, title, status, severity, urgency,
      version, opened_at)
    SELECT $1, gen_random_uuid(), 1000 + n, $2, n::text, 'x',
      (ARRAY['resolved', 'closed', 'triggered'])[1 + n % 3], 'SEV3', 'low', 1, now()
    FROM generate_series(1, {ROWS}) n
    """,
)


async def fill(database: Database, org: Org) -> None:
    """A service with many incidents, which is not the one that is asked for."""
    async with connected(database.admin_url) as admin:
        large = new()
        for statement in FILL:
            await admin.execute(statement, org.tenant, large)
        await admin.execute("ANALYZE incident")


async def plan(database: Database, statement: Statement, **values: Any) -> list[dict[str, Any]]:
    """Every node of the plan that a prepared statement gets for any values, with what it read."""
    async with connected(database.admin_url) as admin:
        await admin.execute("SET plan_cache_mode = force_generic_plan")
        explained = await admin.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}", *statement.arguments(values)
        )
    return nodes_of(explained)


def nodes_of(explained: str) -> list[dict[str, Any]]:
    """All of what EXPLAIN said as JSON."""
    return _nodes(msgspec.json.decode(explained)[0]["Plan"])


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for child in node.get("Plans", []) for each in _nodes(child))]


def looked_at(nodes: list[dict[str, Any]], table: str) -> float:
    """How many rows of a table the plan touched."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
        if node.get("Relation Name") == table
    )


async def test_a_list_of_few_services_does_not_read_the_large_one(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await fill(database, acme)
    async with ports.store.begin(acme.tenant) as tx:
        mine = await integrations.find(tx, acme.integration_id)
    assert mine
    late, shared = new(), {"tenant": acme.tenant, "limit": 51}
    everything = {"services": [mine.service_id], "statuses": list(Status), "named": [], "before": late}
    read = await plan(database, incidents._PICK, **shared, **everything)
    assert looked_at(read, "incident") <= 60


async def test_a_search_that_finds_nothing_looks_at_so_many_and_no_more(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await fill(database, acme)
    async with ports.store.begin(acme.tenant) as tx:
        large = await search._services(tx, ["large"])
    assert large is not None
    assert len(large) == 1
    asked = {
        "tenant": acme.tenant, "before": paging.NEWEST, "named": [], "statuses": sorted(Status),
        "severities": [], "texts": ["nothing like it"], "services": large, "asked": large, "looks": 50,
        "limit": 51,
    }  # fmt: skip
    for statement in (search._WHOLE, search._SOME):
        assert looked_at(await plan(database, statement, **asked), "incident") <= 5 * 50
