-- The one log, its seal, and the inbox.

CREATE TABLE incident_event (                 -- immutable; what is hashed
  tenant_id uuid NOT NULL REFERENCES head,
  position bigint NOT NULL CHECK (position > 0),
  id uuid NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  subject text NOT NULL,
  incident_id uuid,
  version integer,                            -- the incident's version after it
  request_id text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (tenant_id, position),
  UNIQUE (tenant_id, id)
);
CREATE INDEX incident_event_timeline ON incident_event (tenant_id, incident_id, position)
  WHERE incident_id IS NOT NULL;

CREATE TABLE event_body (                     -- erasable; digest = SHA-256(salt, body, address)
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,
  salt bytea NOT NULL CHECK (length(salt) = 16),
  body bytea NOT NULL,                        -- the envelope as it is sent; jsonb would reorder it
  address text NOT NULL DEFAULT '',           -- where the request came from: for the audit log, never sent
  PRIMARY KEY (tenant_id, position),
  FOREIGN KEY (tenant_id, position) REFERENCES incident_event
);

CREATE TABLE audit_log (                      -- the hash chain over incident_event
  tenant_id uuid NOT NULL,
  position bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  sealed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, position),
  FOREIGN KEY (tenant_id, position) REFERENCES incident_event
);

CREATE TABLE inbox (                          -- one row is one request: raw input, receipt and dead letter
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  integration_id uuid NOT NULL,
  format text NOT NULL,
  body bytea NOT NULL,
  truncated boolean NOT NULL DEFAULT false,
  arrival bigint GENERATED ALWAYS AS IDENTITY,  -- the order of a lane; never leaves storage
  received_at timestamptz NOT NULL,
  request_id text NOT NULL,
  traceparent text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'stored' CHECK (state IN ('stored', 'done', 'dead', 'quarantined')),
  outcome jsonb NOT NULL DEFAULT '[]',
  reason text NOT NULL DEFAULT '',
  tries smallint NOT NULL DEFAULT 0,          -- only tries alone, after a crash, are counted
  processed_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration
);
CREATE INDEX inbox_waiting ON inbox (tenant_id, integration_id, arrival) WHERE state = 'stored';
CREATE INDEX inbox_dead ON inbox (tenant_id, received_at DESC, id DESC) WHERE state = 'dead';

CREATE TABLE lane (                           -- locked while its rows are processed: the lock is the lease
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  drained_at timestamptz,
  PRIMARY KEY (tenant_id, integration_id),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration
);

CREATE TABLE attempt (                        -- left behind: the worker that held this lane crashed
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  upto bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, integration_id),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON incident_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE ON event_body FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER untruncatable BEFORE TRUNCATE ON incident_event EXECUTE FUNCTION refuse_change();
CREATE TRIGGER untruncatable BEFORE TRUNCATE ON event_body EXECUTE FUNCTION refuse_change();
CREATE TRIGGER untruncatable BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change();
