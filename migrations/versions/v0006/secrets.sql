-- Secrets that must be read again (a sender's signature is checked with one), sealed under a key of the
-- environment (services/vault.py): a dump of this table alone opens none of them.

CREATE TABLE sealed_secret (
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('signing')),
  subject uuid NOT NULL,
  key_id text NOT NULL,
  sealed bytea NOT NULL,
  about jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sealed_secret_subject ON sealed_secret (tenant_id, kind, subject);

ALTER TABLE sealed_secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE sealed_secret FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sealed_secret TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON sealed_secret TO hub_runtime;
