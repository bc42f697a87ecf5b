-- What is expected to be heard of, and since when anybody could be heard at all.

CREATE TABLE heartbeat (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  integration_id uuid NOT NULL,
  name text NOT NULL,
  interval_seconds integer NOT NULL CHECK (interval_seconds > 0),
  grace_seconds integer NOT NULL CHECK (grace_seconds >= 0),
  fed_by text NOT NULL DEFAULT '',            -- the name of alerts that are pings, such as Watchdog
  last_ping_at timestamptz,                   -- bookkeeping: moves without an event
  late_since timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, integration_id, name),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration
);

CREATE TABLE listening (                      -- the installation's: one row, moved on while requests are taken
  tenant_id uuid NOT NULL,
  since timestamptz NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (tenant_id)
);

ALTER TABLE heartbeat ENABLE ROW LEVEL SECURITY;
ALTER TABLE heartbeat FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON heartbeat TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON heartbeat TO hub_runtime;

ALTER TABLE listening ENABLE ROW LEVEL SECURITY;
ALTER TABLE listening FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON listening TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE ON listening TO hub_runtime;
