"""Sealed secrets change their key while senders send: nothing is refused, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest
from line import CONTEXT, connected, granted, until
from orgs import Org
from servers import Database
from signers import standard
from web import Site, serving

from hub.app import build
from hub.cli.admin import rotate_secrets
from hub.config import Config, assets
from hub.contract.ids import new, text
from hub.contract.signing import Sign
from hub.contract.words import Action, SigningScheme
from hub.domain.errors import Unavailable
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services import resealing, signing, vault
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage import vault as stored
from hub.storage.vault import Sealed

pytestmark = pytest.mark.gen_test(timeout=60)
OLD, NEW = "the key of before, of 32 letters", "the key of tomorrow, 32 letters."
ALARM = b'{"title": "Disk full", "dedup_key": "disk"}'


def keyed(ports: Ports, *keys: str) -> Ports:
    return replace(ports, config=msgspec.structs.replace(ports.config, secret_keys=keys))


@asynccontextmanager
async def at(ports: Ports, gate: Gate, station: Station) -> AsyncIterator[Site]:
    """A web process with these keys."""
    async with serving(build(ports, gate, Receiver(ports), station, pages.load(assets("static")))) as site:
        site.headers["Host"] = f"127.0.0.1:{ports.config.port}"
        yield site


async def signed(ports: Ports, org: Org) -> str:
    """Have the first integration of an organization take signed requests only; the secret."""
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    asked = Sign(scheme=SigningScheme.STANDARD_WEBHOOKS)
    made, _ = await signing.sign(ports, grant, text("integration", org.integration_id), asked, None, CONTEXT)
    assert made.secret
    return made.secret


async def more(ports: Ports, org: Org, count: int) -> None:
    """Other secrets of an organization, so that one portion is not all."""
    async with ports.store.begin(org.tenant) as tx:
        for _ in range(count):
            id = new()
            sealed = vault.close(ports.config, org.tenant, "signing", id, "a secret of many")
            row = Sealed(
                id=id, kind="signing", subject=new(), key_id=vault.newest(ports.config), sealed=sealed,
                about={"scheme": "github", "last4": "many"}, created_at=ports.clock(),
            )  # fmt: skip
            await stored.add(tx, row)


async def key_ids(database: Database) -> set[str]:
    async with connected(database.admin_url) as admin:
        return {row[0] for row in await admin.fetch("SELECT DISTINCT key_id FROM sealed_secret")}


async def deliver(site: Site, org: Org, secret: str, number: int) -> int:
    """Send one signed alarm; the status."""
    headers = {"Content-Type": "application/json", **site.headers, **standard(secret, ALARM, f"msg_{number}")}
    return (await site.with_key(org.integration_key)("POST", "/api/v1/ingest/events", ALARM, headers)).code


async def test_while_secrets_are_sealed_anew_no_delivery_fails(
    web_ports: Ports, gate: Gate, station: Station, database: Database, acme: Org, globex: Org
) -> None:
    before, during, after = (keyed(web_ports, *keys) for keys in ((OLD,), (NEW, OLD), (NEW,)))
    secrets = {org.slug: await signed(before, org) for org in (acme, globex)}
    await more(before, acme, 60)
    codes: list[int] = []
    done = asyncio.Event()

    async def sender(site: Site, org: Org, name: int) -> None:
        while not done.is_set():
            codes.append(await deliver(site, org, secrets[org.slug], name * 100_000 + len(codes)))

    async with at(during, gate, station) as site:
        sending = [asyncio.create_task(sender(site, org, n)) for n, org in enumerate((acme, globex) * 2)]
        await until(lambda: len(codes) >= 20)
        told = await resealing.reseal(during, portion=3)
        sent_meanwhile = len(codes)
        await until(lambda: len(codes) >= sent_meanwhile + 20)
        done.set()
        await asyncio.gather(*sending)
    assert (told.secrets, told.tenants) == (62, 2)
    assert sent_meanwhile > 30, "there was a load while it ran"
    assert set(codes) == {202}
    assert await key_ids(database) == {vault.newest(after.config)}
    async with at(after, gate, station) as site:
        for org in (acme, globex):
            assert await deliver(site, org, secrets[org.slug], 999_999) == 202
    async with at(before, gate, station) as site:
        assert await deliver(site, acme, secrets["acme"], 999_998) == 503, (
            "not the sender's fault: it may come again"
        )


async def test_it_is_safe_twice_at_once_and_again(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    before, during = keyed(ports, OLD), keyed(ports, NEW, OLD)
    for org in (acme, globex):
        await signed(before, org)
        await more(before, org, 5)
    both = await asyncio.gather(*(resealing.reseal(during, portion=2) for _ in range(2)))
    assert sum(each.secrets for each in both) == 12
    again = await resealing.reseal(during)
    assert (again.secrets, again.tenants) == (0, 0)
    async with connected(database.admin_url, acme.tenant) as admin:
        told = await admin.fetch(
            "SELECT body FROM event_body JOIN incident_event USING (tenant_id, position)"
            " WHERE kind = 'secrets.resealed' AND tenant_id = $1",
            acme.tenant,
        )
    assert sum(msgspec.json.decode(row["body"])["data"]["count"] for row in told) == 6


async def test_a_secret_whose_key_is_gone_is_told_and_what_was_done_stays(
    ports: Ports, database: Database, acme: Org
) -> None:
    await signed(keyed(ports, OLD), acme)
    with pytest.raises(Unavailable, match="HUB_SECRET_KEYS"):
        await resealing.reseal(keyed(ports, NEW))
    assert await key_ids(database) == {vault.newest(keyed(ports, OLD).config)}


async def test_a_sealed_secret_opens_in_its_own_place_only(ports: Ports, acme: Org, globex: Org) -> None:
    await signed(ports, acme)
    async with ports.store.begin(acme.tenant) as tx:
        [row], _ = await stored.living(tx, "signing", acme.integration_id)
    assert vault.open_sealed(ports.config, acme.tenant, row).startswith("whsec_")
    for tenant, moved in (
        (globex.tenant, row),
        (acme.tenant, msgspec.structs.replace(row, id=new())),
        (acme.tenant, msgspec.structs.replace(row, kind="another")),
        (acme.tenant, msgspec.structs.replace(row, sealed=row.sealed[:-1] + b"\0")),
    ):
        with pytest.raises(Unavailable):
            vault.open_sealed(ports.config, tenant, moved)


def test_the_command_says_what_it_did(config: Config, database: Database) -> None:
    assert rotate_secrets(config) == "0 secrets sealed anew (0 organizations); all are under the first key."
