"""The wall as the database's catalog tells it: what must hold of every table, policy, function and grant."""

from __future__ import annotations

import asyncpg
from rights import DELETABLE, UPDATABLE

POLICY = "(tenant_id = ( SELECT (current_setting('hub.tenant'::text))::uuid AS current_setting))"
TENANTS = "{hub_owner,hub_runtime}"
TENANT_POLICY = {("tenant", "*", TENANTS, POLICY, POLICY)}
INBOX_POLICIES = {  # the one exception: anybody may put, only the tenant may look
    ("arrive", "a", TENANTS, None, "true"),
    ("tenant_read", "r", TENANTS, POLICY, None),
    ("tenant_change", "w", TENANTS, POLICY, POLICY),
}
DIRECTORY_POLICY = ("directory", "r", "{hub_directory}", "true", None)
DIRECTORY_READS = {  # what may be known before a tenant is known
    "head": {"tenant_id", "position", "epoch", "server", "unsealed", "cut"},
    "organization": {"tenant_id", "slug", "name"},
    "identity": {"tenant_id", "issuer", "subject"},
    "membership": {"tenant_id", "id", "person_id", "expires_at"},
    "credential": {"tenant_id", "hash", "id", "kind", "subject", "scopes", "created_at", "expires_at"}
    | {"last_used_at", "about"},
    "inbox": {"tenant_id", "integration_id", "arrival", "state", "received_at"},
    "timer": {"tenant_id", "due"},
    "attempt": {"tenant_id", "integration_id"},
    "consumer": {"tenant_id", "id", "epoch", "position", "holder", "held_until"},
}  # fmt: skip
FUNCTIONS = {  # name: is it SECURITY DEFINER
    "directory.find_credential(bytea)": True,
    "directory.find_identity(text,text)": True,
    "directory.find_organization(text)": True,
    "directory.organizations_of(uuid)": True,
    "directory.tenants(uuid,integer)": True,
    "directory.heads(uuid[])": True,
    "directory.organizations_with_work(text,uuid,integer)": True,
    "directory.gauges()": True,
    "directory.consumers_lost(uuid[],uuid[],bigint[])": True,
    "directory.consumer_gauges()": True,
    "directory.server()": False,
    "directory.epoch(uuid,text,text)": False,
    "refuse_change()": False,
}
NO_TENANT_FIRST = {  # unique keys that are asked before a tenant is known
    "alembic_version_pkc",
    "credential_pkey",
    "identity_pkey",
    "organization_slug_key",
}
GUARDED = {
    ("incident_event", "immutable"), ("event_body", "immutable"), ("audit_log", "immutable"),
    ("incident_event", "untruncatable"), ("event_body", "untruncatable"), ("audit_log", "untruncatable"),
}  # fmt: skip
ROLES = dict.fromkeys(("hub_owner", "hub_directory", "hub_eraser"), False)  # name: may sign in
ROLES |= {"hub_migrator": True, "hub_runtime": True}
BOUNDS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "tcp_user_timeout",
          "synchronous_commit"]  # fmt: skip
SEARCH_PATH = "search_path=public, pg_temp"
OURS = "NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"


async def faults(connection: asyncpg.Connection) -> list[str]:
    """Everything in this database that would let somebody round the wall; empty where it stands."""
    found: list[str] = []
    for check in (relations, policies, functions, keys, grants, directory_reads, triggers, roles, others):
        found += await check(connection)
    return found


async def relations(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        f"""
        SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relispartition,
          c.relrowsecurity AND c.relforcerowsecurity AS forced, pg_get_userbyid(c.relowner) AS owner,
          EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
            AND a.attnotnull AND a.atttypid = 'uuid'::regtype) AS has_tenant
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname {OURS} AND n.nspname NOT LIKE 'pg\\_%' AND c.relkind NOT IN ('i', 'I', 'c')
        """
    )
    found = [
        f"{row['schema']}.{row['name']} is a {row['kind']}: only plain tables have a wall"
        for row in rows
        if (row["kind"] != "r" or row["relispartition"]) and row["name"] != "inbox_arrival_seq"
    ]
    for row in rows:
        if row["kind"] not in "rp":
            continue
        name = row["name"]
        if row["schema"] != "public" or row["owner"] != "hub_owner":
            found.append(f"{row['schema']}.{name} is owned by {row['owner']}")
        if name != "alembic_version" and not row["has_tenant"]:
            found.append(f"{name} has no tenant_id")
        if name != "alembic_version" and not row["forced"]:
            found.append(f"{name} does not force row-level security")
    schemas = await connection.fetch(
        f"SELECT nspname FROM pg_namespace WHERE nspname {OURS} AND nspname NOT LIKE 'pg\\_%'"
    )
    found += [f"the schema {s} is not ours" for s in {r[0] for r in schemas} - {"public", "directory"}]
    return found


async def policies(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        """
        SELECT c.relname AS name, p.polname::text, p.polcmd::text, p.polroles::regrole[]::text AS roles,
          pg_get_expr(p.polqual, c.oid) AS using, pg_get_expr(p.polwithcheck, c.oid) AS check, p.polpermissive
        FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        """
    )
    found = []
    for name in sorted({row["name"] for row in rows} - {"alembic_version"}):
        there = {
            (row["polname"], row["polcmd"], row["roles"], row["using"], row["check"])
            for row in rows
            if row["name"] == name and row["polpermissive"] is not None
        }
        wanted = INBOX_POLICIES if name == "inbox" else TENANT_POLICY
        wanted = wanted | ({DIRECTORY_POLICY} if name in DIRECTORY_READS else set())
        if there != wanted:
            found.append(f"{name} has other policies: {sorted(map(str, there ^ wanted))}")
    return found


async def functions(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        f"""
        SELECT p.oid::regprocedure::text AS name, p.prosecdef AS definer, p.proconfig::text AS config,
          pg_get_userbyid(p.proowner) AS owner, p.proleakproof AS leakproof,
          has_function_privilege('public', p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype AS open
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname {OURS}
        """
    )
    found = [f"the function {name} is missing" for name in FUNCTIONS.keys() - {row["name"] for row in rows}]
    for row in rows:
        name = row["name"]
        owner = "hub_directory" if name.startswith("directory.") else "hub_owner"
        if FUNCTIONS.get(name) != row["definer"]:
            found.append(f"the function {name} is not on the list, or not with these rights")
        if row["owner"] != owner or row["open"]:
            found.append(f"the function {name} is owned by {row['owner']}, or open to everybody")
        if row["leakproof"]:
            found.append(f"the function {name} may be asked about rows below the policies")
        if row["config"] != '{"search_path=pg_catalog, pg_temp"}':
            found.append(f"the function {name} searches {row['config']}")
    return found


async def keys(connection: asyncpg.Connection) -> list[str]:
    unique = await connection.fetch(
        """
        SELECT i.indexrelid::regclass::text AS name, a.attname::text AS first FROM pg_index i
          JOIN pg_class c ON c.oid = i.indrelid
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)
        """
    )
    found = [
        f"the key {row['name']} starts with {row['first']}"
        for row in unique
        if row["first"] != "tenant_id" and row["name"] not in NO_TENANT_FIRST
    ]
    foreign = await connection.fetch(
        """
        SELECT k.conname AS name, a.attname::text AS first, f.attname::text AS foreign_first, k.convalidated,
          k.confdeltype::text AS on_delete
        FROM pg_constraint k
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
          JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
        WHERE k.contype = 'f'
        """
    )
    return found + [
        f"the foreign key {row['name']} could point across tenants, cascades or was not validated"
        for row in foreign
        if (row["first"], row["foreign_first"]) != ("tenant_id", "tenant_id")
        or not row["convalidated"]
        or row["on_delete"] != "a"
    ]


async def grants(connection: asyncpg.Connection) -> list[str]:
    """Rights on whole tables and sequences, of anybody but the owner."""
    rows = await connection.fetch(
        """
        SELECT c.relname AS name, coalesce(r.rolname, 'PUBLIC') AS who,
          array_agg(a.privilege_type ORDER BY a.privilege_type) AS rights
        FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner GROUP BY 1, 2
        """
    )
    found = []
    for row in rows:
        name, who = row["name"], row["who"]
        wanted = {"SELECT", "INSERT"}
        wanted |= {"UPDATE"} if name in UPDATABLE else set()
        wanted |= {"DELETE"} if name in DELETABLE else set()
        wanted = {"SELECT"} if name == "alembic_version" else wanted
        if who == "hub_directory":
            wanted = {"SELECT"} if name == "credential" else set()
        elif who != "hub_runtime":
            wanted = set()
        if set(row["rights"]) != wanted:
            found.append(f"{who} may {row['rights']} on {name}")
    columns = await connection.fetch(
        "SELECT attrelid::regclass::text AS name, attname::text AS attribute"
        " FROM pg_attribute, aclexplode(attacl)"
        " WHERE attrelid::regclass::text NOT LIKE 'pg\\_%' AND NOT (privilege_type = 'SELECT'"
        " AND grantee = 'hub_directory'::regrole)"
    )
    found += [f"somebody has a right on {row['name']}.{row['attribute']} alone" for row in columns]
    for schema, may_create in (("public", "hub_owner"), ("directory", "hub_directory")):
        creators = await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE has_schema_privilege(rolname, $1, 'CREATE')"
            " AND NOT rolsuper AND rolname NOT IN ('hub_migrator', 'pg_database_owner', $2)",
            schema,
            may_create,
        )
        found += [f"{row['rolname']} may create in {schema}" for row in creators]
    defaults = await connection.fetchval("SELECT count(*) FROM pg_default_acl")
    return found + (["there are default privileges"] if defaults else [])


async def directory_reads(connection: asyncpg.Connection) -> list[str]:
    """What hub_directory may read, column by column."""
    rows = await connection.fetch(
        """
        SELECT c.relname AS name, a.attname::text AS attribute
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
          AND NOT a.attisdropped AND has_column_privilege('hub_directory', c.oid, a.attnum, 'SELECT')
        """
    )
    readable: dict[str, set[str]] = {}
    for row in rows:
        readable.setdefault(row["name"], set()).add(row["attribute"])
    return [
        f"hub_directory may read {sorted(readable.get(name, set()))} of {name}"
        for name in sorted(readable.keys() | DIRECTORY_READS.keys())
        if readable.get(name) != DIRECTORY_READS.get(name)
    ]


async def triggers(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT tgrelid::regclass::text, tgname::text, tgenabled::text, tgfoid::regproc::text FROM pg_trigger"
        " WHERE NOT tgisinternal"
    )
    wanted = {(table, name, "O", "refuse_change") for table, name in GUARDED}
    there = {tuple(row) for row in rows}
    return [f"other triggers: {difference}" for difference in sorted(there ^ wanted)]


async def roles(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        """
        SELECT r.rolname AS name, r.rolcanlogin AS login, r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
          OR r.rolcreatedb OR r.rolreplication AS strong,
          ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
            WHERE m.member = r.oid ORDER BY 1) AS member_of
        FROM pg_roles r WHERE r.rolname LIKE 'hub\\_%'
        """
    )
    found = []
    for row in rows:
        members = ["hub_directory", "hub_eraser", "hub_owner"] if row["name"] == "hub_migrator" else []
        if ROLES.get(row["name"]) != row["login"] or row["strong"] or row["member_of"] != members:
            found.append(f"the role {row['name']} may too much")
    return found


async def others(connection: asyncpg.Connection) -> list[str]:
    """What else could carry rows away, change statements on their way, or preset a session."""
    rows = await connection.fetch(
        """
        SELECT 'the rule ' || rulename AS name FROM pg_rewrite WHERE ev_class >= 16384
        UNION ALL SELECT 'the event trigger ' || evtname FROM pg_event_trigger
        UNION ALL SELECT 'the publication ' || pubname FROM pg_publication
        UNION ALL SELECT 'the foreign server ' || srvname FROM pg_foreign_server
        UNION ALL SELECT 'the right to make schemas or temporary tables'
          WHERE has_database_privilege('hub_runtime', current_database(), 'CREATE, TEMPORARY')
        UNION ALL SELECT format('the member %s of %s', m.member::regrole, m.roleid::regrole)
          FROM pg_auth_members m WHERE m.roleid::regrole::text LIKE 'hub\\_%'
            AND (m.member <> 'hub_migrator'::regrole OR m.admin_option)
        UNION ALL SELECT 'the right to pass on ' || c.relname FROM pg_class c, aclexplode(c.relacl) a
          WHERE a.is_grantable AND a.grantee <> c.relowner
        UNION ALL SELECT 'the large object ' || oid FROM pg_largeobject_metadata
        UNION ALL SELECT 'the setting ' || s FROM pg_db_role_setting, unnest(setconfig) AS s
          WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND split_part(s, '=', 1) <> ALL ($1) AND s <> $2
        UNION ALL SELECT 'the search path of hub_runtime' WHERE NOT EXISTS (
          SELECT FROM pg_db_role_setting WHERE setrole = 'hub_runtime'::regrole AND $2 = ANY (setconfig))
        """, BOUNDS, SEARCH_PATH,
    )  # fmt: skip
    return [f"{row['name']} is not ours" for row in rows]
