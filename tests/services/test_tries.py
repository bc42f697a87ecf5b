"""Wrong passwords are counted where every process sees them, and alike for names that nobody has."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from line import CONTEXT, connected
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.contract.administration import SignInFailed as Failed
from hub.contract.ids import INSTALLATION, text
from hub.contract.sessions import ChangePassword
from hub.contract.words import Action
from hub.domain.errors import Invalid, RateLimited, SignInFailed
from hub.services import access, audit, credentials, own_password, passwords, sessions, tries
from hub.services.change import change
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
OWNER, FOREIGNER, NOBODY = "owner@acme.example", "owner@globex.example", "nobody@acme.example"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(ports: Ports, seconds: float) -> Ports:
    """The ports at a time of the test."""
    return dataclasses.replace(ports, clock=lambda: START + timedelta(seconds=seconds))


async def fail(ports: Ports, email: str, times: int, first: int = 0) -> None:
    """Wrong passwords, one a second."""
    for second in range(first, first + times):
        with pytest.raises(SignInFailed):
            await sessions.sign_in(at(ports, second), email, "wrong", CONTEXT)


async def refused(ports: Ports, email: str, password: str = PASSWORD) -> tuple[str, str, int]:
    """What a try is told that is one too many."""
    with pytest.raises(RateLimited) as caught:
        await sessions.sign_in(ports, email, password, CONTEXT)
    return caught.value.code, caught.value.detail, caught.value.retry_after


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashes of little work: what is counted here is tries."""
    hasher = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    passwords._dummy.cache_clear()
    yield
    passwords._dummy.cache_clear()


async def test_twenty_failures_are_enough_whether_the_name_is_known_or_not(
    ports: Ports, acme: Org, globex: Org
) -> None:
    told = set()
    for email in (OWNER, NOBODY):
        await fail(ports, email, 20)
        told |= {await refused(at(ports, 30), email, word) for word in (PASSWORD, "wrong")}
        told.add(await refused(at(ports, 30), f"  {email.upper()} "))
    [(code, _, wait)] = told
    assert (code, wait) == ("rate_limited", 15 * 60 - 30 + 1)
    assert await sessions.sign_in(at(ports, 30), FOREIGNER, PASSWORD, CONTEXT)
    await fail(ports, "somebody.else@acme.example", 1, first=30)


async def test_failures_of_other_names_do_not_push_out_those_of_one(ports: Ports, acme: Org) -> None:
    await fail(ports, NOBODY, 20)
    crowd = access.system("sign-in", INSTALLATION)
    async with change(at(ports, 25), crowd, CONTEXT) as changed:
        for each in range(600):
            changed.happened(Failed(), tries.nobody(ports.config, f"{each}@acme.example"))
    assert (await refused(at(ports, 30), NOBODY))[0] == "rate_limited"


async def test_the_wait_that_is_told_is_enough_and_not_too_long(ports: Ports, acme: Org) -> None:
    await fail(ports, OWNER, 20)
    _, _, wait = await refused(at(ports, 19), OWNER)
    assert (await refused(at(ports, 19 + wait - 2), OWNER))[2] == 2
    assert await sessions.sign_in(at(ports, 19 + wait), OWNER, PASSWORD, CONTEXT)


async def test_a_refused_try_does_not_make_the_wait_longer(
    ports: Ports, database: Database, acme: Org
) -> None:
    await fail(ports, OWNER, 20)
    for second in range(20, 25):
        await refused(at(ports, second), OWNER, "wrong")
    async with connected(database.admin_url) as admin:
        failed = await admin.fetchval("SELECT count(*) FROM incident_event WHERE kind = 'sign_in.failed'")
    assert failed == 20


async def test_a_sign_in_that_works_begins_the_count_again(ports: Ports, acme: Org) -> None:
    await fail(ports, OWNER, 19)
    await sessions.sign_in(at(ports, 20), OWNER, PASSWORD, CONTEXT)
    await fail(ports, OWNER, 20, first=21)
    assert (await refused(at(ports, 42), OWNER))[0] == "rate_limited"


async def test_wrong_current_passwords_are_counted_with_the_others(
    ports: Ports, acme: Org, globex: Org
) -> None:
    made = await sessions.sign_in(at(ports, 0), OWNER, PASSWORD, CONTEXT)
    grant = await access.authorize_self(ports, made.credential, Action.SELF_MANAGE)
    guess = ChangePassword(current="wrong", new="a staple for every battery")
    for second in range(1, 11):
        with pytest.raises(Invalid):
            await own_password.change_password(at(ports, second), grant, guess, CONTEXT)
    await fail(ports, OWNER, 10, first=11)
    assert (await refused(at(ports, 30), OWNER))[0] == "rate_limited"
    right = ChangePassword(current=PASSWORD, new="a staple for every battery")
    with pytest.raises(RateLimited):
        await own_password.change_password(at(ports, 30), grant, right, CONTEXT)
    assert await sessions.sign_in(at(ports, 30), FOREIGNER, PASSWORD, CONTEXT)


async def test_the_account_of_nobody_is_a_hash_under_our_key(ports: Ports) -> None:
    account = tries.nobody(ports.config, NOBODY)
    assert account == tries.nobody(ports.config, NOBODY)
    assert account != tries.nobody(ports.config, NOBODY + "x")
    elsewhere = msgspec.structs.replace(ports.config, secret_keys=("a key of another hub, of 32 letters",))
    assert account != tries.nobody(elsewhere, NOBODY)


async def test_the_oldest_of_too_many_sessions_ends(
    ports: Ports, monkeypatch: pytest.MonkeyPatch, acme: Org, globex: Org
) -> None:
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 3)
    foreigner = await sessions.sign_in(ports, FOREIGNER, PASSWORD, CONTEXT)
    made = [await sessions.sign_in(ports, OWNER, PASSWORD, CONTEXT) for _ in range(5)]
    alive = [await credentials.find(ports, each.token) is not None for each in made]
    assert alive == [False, False, True, True, True]
    grant = await access.authorize_self(ports, made[-1].credential, Action.SELF_MANAGE)
    log = (await audit.page(ports, grant, 50, None)).data
    ended = [entry.target for entry in log if entry.action == "session.ended"]
    assert ended == [text("session", each.credential.id) for each in (made[1], made[0])]
    assert await credentials.find(ports, foreigner.token)
