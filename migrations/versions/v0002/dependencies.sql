-- Which service needs which: a graph without cycles, which the service that writes it keeps.

CREATE TABLE service_dependency (
  tenant_id uuid NOT NULL REFERENCES organization,
  service_id uuid NOT NULL,
  needs_id uuid NOT NULL CHECK (needs_id <> service_id),
  PRIMARY KEY (tenant_id, service_id, needs_id),
  FOREIGN KEY (tenant_id, service_id) REFERENCES service,
  FOREIGN KEY (tenant_id, needs_id) REFERENCES service
);
CREATE INDEX service_dependency_needs ON service_dependency (tenant_id, needs_id);

ALTER TABLE service_dependency ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_dependency FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON service_dependency TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, DELETE ON service_dependency TO hub_runtime;
