"""A crowd: an organization filled with as many incidents as a benchmark wants, by the administrator's SQL."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import msgspec

from bench.hub import Hub

OPEN = 200
FILL_SECONDS = 600
SEAL_TRIES = 300

# A second apart, the newest some days ago: what the benchmark's own commands write is newer. The id is a
# UUIDv7 (RFC 9562, section 5.7) of that moment, so that ids, numbers and times have one order.
_INCIDENTS = """
    INSERT INTO incident (tenant_id, id, number, service_id, group_key, title, status, severity, urgency,
      firing, total, version, opened_at, acknowledged_at, resolved_at, closed_at, acknowledgements)
    SELECT $1, pg_temp.id_of(n, '7'), n, $2, 'bench:' || n,
      'Disk of machine ' || n % 977 || ' is nearly full', 'closed', 'SEV' || 1 + n % 5,
      CASE WHEN n % 5 < 2 THEN 'high' ELSE 'low' END, 0, 1, 5, pg_temp.at(n), pg_temp.at(n) + interval '40 s',
      pg_temp.at(n) + interval '20 min', pg_temp.at(n) + interval '1 day',
      jsonb_build_array(jsonb_build_object('actor', 'system:bench', 'name', 'bench', 'at', pg_temp.at(n)))
    FROM generate_series($3::bigint, $4::bigint) AS n
"""
_ALERTS = """
    INSERT INTO alert (tenant_id, id, integration_id, format, dedup_key, episode, incident_id, status,
      severity, title, source, reporters, fired_at, cleared_at, last_at)
    SELECT $1, pg_temp.id_of(n, '8'), $2, 'generic', 'bench:' || n, 1, pg_temp.id_of(n, '7'), 'cleared',
      'error', 'Disk of machine ' || n % 977 || ' is nearly full', 'bench', '{}', pg_temp.at(n),
      pg_temp.at(n) + interval '20 min', pg_temp.at(n)
    FROM generate_series($3::bigint, $4::bigint) AS n
"""
_EVENTS = """
    WITH made AS (
      INSERT INTO incident_event (tenant_id, position, id, kind, at, actor, subject, incident_id, version,
        request_id, digest)
      SELECT $1, $2 + n - $3 + 1, pg_temp.id_of(n, '9'), 'incident.opened', pg_temp.at(n), 'system:worker',
        'inc_' || n, pg_temp.id_of(n, '7'), 1, 'bench', sha256(n::text::bytea)
      FROM generate_series($3::bigint, $4::bigint) AS n RETURNING position
    )
    INSERT INTO event_body (tenant_id, position, salt, body)
    SELECT $1, position, substr(sha256('salt'), 1, 16), convert_to(
      '{"specversion":"1.0","id":"evt_' || position || '","type":"incident.opened","source":"/tenants/bench",'
        || '"data":{"number":1,"title":"Disk"}}', 'UTF8')
    FROM made
"""
# Every event has its seal, so that the worker is not busy with a million of them while we measure.
_SEALS = """
    INSERT INTO audit_log (tenant_id, position, hash)
    SELECT $1, n, sha256(n::text::bytea) FROM generate_series($2::bigint, $3::bigint) AS n
"""
_HEAD = """
    UPDATE head SET position = $2, unsealed = false, epoch = gen_random_uuid() WHERE tenant_id = $1
"""
# Half of the open ones are the oldest of all, where a careless list would look last.
_STATUSES = f"""
    UPDATE incident SET status = CASE WHEN is_open THEN 'triggered' ELSE 'closed' END, firing = is_open::int,
      acknowledgements = '[]', acknowledged_at = NULL, resolved_at = NULL, closed_at = NULL
    FROM (SELECT id, number <= {OPEN // 2} OR number > $2 - {OPEN // 2} AS is_open FROM incident
      WHERE tenant_id = $1 AND (number <= {OPEN // 2} OR number > $2 - {OPEN // 2} OR status <> 'closed')) now
    WHERE tenant_id = $1 AND incident.id = now.id
"""
_FIRING = """
    UPDATE alert SET status = CASE WHEN i.status = 'closed' THEN 'cleared' ELSE 'firing' END
    FROM incident i WHERE alert.tenant_id = $1 AND i.tenant_id = $1 AND alert.incident_id = i.id
      AND (i.status <> 'closed' OR alert.status <> 'cleared')
"""
_NUMBERED = "UPDATE counter SET incidents = $2 WHERE tenant_id = $1"
_FUNCTIONS = """
    CREATE OR REPLACE FUNCTION pg_temp.at(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
      RETURN timestamptz '2026-01-01 00:00:00Z' + n * interval '1 s';
    CREATE OR REPLACE FUNCTION pg_temp.id_of(n bigint, kind text) RETURNS uuid LANGUAGE sql IMMUTABLE
      RETURN (lpad(to_hex((1767225600 + n) * 1000), 12, '0') || '7' || kind || '00' || '8'
        || lpad(to_hex(n), 15, '0'))::uuid;
"""


async def administrator(hub: Hub) -> asyncpg.Connection:
    """A connection as the superuser of the embedded cluster: the wall is for the hub's own processes."""
    kept = msgspec.json.decode((hub.folder / "data" / "postgres.json").read_bytes())
    return await asyncpg.connect(
        host="127.0.0.1", port=kept["port"], user="postgres", password=kept["passwords"]["postgres"],
        database="hub", timeout=5, command_timeout=FILL_SECONDS,
    )  # fmt: skip


class Crowd:
    """The incidents of one organization; it can only grow."""

    def __init__(self, administrator: asyncpg.Connection, tenant: UUID) -> None:
        self._sql = administrator
        self._tenant = tenant
        self._count = 0

    async def grow(self, count: int) -> None:
        """Have `count` incidents, 200 of them open and untouched, the rest closed; then ANALYZE.

        Each has an alert and an event. The log gets another epoch, so that whoever follows it begins anew
        instead of reading a million events.
        """
        for _ in range(SEAL_TRIES):  # or the worker's own seals would come in between
            if not await self._sql.fetchval("SELECT unsealed FROM head WHERE tenant_id = $1", self._tenant):
                break
            await asyncio.sleep(0.1)
        await self._sql.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        async with self._sql.transaction():
            await self._insert(self._count + 1, count)
        await self._sql.execute("RESET session_replication_role; RESET synchronous_commit")
        await self._sql.execute("VACUUM ANALYZE")
        await self._sql.execute("CHECKPOINT")
        self._count = count

    async def _insert(self, first: int, last: int) -> None:
        if first == 1:
            await self._sql.execute(_FUNCTIONS)
        tenant = self._tenant
        one = "SELECT id FROM {} WHERE tenant_id = $1 LIMIT 1"
        service = await self._sql.fetchval(one.format("service"), tenant)
        integration = await self._sql.fetchval(one.format("integration"), tenant)
        head = await self._sql.fetchval("SELECT position FROM head WHERE tenant_id = $1 FOR UPDATE", tenant)
        await self._sql.execute(_INCIDENTS, tenant, service, first, last)
        await self._sql.execute(_ALERTS, tenant, integration, first, last)
        await self._sql.execute(_EVENTS, tenant, head, first, last)
        end = head + last - first + 1
        await self._sql.execute(_SEALS, tenant, head + 1, end)
        await self._sql.execute(_HEAD, tenant, end)
        await self._sql.execute(_STATUSES, tenant, last)
        await self._sql.execute(_FIRING, tenant)
        await self._sql.execute(_NUMBERED, tenant, last)
