-- What people work on, what machines say, and what is to happen later.

CREATE TABLE incident (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  number bigint NOT NULL,
  service_id uuid NOT NULL,
  group_key text NOT NULL,
  title text NOT NULL,
  status text NOT NULL CHECK (status IN ('triggered', 'acknowledged', 'mitigated', 'resolved', 'closed')),
  severity text NOT NULL CHECK (severity IN ('SEV1', 'SEV2', 'SEV3', 'SEV4', 'SEV5')),
  urgency text NOT NULL CHECK (urgency IN ('high', 'low')),
  acknowledgements jsonb NOT NULL DEFAULT '[]',
  worked boolean NOT NULL DEFAULT false,
  firing integer NOT NULL DEFAULT 0,
  total integer NOT NULL DEFAULT 0,
  resolved_automatically boolean NOT NULL DEFAULT false,
  recurs uuid,
  version integer NOT NULL,
  opened_at timestamptz NOT NULL,
  acknowledged_at timestamptz,
  mitigated_at timestamptz,
  resolved_at timestamptz,
  closed_at timestamptz,
  private boolean NOT NULL DEFAULT false,     -- private incidents: who sees it is role_binding's incident scope
  commander_id uuid,                          -- the rest of the war room: no behaviour yet
  storm boolean NOT NULL DEFAULT false,
  snoozed_until timestamptz,
  next_update_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, service_id) REFERENCES service,
  FOREIGN KEY (tenant_id, recurs) REFERENCES incident,
  FOREIGN KEY (tenant_id, commander_id) REFERENCES membership
);
CREATE UNIQUE INDEX incident_open ON incident (tenant_id, service_id, group_key)
  WHERE status IN ('triggered', 'acknowledged', 'mitigated');
CREATE INDEX incident_group ON incident (tenant_id, service_id, group_key, id DESC);
CREATE INDEX incident_status ON incident (tenant_id, status, id DESC);

CREATE TABLE alert (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  integration_id uuid NOT NULL,
  format text NOT NULL,
  dedup_key text NOT NULL,
  episode integer NOT NULL CHECK (episode > 0),
  incident_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('firing', 'cleared', 'stale', 'suppressed')),
  severity text NOT NULL CHECK (severity IN ('critical', 'error', 'warning', 'info')),
  title text NOT NULL,
  source text NOT NULL,
  reporters jsonb NOT NULL DEFAULT '{}',      -- at most 16: who says it, and what each said last
  keeps_alive boolean NOT NULL DEFAULT false,
  fired_at timestamptz NOT NULL,
  cleared_at timestamptz,
  count bigint NOT NULL DEFAULT 1,            -- bookkeeping: moves without an event
  last_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, integration_id, format, dedup_key, episode),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integration,
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident
);
CREATE INDEX alert_incident ON alert (tenant_id, incident_id);

CREATE TABLE task (                           -- a piece of work in an incident: no behaviour yet
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  incident_id uuid NOT NULL,
  title text NOT NULL,
  assignee_id uuid,
  done_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, incident_id) REFERENCES incident,
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES membership
);
CREATE INDEX task_incident ON task (tenant_id, incident_id);

CREATE TABLE timer (                          -- what is due later, by the database's clock: no behaviour yet
  tenant_id uuid NOT NULL REFERENCES head,
  kind text NOT NULL,
  subject uuid NOT NULL,
  generation integer NOT NULL DEFAULT 1,
  due timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, kind, subject)
);
CREATE INDEX timer_due ON timer (tenant_id, due);

CREATE TABLE request_key (                    -- idempotency of commands
  tenant_id uuid NOT NULL REFERENCES head,
  actor text NOT NULL,
  command text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, actor, command, key)
);
