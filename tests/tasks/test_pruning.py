"""Pruning: what has ended is deleted in portions, and what anybody may still need is not."""

from __future__ import annotations

import asyncio

import pytest
from line import connected, until
from orgs import Org
from servers import Database

from hub.contract.ids import new
from hub.services import pruning
from hub.services.ports import Ports
from hub.tasks import sweeper
from hub.tasks.sweeper import Sweeper

pytestmark = pytest.mark.gen_test(timeout=30)
KINDS = ("session", "integration_key", "stream_ticket", "invitation", "password_reset", "api_key")


async def kept(database: Database, org: Org, kind: str, ends: str, subject: object = None) -> str:
    """Put a credential into an organization; its id."""
    id = new()
    async with connected(database.admin_url) as admin:
        await admin.execute(
            "INSERT INTO credential (tenant_id, hash, id, kind, subject, created_at, expires_at)"
            f" VALUES ($1, sha256($2::text::bytea), $3, $4, $5, now(), {ends})",
            org.tenant,
            str(id),
            id,
            kind,
            subject or id,
        )
    return str(id)


async def present(database: Database, table: str, column: str) -> set[str]:
    async with connected(database.admin_url) as admin:
        return {str(row[0]) for row in await admin.fetch(f"SELECT {column} FROM {table}")}


async def whole_round(ports: Ports) -> None:
    after = await pruning.prune(ports, None)
    while after is not None:
        after = await pruning.prune(ports, after)


async def test_sealed_secrets_that_ended_go_and_others_stay(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    async with connected(database.admin_url) as admin:
        for org in (acme, globex):
            for last4, ends in (("gone", "now() - interval '25 h'"), ("stay", "now()"), ("stay", "NULL")):
                await admin.execute(
                    "INSERT INTO sealed_secret (tenant_id, id, kind, subject, key_id, sealed, about,"
                    f" created_at, expires_at) VALUES ($1, $2, 'signing', $3, 'k', 'x', $4, now(), {ends})",
                    org.tenant, new(), org.integration_id, f'{{"last4": "{last4}"}}',
                )  # fmt: skip
    await whole_round(ports)
    async with connected(database.admin_url) as admin:
        left = await admin.fetch("SELECT about->>'last4' AS last4 FROM sealed_secret")
    assert [row["last4"] for row in left] == ["stay"] * 4


async def test_credentials_that_ended_go_and_others_stay(
    ports: Ports, database: Database, acme: Org, globex: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "TENANTS", 1)
    before = await present(database, "credential", "id")
    gone = {await kept(database, org, kind, "now() - interval '25 h'") for org in (acme, globex)
            for kind in KINDS if kind != "api_key"}  # fmt: skip
    stay = {await kept(database, acme, kind, ends) for kind in KINDS for ends in ("NULL", "now()")}
    stay.add(await kept(database, acme, "api_key", "now() - interval '25 h'"))
    rotated = new()
    gone.add(await kept(database, acme, "api_key", "now() - interval '25 h'", rotated))
    stay.add(await kept(database, acme, "api_key", "now() - interval '24 h 30 m'", rotated))
    await whole_round(ports)
    left = await present(database, "credential", "id")
    assert left == before | stay
    assert not left & gone


async def test_request_keys_of_a_week_ago_go_and_first_uses_when_no_session_can_have_them(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    before = await present(database, "request_key", "key")
    async with connected(database.admin_url) as admin:
        for org in (acme, globex):
            for command, days in (("note", 6), ("note", 8), ("session.used", 8), ("session.used", 16)):
                await admin.execute(
                    "INSERT INTO request_key VALUES"
                    " ($1, 'key_x', $2, $3, '', '', now() - $4 * interval '1 d')",
                    org.tenant,
                    command,
                    f"{org.slug} {command} {days}",
                    days,
                )
    await whole_round(ports)
    assert await present(database, "request_key", "key") - before == {
        f"{slug} {rest}" for slug in ("acme", "globex") for rest in ("note 6", "session.used 8")
    }


async def test_a_tenant_with_much_to_prune_is_pruned_in_portions(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS", 2)
    for _ in range(5):
        await kept(database, acme, "invitation", "now() - interval '2 d'")
    counts = []
    for _ in range(3):
        await whole_round(ports)
        async with connected(database.admin_url) as admin:
            counts.append(await admin.fetchval("SELECT count(*) FROM credential WHERE kind = 'invitation'"))
    assert counts == [3, 1, 0]


async def test_the_sweeper_prunes(
    ports: Ports, database: Database, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "EVERY_SECONDS", 0.01)
    over = await kept(database, acme, "invitation", "now() - interval '2 d'")
    made = Sweeper(ports)
    task = asyncio.create_task(made.run())

    async def is_gone() -> bool:
        return over not in await present(database, "credential", "id")

    await until(is_gone)
    made.stop()
    await task
