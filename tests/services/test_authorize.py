"""authorize(): every role and action through the real thing, and foreign exactly like missing."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from line import CONTEXT, connected
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.config import Config
from hub.contract.ids import TenantId, new, text
from hub.contract.words import Action, Role, Scope
from hub.domain.access import MATRIX, PERSON, Grant
from hub.domain.errors import Forbidden, HubError, NotFound
from hub.services import access, credentials, sessions
from hub.services.guarding import write_refusals
from hub.services.ports import Ports
from hub.storage.credentials import Credential
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=40)
SOON = datetime(2100, 1, 1, tzinfo=UTC)


async def session(ports: Ports, org: Org) -> Credential:
    """A session of the organization's owner."""
    made = await sessions.sign_in(ports, f"owner@{org.slug}.example", PASSWORD, CONTEXT)
    found = await credentials.find(ports, made.token)
    assert found
    return found


async def execute(database: Database, statement: str, *values: object) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute(statement, *values)


async def become(database: Database, org: Org, *roles: Role, scope: Scope = Scope.ORGANIZATION) -> None:
    """Bind the organization's members and keys to just these roles."""
    async with connected(database.admin_url) as admin:
        subjects = await admin.fetch(
            "SELECT DISTINCT subject_kind, subject_id FROM role_binding WHERE tenant_id = $1", org.tenant
        )
        await admin.execute("DELETE FROM role_binding WHERE tenant_id = $1", org.tenant)
        for kind, subject in subjects:
            for role in roles:
                await admin.execute(
                    "INSERT INTO role_binding VALUES ($1, $2, $3, $4, $5, $6, $1, now(), NULL)",
                    org.tenant, new(), kind, subject, role, scope,
                )  # fmt: skip


async def attempt(ports: Ports, credential: Credential, slug: str, action: Action) -> Grant | tuple[str, str]:
    """The Grant, or the error's code and words."""
    try:
        return await access.authorize(ports, credential, slug, action, CONTEXT)
    except HubError as error:
        return error.code, error.detail


async def events(database: Database, tenant: UUID, kind: str) -> list[dict[str, object]]:
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "SELECT b.body FROM incident_event e JOIN event_body b USING (tenant_id, position)"
            " WHERE e.tenant_id = $1 AND e.kind = $2 ORDER BY e.position",
            tenant, kind,
        )  # fmt: skip
        return [msgspec.json.decode(row["body"]) for row in rows]


@pytest.mark.parametrize("role", list(Role))
async def test_each_cell_of_the_matrix(ports: Ports, database: Database, acme: Org, role: Role) -> None:
    by_session = await session(ports, acme)
    await become(database, acme, role)
    for credential, kind in ((by_session, "mem_"), (acme.key, "key_")):
        for action in Action:
            result = await attempt(ports, credential, "acme", action)
            if action in MATRIX[role] or (action in PERSON and kind == "mem_"):  # one's own needs no role
                assert isinstance(result, Grant)
                assert result.tenant == acme.tenant
                assert result.actor.id.startswith(kind)
                assert result.administrative is (role in {Role.OWNER, Role.ADMIN})
            else:
                assert result == ("forbidden", f"Your role does not allow {action.value}.")


async def test_roles_add_up_and_without_one_nothing_is_allowed(
    ports: Ports, database: Database, acme: Org
) -> None:
    await become(database, acme, Role.OBSERVER, Role.RESPONDER)
    grant = await access.authorize(ports, acme.key, "acme", Action.INCIDENT_NOTE, CONTEXT)
    assert grant.actions == MATRIX[Role.RESPONDER]
    assert not grant.administrative
    await become(database, acme)
    for action in Action:
        assert (await attempt(ports, acme.key, "acme", action)) == (
            "forbidden", f"Your role does not allow {action.value}."
        )  # fmt: skip


async def test_a_teams_role_is_its_members_role(ports: Ports, database: Database, acme: Org) -> None:
    by_session = await session(ports, acme)
    async with connected(database.admin_url) as admin:
        team = await admin.fetchval("SELECT id FROM team WHERE tenant_id = $1", acme.tenant)
    await become(database, acme)
    await execute(
        database,
        "INSERT INTO role_binding VALUES ($1, $2, 'team', $3, 'responder', 'organization', $1, now())",
        acme.tenant, new(), team,
    )  # fmt: skip
    grant = await access.authorize(ports, by_session, "acme", Action.INCIDENT_NOTE, CONTEXT)
    assert grant.actions == MATRIX[Role.RESPONDER]
    with pytest.raises(Forbidden):
        await access.authorize(ports, acme.key, "acme", Action.INCIDENT_NOTE, CONTEXT)


@pytest.mark.parametrize("which", ["membership", "role_binding"])
async def test_what_has_expired_is_not_there_and_what_will_bounds_the_grant(
    ports: Ports, database: Database, acme: Org, which: str
) -> None:
    by_session = await session(ports, acme)
    await execute(database, f"UPDATE {which} SET expires_at = $1 WHERE tenant_id = $2", SOON, acme.tenant)
    grant = await access.authorize(ports, by_session, "acme", Action.INCIDENT_READ, CONTEXT)
    assert grant.expires_at == min(SOON, by_session.expires_at or SOON)
    key = await access.authorize(ports, acme.key, "acme", Action.INCIDENT_READ, CONTEXT)
    assert key.expires_at == (SOON if which == "role_binding" else None)
    await execute(database, f"UPDATE {which} SET expires_at = now() WHERE tenant_id = $1", acme.tenant)
    with pytest.raises(NotFound if which == "membership" else Forbidden):
        await access.authorize(ports, by_session, "acme", Action.INCIDENT_READ, CONTEXT)


async def test_a_keys_scopes_only_take_away(ports: Ports, database: Database, acme: Org) -> None:
    narrow = msgspec.structs.replace(acme.key, scopes=("incident:read", "nonsense"))
    grant = await access.authorize(ports, narrow, "acme", Action.INCIDENT_READ, CONTEXT)
    assert grant.actions == {Action.INCIDENT_READ}
    assert not grant.administrative
    await become(database, acme, Role.OBSERVER)
    wide = msgspec.structs.replace(acme.key, scopes=tuple(Action))
    grant = await access.authorize(ports, wide, "acme", Action.INCIDENT_READ, CONTEXT)
    assert grant.actions == MATRIX[Role.OBSERVER]


# --- foreign is missing --------------------------------------------------------------------------------


async def test_a_foreign_organization_is_answered_like_a_missing_one(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    answers = set()
    for mine, other in ((acme, "globex"), (globex, "acme")):
        ingest = await credentials.find(ports, mine.integration_key)
        assert ingest
        for credential in (await session(ports, mine), mine.key, ingest):
            for slug in (other, "no-such", "", "ACME", "acme ", "a" * 5000, "'; --", "%00"):
                answers.add(await attempt(ports, credential, slug, Action.INCIDENT_READ))
    [(code, words)] = answers  # type: ignore[misc]
    assert code == "not_found"
    assert "globex" not in words


async def test_an_integration_key_opens_not_even_its_own_organization(ports: Ports, acme: Org) -> None:
    ingest = await credentials.find(ports, acme.integration_key)
    assert ingest
    with pytest.raises(NotFound):
        await access.authorize(ports, ingest, "acme", Action.INCIDENT_READ, CONTEXT)


async def test_a_removed_member_is_a_stranger_here_and_at_home_elsewhere(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    by_session = await session(ports, acme)
    await access.authorize(ports, by_session, "acme", Action.INCIDENT_READ, CONTEXT)
    person = by_session.tenant_id
    await execute(database, "INSERT INTO membership (tenant_id, id, person_id, display_name, created_at)"
                  " VALUES ($1, $2, $3, 'Guest', now())", globex.tenant, new(), person)  # fmt: skip
    await execute(database, "UPDATE membership SET expires_at = now() WHERE tenant_id = $1", acme.tenant)
    with pytest.raises(NotFound):
        await access.authorize(ports, by_session, "acme", Action.INCIDENT_READ, CONTEXT)
    with pytest.raises(Forbidden):
        await access.authorize(ports, by_session, "globex", Action.INCIDENT_READ, CONTEXT)


# --- on record -----------------------------------------------------------------------------------------


async def test_the_first_use_of_a_session_in_an_organization_is_one_event_whoever_sees_it_first(
    ports: Ports, config: Config, database: Database, acme: Org, globex: Org, found: Callable[[str], Org]
) -> None:
    one, other = await session(ports, acme), await session(ports, acme)
    stores = [Store(config.database_url, size=4) for _ in range(3)]
    for store in stores:
        await store.open()
    processes = [dataclasses.replace(ports, store=store, seen_sessions={}) for store in stores]
    await asyncio.gather(*(
        access.authorize(process, credential, "acme", Action.INCIDENT_READ, CONTEXT)
        for process in processes for credential in (one, other) for _ in range(4)
    ))  # fmt: skip
    for process in processes:  # also later, in a process that has forgotten
        process.seen_sessions.clear()
        await access.authorize(process, one, "acme", Action.AUDIT_READ, CONTEXT)
    for store in stores:
        await store.close()
    used = await events(database, acme.tenant, "session.used")
    assert sorted(str(event["subject"]) for event in used) == sorted(
        text("session", each.id) for each in (one, other)
    )
    assert await events(database, globex.tenant, "session.used") == []


async def test_refusals_are_told_where_the_caller_is_at_home(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    by_session = await session(ports, acme)
    await attempt(ports, by_session, "globex", Action.INCIDENT_READ)
    await attempt(ports, acme.key, "globex", Action.INCIDENT_READ)
    await become(database, acme, Role.OBSERVER)
    for _ in range(3):
        await attempt(ports, acme.key, "acme", Action.INCIDENT_NOTE)
    assert await write_refusals(ports, everything=True) == 4
    person = TenantId(by_session.tenant_id)
    [told] = await events(database, person, "request.refused")
    assert told["data"]["target"] == "globex"  # type: ignore[index]
    mine = [event["data"] for event in await events(database, acme.tenant, "request.refused")]
    assert [(one["action"], one["target"], one["count"]) for one in mine] == [  # type: ignore[index]
        ("incident:read", "globex", 1), ("incident:note", "acme", 1), ("incident:note", "acme", 2)
    ]  # fmt: skip
    assert await events(database, globex.tenant, "request.refused") == [], "they learn of no stranger"


# --- for whoever holds one for long --------------------------------------------------------------------


async def test_a_held_grant_is_what_it_would_be_now(ports: Ports, database: Database, acme: Org) -> None:
    held = [
        await access.authorize(ports, credential, "acme", Action.STREAM_FOLLOW, CONTEXT)
        for credential in (await session(ports, acme), acme.key)
    ]
    assert [await access.still(ports, grant) for grant in held] == held
    await become(database, acme, Role.OBSERVER)
    for grant in held:
        now = await access.still(ports, grant)
        assert now
        assert now.actions == MATRIX[Role.OBSERVER]
        assert not now.administrative
    await become(database, acme)
    assert [await access.still(ports, grant) for grant in held] == [None, None]


async def test_a_held_grant_ends_with_its_credential_and_its_membership(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    one, other = await session(ports, acme), await session(ports, acme)
    held, member = [
        await access.authorize(ports, each, "acme", Action.STREAM_FOLLOW, CONTEXT) for each in (one, other)
    ]
    key = await access.authorize(ports, acme.key, "acme", Action.STREAM_FOLLOW, CONTEXT)
    theirs = await access.authorize(ports, globex.key, "globex", Action.STREAM_FOLLOW, CONTEXT)
    await sessions.sign_out(ports, one, CONTEXT)
    assert await access.still(ports, held) is None
    assert await access.still(ports, member)
    await execute(database, "UPDATE membership SET expires_at = now() WHERE tenant_id = $1", acme.tenant)
    assert await access.still(ports, member) is None
    assert await access.still(ports, key)
    await execute(database, "DELETE FROM credential WHERE tenant_id = $1 AND kind = 'api_key'", acme.tenant)
    assert await access.still(ports, key) is None
    assert await access.still(ports, theirs)
    assert await access.still(ports, access.system("stream", acme.tenant)) is None


async def test_a_keys_scopes_still_hold_for_a_held_grant(ports: Ports, database: Database, acme: Org) -> None:
    await execute(database, "UPDATE credential SET scopes = '{stream:follow}' WHERE id = $1", acme.key.id)
    narrow = await credentials.find(ports, acme.api_key)
    assert narrow
    grant = await access.authorize(ports, narrow, "acme", Action.STREAM_FOLLOW, CONTEXT)
    now = await access.still(ports, grant)
    assert now
    assert now.actions == {Action.STREAM_FOLLOW}
