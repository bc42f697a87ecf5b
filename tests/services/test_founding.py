"""Founding: an organization with a way in, its secrets shown once, and nothing half made."""

from __future__ import annotations

import pytest
from line import CONTEXT, connected
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.contract.ids import parse
from hub.contract.words import Action, Role
from hub.domain.errors import NotAllowedNow
from hub.services import access, catalogue, credentials, founding, sessions
from hub.services.follow import heads
from hub.services.ports import Ports
from hub.storage import directory

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_an_organization_has_a_way_in_for_its_owner_its_machines_and_its_senders(
    ports: Ports, acme: Org
) -> None:
    made = acme.founded
    assert made.password == PASSWORD
    owner = await sessions.sign_in(ports, made.email, PASSWORD, CONTEXT)
    [mine] = (await sessions.me(ports, owner.credential)).organizations
    assert (mine.slug, mine.roles) == ("acme", [Role.OWNER])
    key = await credentials.find(ports, acme.api_key)
    assert key
    grant = await access.authorize(ports, key, "acme", Action.ORGANIZATION_MANAGE, CONTEXT)
    [service] = (await catalogue.page_services(ports, grant, 50, None)).data
    assert service.auto_resolve == "unless_worked"
    ingest = await credentials.find(ports, acme.integration_key)
    assert ingest
    assert ingest.subject == parse("integration", made.integration_id or "")


async def test_a_slug_is_taken_once_and_the_second_try_leaves_nothing(
    ports: Ports, database: Database, acme: Org
) -> None:
    async with connected(database.admin_url) as admin:
        before = await admin.fetchval("SELECT count(*) FROM head")
        with pytest.raises(NotAllowedNow, match="acme exists already"):
            await founding.found(ports, "acme", "Acme", "other@acme.example", PASSWORD)
        assert await admin.fetchval("SELECT count(*) FROM head") == before
    assert await directory.find_identity(ports.store, "password", "other@acme.example") is None


async def test_a_known_person_keeps_the_password_and_owns_both(ports: Ports, acme: Org) -> None:
    made = await founding.found(ports, "second", "Second", "  OWNER@acme.example ", "another password")
    assert made.password is None
    owner = await sessions.sign_in(ports, "owner@acme.example", PASSWORD, CONTEXT)
    me = await sessions.me(ports, owner.credential)
    assert [organization.slug for organization in me.organizations] == ["acme", "second"]


async def test_everything_that_was_made_is_on_the_log(ports: Ports, database: Database, acme: Org) -> None:
    async with connected(database.admin_url) as admin:
        kinds = [row["kind"] for row in await admin.fetch(
            "SELECT kind FROM incident_event WHERE tenant_id = $1 ORDER BY position", acme.tenant
        )]  # fmt: skip
    assert kinds == [
        "organization.created", "member.added", "role.granted", "team.created", "service.created",
        "integration.created", "key.created", "role.granted",
    ]  # fmt: skip
    assert (await heads(ports, [acme.tenant]))[acme.tenant].position == len(kinds)


def test_keys_look_as_secret_scanners_expect() -> None:
    key, other = credentials.new_api_key(), credentials.new_api_key()
    assert key != other
    start, id, rest = key.split("_")
    assert (start, len(id), len(rest)) == ("ihk", 8, 38)
    assert credentials.checksum(key[:-6]) == key[-6:]
    assert len(credentials.new_integration_key()) == 32


async def test_a_mistyped_key_is_refused_without_asking_the_database(ports: Ports, acme: Org) -> None:
    await ports.store.close()
    key = acme.api_key
    swapped = key[:12] + key[13] + key[12] + key[14:]
    for wrong in (
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        swapped if swapped != key else key[:-2],
        "ihk_",
        "",
    ):
        assert await credentials.find(ports, wrong) is None
    assert await credentials.find(ports, "x" * 257) is None
