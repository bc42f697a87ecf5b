-- The wall: one policy text on every table, for the roles that are a tenant's. Nobody else has a policy,
-- but the directory, which reads named columns of a few tables.

DO $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    IF name <> 'inbox' THEN
      EXECUTE format('CREATE POLICY tenant ON %I TO hub_owner, hub_runtime
        USING (tenant_id = (SELECT current_setting(''hub.tenant'')::uuid))
        WITH CHECK (tenant_id = (SELECT current_setting(''hub.tenant'')::uuid))', name);
    END IF;
  END LOOP;
END $$;

-- The one exception: group commit puts the rows of many organizations into one insert. The composite
-- foreign key refuses an integration of another organization; reading and changing is the tenant's only.
CREATE POLICY arrive ON inbox FOR INSERT TO hub_owner, hub_runtime WITH CHECK (true);
CREATE POLICY tenant_read ON inbox FOR SELECT TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid));
CREATE POLICY tenant_change ON inbox FOR UPDATE TO hub_owner, hub_runtime
  USING (tenant_id = (SELECT current_setting('hub.tenant')::uuid))
  WITH CHECK (tenant_id = (SELECT current_setting('hub.tenant')::uuid));

GRANT USAGE ON SCHEMA public TO hub_runtime, hub_directory;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO hub_runtime;
REVOKE INSERT ON alembic_version FROM hub_runtime;
GRANT UPDATE ON head, organization, counter, person, identity, membership, team, credential, service,
  integration, incident, alert, task, timer, inbox, lane, attempt TO hub_runtime;
GRANT DELETE ON credential, role_binding, team_member, timer, attempt, request_key TO hub_runtime;

CREATE POLICY directory ON head FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON organization FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON identity FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON membership FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON credential FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON inbox FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON timer FOR SELECT TO hub_directory USING (true);
CREATE POLICY directory ON attempt FOR SELECT TO hub_directory USING (true);
GRANT SELECT (tenant_id, position, epoch, server, unsealed, cut) ON head TO hub_directory;
GRANT SELECT (tenant_id, slug, name) ON organization TO hub_directory;
GRANT SELECT (tenant_id, issuer, subject) ON identity TO hub_directory;
GRANT SELECT (tenant_id, id, person_id, expires_at) ON membership TO hub_directory;
GRANT SELECT ON credential TO hub_directory;
GRANT SELECT (tenant_id, integration_id, arrival, state, received_at) ON inbox TO hub_directory;
GRANT SELECT (tenant_id, due) ON timer TO hub_directory;
GRANT SELECT (tenant_id, integration_id) ON attempt TO hub_directory;
