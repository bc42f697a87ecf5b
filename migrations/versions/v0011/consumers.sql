-- Durable consumers: who follows the stream and keeps their place here. The place is a cursor's: epoch,
-- position, view, what is owed. `holder` moves whenever somebody takes the consumer over, and fences whoever held it before.

CREATE TABLE consumer (
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL CHECK (name ~ '^[a-z0-9]+([.-][a-z0-9]+)*$' AND length(name) <= 63),
  owner_kind text NOT NULL CHECK (owner_kind IN ('member', 'key')),
  owner_id uuid NOT NULL,
  filter text NOT NULL DEFAULT '',
  epoch uuid NOT NULL,
  position bigint NOT NULL CHECK (position >= 0),
  view bytea NOT NULL CHECK (length(view) = 4),
  owed uuid,                                  -- the incident whose leaving is still to be told there
  holder bigint NOT NULL DEFAULT 0,
  held_until timestamptz,                     -- nobody holds it when this is past
  acknowledged_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);
CREATE INDEX consumer_owner ON consumer (tenant_id, owner_kind, owner_id, id);

ALTER TABLE consumer ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consumer TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON consumer TO hub_runtime;

-- A web process asks for all that it holds in one call, whatever organizations they are of.
CREATE POLICY directory ON consumer FOR SELECT TO hub_directory USING (true);
GRANT SELECT (tenant_id, id, epoch, position, holder, held_until) ON consumer TO hub_directory;

RESET ROLE;
SET LOCAL ROLE hub_directory;

CREATE FUNCTION directory.consumers_lost(tenants uuid[], ids uuid[], holders bigint[]) RETURNS TABLE (
  id uuid, is_there boolean, is_held boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.id, c.id IS NOT NULL, coalesce(c.held_until > now(), false)
  FROM unnest(consumers_lost.tenants, consumers_lost.ids, consumers_lost.holders) AS u (tenant, id, holder)
  LEFT JOIN public.consumer c ON c.tenant_id = u.tenant AND c.id = u.id
  WHERE c.holder IS DISTINCT FROM u.holder
$$;

CREATE FUNCTION directory.consumer_gauges() RETURNS TABLE (consumers bigint, held bigint, furthest bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*), count(*) FILTER (WHERE c.held_until > now()),
    coalesce(max(h."position" - c."position") FILTER (WHERE h.epoch = c.epoch), 0)
  FROM public.consumer c JOIN public.head h ON h.tenant_id = c.tenant_id
$$;

REVOKE EXECUTE ON FUNCTION directory.consumers_lost(uuid[], uuid[], bigint[]), directory.consumer_gauges()
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory.consumers_lost(uuid[], uuid[], bigint[]), directory.consumer_gauges()
  TO hub_runtime;

RESET ROLE;
SET LOCAL ROLE hub_owner;
