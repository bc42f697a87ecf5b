-- Tenants, people, roles and the catalogue. Every table has tenant_id, and every key starts with it.

CREATE TABLE head (
  tenant_id uuid PRIMARY KEY,
  position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  server text NOT NULL,                       -- system identifier and timeline that the epoch belongs to
  unsealed boolean NOT NULL DEFAULT false,    -- set by every append, cleared by the seal that reached the end
  cut bigint NOT NULL DEFAULT 0               -- what retention has removed
);
CREATE INDEX head_unsealed ON head (tenant_id) WHERE unsealed;

CREATE TABLE organization (
  tenant_id uuid PRIMARY KEY REFERENCES head,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,38}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE counter (                        -- numbers that people read: #42
  tenant_id uuid PRIMARY KEY REFERENCES organization,
  incidents bigint NOT NULL DEFAULT 0
);

CREATE TABLE person (
  tenant_id uuid PRIMARY KEY REFERENCES head,
  email text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);

CREATE TABLE identity (                       -- how a person proves to be one: issuer 'password' now
  tenant_id uuid NOT NULL REFERENCES person,
  issuer text NOT NULL,
  subject text NOT NULL,
  secret text,                                -- the argon2id hash, for issuer 'password'
  created_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, subject)               -- the directory's key: it is asked before a tenant is known
);
CREATE INDEX identity_person ON identity (tenant_id);

CREATE TABLE membership (
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  person_id uuid NOT NULL,                    -- a tenant of its own, so not a composite key
  display_name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'UTC',
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, person_id)
);
CREATE INDEX membership_person ON membership (person_id);

CREATE TABLE team (
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE team_member (
  tenant_id uuid NOT NULL,
  team_id uuid NOT NULL,
  membership_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, team_id, membership_id),
  FOREIGN KEY (tenant_id, team_id) REFERENCES team,
  FOREIGN KEY (tenant_id, membership_id) REFERENCES membership
);

CREATE TABLE role_binding (                   -- a word of the matrix, for a subject, in a scope
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('member', 'team', 'key')),
  subject_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'responder', 'observer')),
  scope_kind text NOT NULL CHECK (scope_kind IN ('organization', 'team', 'service', 'incident')),
  scope_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, subject_kind, subject_id, scope_kind, scope_id, role)
);

CREATE TABLE credential (                     -- every secret that is presented, by its SHA-256
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  tenant_id uuid NOT NULL REFERENCES head,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN
    ('session', 'api_key', 'integration_key', 'stream_ticket', 'invitation', 'password_reset')),
  subject uuid NOT NULL,
  scopes text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  about jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX credential_subject ON credential (tenant_id, kind, subject);

CREATE TABLE service (
  tenant_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  team_id uuid,
  tier smallint NOT NULL DEFAULT 3 CHECK (tier BETWEEN 1 AND 5),
  runbook_url text NOT NULL DEFAULT '',
  auto_resolve text NOT NULL DEFAULT 'unless_worked'
    CHECK (auto_resolve IN ('always', 'unless_worked', 'never')),
  reopen_within interval NOT NULL DEFAULT '5 minutes',
  escalation_policy_id uuid,                  -- on-call: no behaviour yet
  ack_timeout interval,
  archived_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, team_id) REFERENCES team
);

CREATE TABLE integration (                    -- archived, never deleted: inbox rows point here
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  service_id uuid NOT NULL,
  name text NOT NULL,
  expire text NOT NULL DEFAULT 'stale' CHECK (expire IN ('stale', 'clear')),
  hold jsonb,
  disabled_at timestamptz,
  archived_at timestamptz,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, service_id) REFERENCES service
);
