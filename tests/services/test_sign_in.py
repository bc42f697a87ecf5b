"""Signing in: one answer to every failure, a cookie that cannot be made elsewhere, and an end that ends."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading
import time
from datetime import timedelta

import msgspec
import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from line import CONTEXT, connected
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.contract.ids import INSTALLATION, TenantId, new, text
from hub.contract.words import Action, Role
from hub.domain.errors import Forbidden, SignInFailed
from hub.services import access, audit, credentials, passwords, sessions
from hub.services.ports import Ports
from hub.services.sessions import SignedIn
from hub.storage import directory
from hub.storage.credentials import Credential

pytestmark = pytest.mark.gen_test(timeout=30)
OWNER = "owner@acme.example"


async def person(ports: Ports, email: str = OWNER) -> TenantId:
    found = await directory.find_identity(ports.store, "password", email)
    assert found
    return found


async def signed_in(ports: Ports, email: str = OWNER) -> tuple[SignedIn, Credential]:
    made = await sessions.sign_in(ports, email, PASSWORD, CONTEXT)
    credential = await credentials.find(ports, made.token)
    assert credential
    return made, credential


async def events(database: Database, tenant: TenantId) -> list[tuple[str, bytes, str]]:
    """(kind, body, address) of a tenant's whole log."""
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "SELECT e.kind, b.body, b.address FROM incident_event e"
            " JOIN event_body b USING (tenant_id, position)"
            " WHERE e.tenant_id = $1 ORDER BY e.position",
            tenant,
        )
        return [(row["kind"], row["body"], row["address"]) for row in rows]


async def test_a_proven_password_starts_a_session_in_the_persons_own_log(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    made, credential = await signed_in(ports, "  Owner@ACME.example ")
    assert credential == msgspec.structs.replace(made.credential, last_used_at=credential.last_used_at)
    assert (credential.kind, credential.tenant_id) == ("session", await person(ports))
    assert made.person.email == OWNER
    kinds = [kind for kind, _, _ in await events(database, await person(ports))]
    assert kinds == ["person.created", "session.started"]
    assert (await events(database, await person(ports)))[-1][2] == CONTEXT.address
    assert "session.started" not in [kind for kind, _, _ in await events(database, acme.tenant)]


async def test_no_secret_is_in_the_database(ports: Ports, database: Database, acme: Org) -> None:
    made, _ = await signed_in(ports)
    async with connected(database.admin_url) as admin:
        tables = await admin.fetch("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                                   " AND relkind = 'r'")  # fmt: skip
        everything = "".join([
            str(row[0]) for (table,) in tables for row in await admin.fetch(f"SELECT t::text FROM {table} t")
        ])  # fmt: skip
        bodies = b"".join([row[0] for row in await admin.fetch("SELECT body FROM event_body")]).decode()
    for secret in (made.token, PASSWORD, acme.api_key, acme.integration_key):
        for spelled in (secret, secret.encode().hex()):
            assert spelled not in everything
            assert spelled not in bodies


async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    said = set()
    for email, password in (
        (OWNER, "wrong"),
        ("nobody@acme.example", PASSWORD),
        ("", ""),
        (OWNER, PASSWORD + " "),
    ):
        with pytest.raises(SignInFailed) as caught:
            await sessions.sign_in(ports, email, password, CONTEXT)
        said.add((caught.value.code, caught.value.detail))
    assert len(said) == 1
    mine = [kind for kind, _, _ in await events(database, await person(ports))]
    assert mine == ["person.created", "sign_in.failed", "sign_in.failed"]
    unknown = await events(database, INSTALLATION)
    assert [kind for kind, _, _ in unknown] == ["sign_in.failed", "sign_in.failed"]
    assert not any(b"nobody" in body for _, body, _ in unknown), "what was typed may be a password"
    other = [kind for kind, _, _ in await events(database, await person(ports, "owner@globex.example"))]
    assert other == ["person.created"]


async def test_an_unknown_name_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = passwords.HASHER.verify
    monkeypatch.setattr(
        type(passwords.HASHER),
        "verify",
        lambda self, hash, word: (verified.append(hash), real(hash, word))[1],
    )
    assert not await passwords.verify_password(None, "a password that nobody has")
    assert len(verified) == 1
    assert verified[0].split("$")[:4] == passwords.HASHER.hash("x").split("$")[:4]


async def test_passwords_are_argon2id_of_enough_memory_and_never_cut(ports: Ports) -> None:
    encoded = await passwords.hash_password("a" * 300)
    parameters = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$", encoded)
    assert parameters
    assert int(parameters[1]) >= 19_456
    assert int(parameters[2]) >= 2
    assert await passwords.verify_password(encoded, "a" * 300)
    assert not await passwords.verify_password(encoded, "a" * 299)
    assert not await passwords.verify_password("no hash at all", "a")


async def test_the_loop_goes_on_while_passwords_are_checked() -> None:
    encoded = await passwords.hash_password("word")
    checks = [asyncio.create_task(passwords.verify_password(encoded, "word")) for _ in range(4)]
    turns, at_once = 0, 0
    while not all(check.done() for check in checks):
        turns += 1
        at_once = max(at_once, sum(each.name.startswith("argon2") for each in threading.enumerate()))
        await asyncio.sleep(0)
    assert turns > 100
    assert at_once == 2  # threads, each with one at a time
    assert all(check.result() for check in checks)


# --- the cookie ----------------------------------------------------------------------------------------


async def test_a_cookie_holds_a_token_that_only_we_could_have_signed(ports: Ports) -> None:
    config = ports.config
    value = sessions.seal_cookie(config, "the token")
    assert sessions.open_cookie(config, value) == "the token"
    body, _, signature = value.rpartition(".")
    newest, oldest = (key.hex() for key in config.keys("cookie"))
    forged = [
        URLSafeTimedSerializer("a key of somebody's", salt="session").dumps("the token"),
        URLSafeTimedSerializer(newest, salt="invitation").dumps("the token"),
        URLSafeTimedSerializer(newest).dumps("the token"),
        URLSafeTimedSerializer(config.keys("cursor")[0].hex(), salt="session").dumps("the token"),
        URLSafeTimedSerializer(config.secret_keys[0], salt="session").dumps("the token"),
        URLSafeTimedSerializer(newest, salt="session").dumps({"not": "a token"}),
        f"{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",  # (the last one has idle bits)
        "x" + value, body, "", ".", "..", "the token", "\x00", "ä" * 40, "A" * 10_000,
    ]  # fmt: skip
    for cookie in forged:
        assert sessions.open_cookie(config, cookie) is None, cookie[:60]
    old = URLSafeTimedSerializer(oldest, salt="session").dumps("the token")
    assert sessions.open_cookie(config, old) == "the token", "an older key still verifies"
    rotated = msgspec.structs.replace(
        config, secret_keys=("a brand new key of 32 characters", config.secret_keys[0])
    )
    assert sessions.open_cookie(rotated, value) == "the token"
    assert sessions.open_cookie(rotated, old) is None, "two rotations later it does not"
    assert sessions.open_cookie(config, sessions.seal_cookie(rotated, "x")) is None


async def test_a_cookie_is_too_old_after_the_life_of_a_session(ports: Ports) -> None:
    class Earlier(TimestampSigner):
        ago = timedelta(0)

        def get_timestamp(self) -> int:
            return int(time.time() - self.ago.total_seconds())

    key = ports.config.keys("cookie")[0].hex()
    serializer = URLSafeTimedSerializer(key, salt="session", signer=Earlier)
    Earlier.ago = sessions.LASTS - timedelta(hours=1)
    assert sessions.open_cookie(ports.config, serializer.dumps("t")) == "t"
    Earlier.ago = sessions.LASTS + timedelta(hours=1)
    assert sessions.open_cookie(ports.config, serializer.dumps("t")) is None


async def test_a_csrf_token_belongs_to_one_session(ports: Ports) -> None:
    one, other = new(), new()
    token = sessions.csrf(ports, one)
    assert sessions.is_csrf(ports, one, token)
    rotated = dataclasses.replace(ports, config=msgspec.structs.replace(
        ports.config, secret_keys=("a brand new key of 32 characters", ports.config.secret_keys[0])
    ))  # fmt: skip
    assert sessions.is_csrf(rotated, one, token)
    for wrong in (sessions.csrf(ports, other), "", token[:-1], token.upper(), token + "0", "ä"):
        assert not sessions.is_csrf(ports, one, wrong)


# --- the end -------------------------------------------------------------------------------------------


async def test_a_session_that_was_ended_is_nothing_and_ends_once(
    ports: Ports, database: Database, acme: Org
) -> None:
    (ended, credential), (other, _) = await signed_in(ports), await signed_in(ports)
    assert ended.token != other.token
    await sessions.sign_out(ports, credential, CONTEXT)
    await sessions.sign_out(ports, credential, CONTEXT)
    assert await credentials.find(ports, ended.token) is None
    assert await credentials.find(ports, other.token)
    kinds = [kind for kind, _, _ in await events(database, await person(ports))]
    assert kinds.count("session.ended") == 1


async def test_a_session_lasts_fourteen_days(ports: Ports, acme: Org) -> None:
    for age, is_alive in ((timedelta(days=13, hours=23), True), (timedelta(days=14, hours=1), False)):
        then = dataclasses.replace(ports, clock=lambda age=age: ports.clock() - age)
        made = await sessions.sign_in(then, OWNER, PASSWORD, CONTEXT)
        assert (await credentials.find(ports, made.token) is not None) is is_alive


async def test_a_session_that_is_idle_for_three_days_is_over(ports: Ports, acme: Org) -> None:
    made, credential = await signed_in(ports)
    assert credential.last_used_at
    for age, is_alive in ((timedelta(hours=71), True), (timedelta(hours=73), False)):
        later = dataclasses.replace(ports, clock=lambda age=age: credential.last_used_at + age)
        assert await sessions.touch(later, credential) is is_alive
    again = await credentials.find(ports, made.token)
    assert again
    assert again.last_used_at == credential.last_used_at + timedelta(hours=71), "a use moves it"


async def test_a_use_is_noted_once_a_minute(ports: Ports, acme: Org) -> None:
    made, credential = await signed_in(ports)
    assert credential.last_used_at
    soon = dataclasses.replace(ports, clock=lambda: credential.last_used_at + timedelta(seconds=50))
    assert await sessions.touch(soon, credential)
    again = await credentials.find(ports, made.token)
    assert again
    assert again.last_used_at == credential.last_used_at


async def test_me_says_who_i_am_and_where_i_may_go(ports: Ports, acme: Org, globex: Org) -> None:
    _, credential = await signed_in(ports)
    me = await sessions.me(ports, credential)
    assert me.person
    assert (me.person.email, me.key) == (OWNER, None)
    assert me.csrf == sessions.csrf(ports, credential.id)
    [mine] = me.organizations
    assert (mine.slug, mine.roles) == ("acme", [Role.OWNER])
    key = await sessions.me(ports, acme.key)
    assert (key.person, key.key) == (None, text("key", acme.key.subject))
    assert [(each.slug, each.member) for each in key.organizations] == [("acme", "")]


async def test_ones_own_log_is_read_by_a_session_only(ports: Ports, acme: Org, globex: Org) -> None:
    _, credential = await signed_in(ports)
    grant = await access.authorize_self(ports, credential, Action.SELF_READ)
    page = await audit.page(ports, grant, 50, None)
    assert [entry.action for entry in page.data] == ["session.started", "person.created"]
    with pytest.raises(Forbidden):
        await access.authorize_self(ports, acme.key, Action.SELF_READ)
    with pytest.raises(Forbidden):
        await access.authorize_self(ports, credential, Action.AUDIT_READ)
