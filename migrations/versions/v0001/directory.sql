-- What must be known before a tenant is known: few functions, owned by hub_directory, each pinned to
-- pg_catalog so that no schema of the caller's is ever searched. A contract test lists them by name.

CREATE FUNCTION directory.server() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()
$$;

-- The epoch that a head has on this server: its own, or, after a failover or a restore (another system
-- identifier or timeline), one derived from both, so that the append and every reader move to the same.
CREATE FUNCTION directory.epoch(epoch uuid, was text, now text) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN was = now THEN epoch ELSE md5(epoch::text || now)::uuid END
$$;

CREATE FUNCTION directory.find_credential(hash bytea) RETURNS TABLE (
  tenant_id uuid, id uuid, kind text, subject uuid, scopes text[], expires_at timestamptz,
  last_used_at timestamptz, about jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.tenant_id, c.id, c.kind, c.subject, c.scopes, c.expires_at, c.last_used_at, c.about
  FROM public.credential c WHERE c.hash = find_credential.hash AND (c.expires_at IS NULL OR c.expires_at > now())
$$;

CREATE FUNCTION directory.find_identity(issuer text, subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.tenant_id FROM public.identity i
  WHERE i.issuer = find_identity.issuer AND i.subject = find_identity.subject
$$;

CREATE FUNCTION directory.find_organization(slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.tenant_id FROM public.organization o WHERE o.slug = find_organization.slug
$$;

CREATE FUNCTION directory.organizations_of(person uuid) RETURNS TABLE (
  tenant_id uuid, slug text, name text, membership_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.tenant_id, o.slug, o.name, m.id
  FROM public.membership m JOIN public.organization o USING (tenant_id)
  WHERE m.person_id = person AND (m.expires_at IS NULL OR m.expires_at > now())
  ORDER BY o.slug LIMIT 200
$$;

CREATE FUNCTION directory.tenants(after uuid, most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT h.tenant_id FROM public.head h WHERE after IS NULL OR h.tenant_id > after
  ORDER BY h.tenant_id LIMIT least(most, 1000)
$$;

CREATE FUNCTION directory.heads(tenant_ids uuid[]) RETURNS TABLE (tenant_id uuid, epoch uuid, "position" bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT h.tenant_id, directory.epoch(h.epoch, h.server, s.now), h."position"
  FROM public.head h, (SELECT directory.server() AS now) s WHERE h.tenant_id = ANY (tenant_ids)
$$;

-- A loose index scan: one probe for each tenant with work, not one for each row. It starts behind `after`
-- and wraps round, so that nobody starves however long the first tenants' queues are.
CREATE FUNCTION directory.organizations_with_work(work text, after uuid, most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE waiting AS (
    (SELECT i.tenant_id FROM public.inbox i WHERE work = 'inbox' AND i.state = 'stored'
     ORDER BY i.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT i.tenant_id FROM public.inbox i WHERE i.state = 'stored' AND i.tenant_id > w.tenant_id
            ORDER BY i.tenant_id LIMIT 1)
    FROM waiting w WHERE w.tenant_id IS NOT NULL
  ), timed AS (
    (SELECT t.tenant_id FROM public.timer t WHERE work = 'timers' ORDER BY t.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.tenant_id FROM public.timer t WHERE t.tenant_id > d.tenant_id ORDER BY t.tenant_id LIMIT 1)
    FROM timed d WHERE d.tenant_id IS NOT NULL
  ), due AS (
    SELECT w.tenant_id FROM waiting w WHERE w.tenant_id IS NOT NULL
    UNION ALL
    SELECT d.tenant_id FROM timed d WHERE d.tenant_id IS NOT NULL AND EXISTS (
      SELECT FROM public.timer t WHERE t.tenant_id = d.tenant_id AND t.due <= now())
    UNION ALL
    SELECT h.tenant_id FROM public.head h WHERE work = 'log' AND h.unsealed
  )
  SELECT due.tenant_id FROM due
  ORDER BY coalesce(due.tenant_id <= after, false), due.tenant_id LIMIT least(most, 1000)
$$;

CREATE FUNCTION directory.gauges() RETURNS TABLE (
  tenant_id uuid, slug text, waiting bigint, running bigint, dead bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.tenant_id, o.slug, w.waiting, (SELECT count(*) FROM public.attempt a WHERE a.tenant_id = o.tenant_id),
    (SELECT count(*) FROM public.inbox i WHERE i.tenant_id = o.tenant_id AND i.state = 'dead'), w.oldest
  FROM public.organization o CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(i.received_at) AS oldest
    FROM public.inbox i WHERE i.tenant_id = o.tenant_id AND i.state = 'stored') w
  ORDER BY w.waiting DESC, o.slug LIMIT 1000
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA directory FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA directory TO hub_runtime;
