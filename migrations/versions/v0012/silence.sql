-- Alerts that are not repeated in their own time, and incidents that fold into a storm.

ALTER TABLE alert ADD COLUMN fresh_for integer, ADD COLUMN group_key text NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN stale integer NOT NULL DEFAULT 0, ADD COLUMN reopens integer NOT NULL DEFAULT 0;
ALTER TABLE integration ADD COLUMN stale_after interval;
-- How many incidents it may open at once, and a minute, before what comes folds into one.
ALTER TABLE service ADD COLUMN storm_after integer NOT NULL DEFAULT 20 CHECK (storm_after > 0);
-- Neither column moves with a repeat, so that counting one stays a change of the row alone.
CREATE INDEX alert_fresh ON alert (tenant_id, integration_id) WHERE status = 'firing' AND fresh_for IS NOT NULL;

CREATE TABLE flow (                           -- how many incidents a service opens lately: bookkeeping
  tenant_id uuid NOT NULL,
  service_id uuid NOT NULL,
  level real NOT NULL,
  at timestamptz NOT NULL,
  storm uuid,
  PRIMARY KEY (tenant_id, service_id),
  FOREIGN KEY (tenant_id, service_id) REFERENCES service,
  FOREIGN KEY (tenant_id, storm) REFERENCES incident
);

ALTER TABLE flow ENABLE ROW LEVEL SECURITY;
ALTER TABLE flow FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON flow TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE ON flow TO hub_runtime;
