-- The roles, made once by an administrator before the first migration; running it again changes nothing.
-- Afterwards: ALTER ROLE hub_migrator PASSWORD '…'; ALTER ROLE hub_runtime PASSWORD '…';
--             CREATE DATABASE hub OWNER hub_owner;
--
-- hub_owner      owns every table, cannot sign in
-- hub_directory  owns the few functions that look before a tenant is known, cannot sign in
-- hub_eraser     will own the functions that redact and cut, cannot sign in
-- hub_migrator   runs migrations (HUB_DATABASE_OWNER_URL): may become the owner and the directory
-- hub_runtime    the web and worker processes (HUB_DATABASE_URL): a member of none of them

DO $$
DECLARE role record;
BEGIN
  FOR role IN SELECT * FROM (VALUES
    ('hub_owner', 'NOLOGIN'), ('hub_directory', 'NOLOGIN'), ('hub_eraser', 'NOLOGIN'),
    ('hub_migrator', 'LOGIN'), ('hub_runtime', 'LOGIN')) AS r (name, login)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role.name) THEN
      EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', role.name, role.login);
    END IF;
  END LOOP;
END $$;

GRANT hub_owner, hub_directory, hub_eraser TO hub_migrator;

-- Bounds that hold for every connection, also behind a pooler: no statement, lock or idle transaction
-- can hold up the others, and a peer that vanished is noticed.
ALTER ROLE hub_runtime SET statement_timeout = '5s';
ALTER ROLE hub_runtime SET lock_timeout = '2s';
ALTER ROLE hub_runtime SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE hub_runtime SET tcp_user_timeout = '10s';
ALTER ROLE hub_runtime SET synchronous_commit = on;
-- Temporary tables last: unnamed, they would come before all others.
ALTER ROLE hub_runtime SET search_path = public, pg_temp;
ALTER ROLE hub_migrator SET lock_timeout = '5s';
