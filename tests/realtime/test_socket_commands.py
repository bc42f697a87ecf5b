"""Commands over the socket: the answers of HTTP, by the same guard, once, in order, beside the stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from crew import hire, kinds
from following import Following, follow, make_key, note
from line import alarm, connected, fire, shown, until
from orgs import Org
from servers import Database
from web import Site, read

from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Role
from hub.door.application import House
from hub.door.gate import Gate
from hub.door.limits import Quotas
from hub.realtime.performer import WAITING_MAX
from hub.services import guarding
from hub.services.ports import Ports

FLOOD = (["rate_limited"], CLOSE_CODES["rate_limited"])
BAD = (["bad_request"], CLOSE_CODES["bad_request"])


def say(following: Following, **frame: Any) -> None:
    following.socket.write_message(msgspec.json.encode({"frame": "command"} | frame))


async def ask(following: Following, incident: str, name: str, id: str = "1", **more: Any) -> Any:
    """The reply to one command."""
    say(following, id=id, name=name, incident=incident, **more)
    reply = await following.next("reply")
    assert reply["id"] == id
    return reply


async def versions(ports: Ports, org: Org) -> list[int]:
    """How often each incident was changed; an alert makes two of them."""
    return [incident.version for incident in await shown(ports, org)]


def plain(problem: Any) -> Any:
    """A problem without the id that every answer has of its own."""
    return {name: value for name, value in problem.items() if name != "request_id"}


@pytest.fixture
def quotas(house: House) -> Iterator[House]:
    """The house, whose quotas a test may exchange."""
    before = house.desk.quotas
    yield house
    object.__setattr__(house.desk, "quotas", before)


@pytest.mark.gen_test(timeout=30)
async def test_a_command_is_done_answered_and_told_on_the_same_socket(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("db-1"))
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as following:
        reply = await ask(following, "1", "acknowledge")
        told = reply["body"]
        assert reply["status"] == 200
        assert told["changed"] is True
        assert told["incident"] == read(await site("GET", "/api/v1/orgs/acme/incidents/1"))
        [event] = told["events"]
        while not (sent := [e for f in following.frames if f["frame"] == "events" for e in f["events"]]):
            await following.next()
        assert sent == [event]
        assert event["type"] == "incident.acknowledged"
        assert re.fullmatch(r"[\w-]{16}", event["correlationid"])
        version = told["incident"]["version"]
        again = await ask(following, "1", "note", id="2", args={"text": "on"}, if_version=version)
        assert (again["status"], again["body"]["incident"]["version"]) == (200, version + 1)


@pytest.mark.gen_test(timeout=30)
async def test_what_goes_wrong_is_the_problem_that_http_answers(
    live: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    await fire(ports, acme, alarm("db-1"))
    await fire(ports, globex, alarm("db-1"))
    [foreign] = await shown(ports, globex)
    site = live.with_key(acme.api_key)
    cases: list[tuple[str, str, Any]] = [
        ("1", "note", {}),
        ("1", "note", {"text": " ", "if_version": 0, "more": 1}),
        ("1", "note", {"text": "\0"}),
        ("1", "note", {"text": 5}),
        ("1", "severity", {"severity": "SEV9"}),
        ("1", "acknowledge", {"if_version": 7}),
        ("1", "commander", {"commander": "mem_of_nobody"}),
        ("1", "vanish", {}),
        ("2", "acknowledge", {}),
        (foreign.id, "acknowledge", {}),
    ]
    async with await follow(site, acme) as following:
        for number, (incident, name, args) in enumerate(cases):
            reply = await ask(following, incident, name, id=str(number), args=args)
            answer = await site("POST", f"/api/v1/orgs/acme/incidents/{incident}/{name}", args)
            assert answer.code >= 400
            assert (reply["status"], plain(reply["body"])) == (answer.code, plain(read(answer)))
            assert reply["body"]["request_id"] != read(answer)["request_id"]
        assert (await ask(following, "1\0", "acknowledge"))["status"] == 404
        twice = await ask(following, "1", "acknowledge", args={"if_version": 1}, if_version=1)
        assert twice["body"]["errors"][0]["pointer"] == "/if_version"
        doubled = '{"frame":"command","id":"d","name":"note","incident":"1","args":{"text":"a","text":"b"}}'
        following.socket.write_message(doubled)
        assert (await following.next("reply"))["body"]["errors"][0]["code"] == "duplicate_key"
    assert await versions(ports, acme) == [2]


@pytest.mark.gen_test(timeout=30)
async def test_an_id_is_an_idempotency_key_on_both_ways(
    live: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    for org in (acme, globex):
        await fire(ports, org, alarm("db-1"))
    site, other = live.with_key(acme.api_key), live.with_key(globex.api_key)
    path, same, once = "/api/v1/orgs/acme/incidents/1/note", {"text": "once"}, {"Idempotency-Key": "n-1"}
    async with await follow(site, acme) as first, await follow(other, globex) as theirs:
        done = await ask(first, "1", "note", id="n-1", args=same)
        assert (done["status"], done["body"]["changed"], "replayed" in done) == (200, True, False)
        answer = await site("POST", path, same, once)
        assert (answer.code, answer.headers["Idempotent-Replayed"]) == (200, "true")
        assert (await site("POST", path, {"text": "another"}, once)).code == 422
        assert (await site("POST", path, same, {"Idempotency-Key": "n-2"})).code == 200
        replay = await ask(first, "1", "note", id="n-2", args=same)
        assert (replay["replayed"], replay["body"]["changed"]) == (True, False)
        assert (await ask(first, "1", "note", id="n-2", args={"text": "another"}))["status"] == 422
        assert (await ask(theirs, "1", "note", id="n-1", args={"text": "ours"}))["body"]["changed"] is True
    assert await versions(ports, acme) == [4]


@pytest.mark.gen_test(timeout=30)
async def test_a_role_that_was_lowered_in_between_refuses_the_command(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("db-1"))
    bob = await hire(ports, live, acme, "Bob", Role.RESPONDER)
    async with await follow(bob.browser, acme) as following:
        assert (await ask(following, "1", "acknowledge"))["status"] == 200
        key, home = live.with_key(acme.api_key), "/api/v1/orgs/acme/bindings"
        [held] = [one for one in read(await key("GET", home))["data"] if one["subject"]["id"] == bob.member]
        lower = {"subject": bob.member, "role": "observer"}
        assert (await key("POST", home, lower)).code == 201
        assert (await key("DELETE", f"{home}/{held['id']}", headers={"If-Match": '"1"'})).code == 204
        refused = await ask(following, "1", "resolve", id="2")
        assert (refused["status"], refused["body"]["code"]) == (403, "forbidden")
        assert [incident.status for incident in await shown(ports, acme)] == ["acknowledged"]
    assert await guarding.write_refusals(ports, everything=True) == 1
    assert await kinds(live.with_key(acme.api_key), 1) == ["request.refused"]


@pytest.mark.gen_test(timeout=30)
async def test_who_may_only_look_changes_nothing(live: Site, ports: Ports, acme: Org) -> None:
    await fire(ports, acme, alarm("db-1"))
    secret = await make_key(ports, acme, Role.OBSERVER)
    async with await follow(live.with_key(secret), acme) as following:
        for number, name in enumerate(("acknowledge", "note", "severity", "commander")):
            assert (await ask(following, "1", name, id=str(number)))["status"] == 403
    assert await versions(ports, acme) == [2]


@pytest.mark.gen_test(timeout=30)
async def test_commands_wait_for_each_other_and_the_stream_for_none(
    live: Site, ports: Ports, acme: Org, database: Database, gate: Gate
) -> None:
    await fire(ports, acme, alarm("db-1"))
    async with await follow(live.with_key(acme.api_key), acme) as following:
        async with connected(database.admin_url, acme.tenant) as held:
            await held.execute("SELECT FROM incident FOR UPDATE")
            for number in range(3):
                say(following, id=str(number), name="note", incident="1", args={"text": f"note {number}"})
            await until(lambda: gate.under_way == 1)
            await note(ports, acme, "meanwhile")
            assert await following.until("meanwhile") == ["meanwhile"]
            assert not [frame for frame in following.frames if frame["frame"] == "reply"]
        for number in range(3):
            assert (await following.next("reply"))["id"] == str(number)
        await until(lambda: gate.under_way == 0)
        await following.until("note 0", "note 1", "note 2")


@pytest.mark.gen_test(timeout=30)
async def test_what_has_begun_is_done_though_the_connection_has_gone(
    live: Site, ports: Ports, acme: Org, database: Database, gate: Gate
) -> None:
    await fire(ports, acme, alarm("db-1"))
    site = live.with_key(acme.api_key)
    async with connected(database.admin_url, acme.tenant) as held:
        await held.execute("SELECT FROM incident FOR UPDATE")
        async with await follow(site, acme) as following:
            for number in range(2):
                say(following, id=str(number), name="note", incident="1", args={"text": f"note {number}"})
            await until(lambda: gate.under_way == 1)
            assert (await site("GET", "/livez")).code == 200  # both have been read by then
        await following.end()
    await until(lambda: gate.under_way == 0)
    assert await versions(ports, acme) == [3]


@pytest.mark.gen_test(timeout=30)
async def test_a_flood_of_commands_ends_the_stream(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    await fire(ports, acme, alarm("db-1"))
    async with (
        await follow(live.with_key(acme.api_key), acme) as following,
        connected(database.admin_url, acme.tenant) as held,
    ):
        await held.execute("SELECT FROM incident FOR UPDATE")
        for number in range(WAITING_MAX + 2):
            say(following, id=str(number), name="acknowledge", incident="1")
        assert await following.end() == FLOOD


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"id": ""},
        {"id": "x" * 256},
        {"id": "a\0b"},
        {"id": 5},
        {"incident": None},
        {"name": None},
        {"if_version": "1"},
        {"frame": "commands"},
        {"frame": None},
    ],
    ids=str,
)
@pytest.mark.gen_test(timeout=30)
async def test_what_is_no_command_at_all_ends_the_stream(
    live: Site, acme: Org, frame: dict[str, Any]
) -> None:
    whole = {"id": "1", "name": "acknowledge", "incident": "1"}
    async with await follow(live.with_key(acme.api_key), acme) as following:
        say(following, **(whole | frame if frame else {}))
        assert await following.end() == BAD


@pytest.mark.gen_test(timeout=30)
async def test_commands_use_up_the_quotas_of_http(live: Site, ports: Ports, acme: Org, quotas: House) -> None:
    await fire(ports, acme, alarm("db-1"))
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as following:
        object.__setattr__(quotas.desk, "quotas", Quotas(3, 1000, 1000, 1))
        assert (await site("GET", "/api/v1/orgs/acme")).code == 200
        assert [(await ask(following, "1", "acknowledge", id=str(n)))["status"] for n in range(3)] == [
            200, 200, 429,
        ]  # fmt: skip
        refused = await ask(following, "1", "acknowledge", id="again")
        assert 0 < refused["retry_ms"] <= 20_000
        assert refused["body"]["code"] == "rate_limited"
        assert (await site("GET", "/api/v1/orgs/acme")).code == 429
