"""Who is named sees a private incident, and nobody else: every reader against every way to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from crew import hire
from line import alarm, fire, post
from orgs import Org
from records import listen
from roles import key_of
from scene import Scene, build
from servers import Database
from web import Site, outcome, read

from hub.contract.commands import COMMANDS
from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services import credentials
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=90)
ORG = "/api/v1/orgs/acme"
SECRET = "xyzzy"
ARGUMENTS: dict[str, Any] = {
    "note": {"text": "hello"},
    "severity": {"severity": "SEV1"},
    "commander": {"commander": None},
    "break-glass": {"reason": "curious"},
    "split": {"alerts": [text("alert", new())]},
}
BREAKERS = {"admin", "owner"}


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, live: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, live, acme), timeout=20)
    return made


@dataclass
class Stage:
    """The private incident, who looks, and from where their streams go on."""

    scene: Scene
    incident: str
    number: int
    receipt: str
    author: Site
    eyes: dict[str, Site]
    named: set[str]
    start: dict[str, str]

    def sees(self, who: str) -> bool:
        return who in self.named


async def stage(scene: Scene) -> Stage:
    """An incident of an alert, with a commander and notes, that its author hides from all but some."""
    ports, org = scene.ports, scene.org
    receipt = await post(ports, org, alarm(SECRET, title=f"the {SECRET} title"))
    await fire(ports, org, alarm("more"))
    listed = read(await scene.admin("GET", f"{ORG}/incidents?limit=200"))["data"]
    [found] = [one for one in listed if SECRET in one["title"]]
    people = {
        name: await hire(ports, scene.admin, org, name.title(), role)
        for name, role in (
            ("author", Role.RESPONDER), ("observer", Role.OBSERVER), ("responder", Role.RESPONDER),
            ("admin", Role.ADMIN), ("owner", Role.OWNER), ("named", Role.OBSERVER), ("teamed", Role.OBSERVER),
        )
    }  # fmt: skip
    put = await scene.admin("PUT", f"{ORG}/teams/{scene.other.team}/members/{people['teamed'].member}")
    assert put.code in {200, 204}
    secrets = {name: await key_of(ports, org, Role.ADMIN) for name in ("key", "named key")}
    keys = {name: await credentials.find(ports, secret) for name, secret in secrets.items()}
    eyes = {name: person.browser for name, person in people.items()}
    eyes |= {name: scene.admin.with_key(secret) for name, secret in secrets.items()}
    start = {
        who: read(await site("GET", f"{ORG}/events", headers=fetched(site)))["cursor"]
        for who, site in eyes.items()
    }
    author, path = eyes["author"], f"{ORG}/incidents/{found['id']}"
    asked = {"commander": people["responder"].member}
    assert (await author("POST", f"{path}/commander", asked)).code == 200
    assert (await eyes["responder"]("POST", f"{path}/acknowledge", {})).code == 200
    assert (await author("POST", f"{path}/note", {"text": f"{SECRET} in public"})).code == 200
    named_key = keys["named key"]
    assert named_key is not None
    hidden = await author("POST", f"{path}/hide", {
        "members": [people["named"].member], "teams": [scene.other.team],
        "keys": [text("key", named_key.subject)], "reason": f"{SECRET} matters",
    })  # fmt: skip
    assert hidden.code == 200, hidden.body
    assert read(hidden)["incident"]["commander"] is None, "nobody commands what they do not see"
    assert (await author("POST", f"{path}/note", {"text": f"{SECRET} in private"})).code == 200
    again = await post(ports, org, alarm(SECRET, title=f"the {SECRET} title"))
    await fire(ports, org, alarm("more"))
    assert again
    named = {"author", "named", "teamed", "named key"}
    return Stage(scene, found["id"], found["number"], receipt, author, eyes, named, start)


def fetched(site: Site) -> dict[str, str]:
    """What a browser sends beside a cookie when a page of the hub itself fetches."""
    return {"Sec-Fetch-Site": "same-origin"} if site.cookie else {}


def ways(stage: Stage) -> list[str]:
    """Every list and every page of the organization that could tell of it."""
    scene, lists = stage.scene, "?limit=200"
    return [
        f"/incidents{lists}", f"/incidents{lists}&status=open", f"/incidents{lists}&status=all", "/snapshot",
        f"/snapshot?filter=incident:{stage.incident}", f"/receipts{lists}", f"/receipts/{stage.receipt}",
        f"/integrations/{scene.mine.integration}", f"/services{lists}", f"/services/{scene.mine.service}",
        f"/bindings{lists}", f"/members{lists}", f"/teams{lists}", f"/audit{lists}",
    ]  # fmt: skip


async def test_whoever_is_not_named_finds_nothing_anywhere(scene: Scene) -> None:
    made, leaks, blind = await stage(scene), list[str](), 0
    for who, site in made.eyes.items():
        for way in ways(made):
            answer = await site("GET", ORG + way)
            if answer.code in {403, 404}:
                continue
            tells = [word for word in (made.incident, SECRET) if word.encode() in answer.body]
            if way.startswith(f"/receipts/{made.receipt}"):
                tells = [word for word in tells if word == made.incident]  # the key is the sender's own word
            if tells and not made.sees(who):
                leaks.append(f"{who} GET {way}: {tells}")
            blind += not made.sees(who)
            if way.startswith("/incidents") and made.sees(who):
                assert made.incident.encode() in answer.body, (who, way)
    assert leaks == []
    assert blind > 50, "the probes have looked"


async def test_whoever_is_not_named_is_answered_as_for_what_does_not_exist(scene: Scene, globex: Org) -> None:
    made = await stage(scene)
    same = {"X-Request-ID": "the-same"}
    pairs = ((made.incident, text("incident", new())), (str(made.number), "99999"), ("P-1", "P-99999"))
    for who, site in made.eyes.items():
        for reference, missing in pairs:
            for method, path, body in [
                ("GET", "", None), ("GET", "/timeline", None),
                *(("POST", f"/{name}", ARGUMENTS.get(name, {})) for name in COMMANDS),
            ]:  # fmt: skip
                if made.sees(who) or (path == "/break-glass" and who in BREAKERS):
                    continue
                told, expected = [
                    await site(method, f"{ORG}/incidents/{one}{path}", body, same)
                    for one in (reference, missing)
                ]
                assert told.code in {403, 404}
                assert (told.code, told.body) == (expected.code, expected.body), (who, reference, path)
                assert list(told.headers) == list(expected.headers)
    for who in made.named:
        shown = read(await made.eyes[who]("GET", f"{ORG}/incidents/{made.number}"))
        assert shown["private"] is True
        assert {one["name"] for one in shown["named"]} >= {"Author", "Named", "Others"}
        timeline = await made.eyes[who]("GET", f"{ORG}/incidents/{made.incident}/timeline")
        assert f"{SECRET} in private".encode() in timeline.body
    strangers = scene.admin.with_key(await key_of(scene.ports, globex, Role.ADMIN))
    for path in ("", "/timeline"):
        assert outcome(await strangers("GET", f"{ORG}/incidents/{made.incident}{path}"))[0] == 404


async def test_no_replay_tells_of_it_on_any_transport(scene: Scene) -> None:
    made = await stage(scene)
    for who, site in made.eyes.items():
        polled, cursor, more = b"", made.start[who], True
        while more:
            page = await site("GET", f"{ORG}/events?after={cursor}&limit=50", headers=fetched(site))
            polled += page.body
            if page.code == 410:
                break
            cursor, more = read(page)["cursor"], read(page)["more"]
        if made.sees(who):
            assert page.code == 410, f"{who} has another view since they are named"
            continue
        assert SECRET.encode() not in polled.replace(b"the-sender", b""), who
        assert polled.count(made.incident.encode()) == 1, f"{who} is told once that it is gone"
        assert f'"hidden":["{made.incident}"]'.encode() in polled
    key = made.eyes["key"]
    path = f"{ORG}/events/stream?after={made.start['key']}"
    async with listen(key, path) as (records, _):
        hidden = await records.next("hidden")
        assert hidden.json == {"frame": "hidden", "incident": made.incident}
        assert SECRET not in "".join(records.bodies)


async def test_roles_for_it_are_given_by_hiding_it_alone(scene: Scene) -> None:
    made = await stage(scene)
    named_admin = made.eyes["named key"]
    asked = {"subject": scene.mine.team, "role": "observer"} | {
        "scope": {"kind": "incident", "id": made.incident}
    }
    refused = await named_admin("POST", f"{ORG}/bindings", asked)
    assert outcome(refused) == (409, "not_allowed_now")
    listed = read(await named_admin("GET", f"{ORG}/bindings?limit=200"))["data"]
    mine = [one for one in listed if one["scope"]["id"] == made.incident]
    assert {one["subject"]["name"] for one in mine} >= {"Author", "Named", "Others"}
    taken = await named_admin("DELETE", f"{ORG}/bindings/{mine[0]['id']}", None, {"If-Match": '"1"'})
    assert outcome(taken) == (409, "not_allowed_now")
    faulty = await named_admin(
        "POST", f"{ORG}/incidents/{made.incident}/hide", {"members": ["mem_x"], "teams": [scene.other.team]}
    )
    assert (outcome(faulty), read(faulty)["errors"][0]["pointer"]) == ((400, "invalid"), "/members/0")


async def test_only_people_who_administer_break_the_glass(scene: Scene) -> None:
    made = await stage(scene)
    path = f"{ORG}/incidents/{made.incident}/break-glass"
    for who, code in (("observer", 403), ("responder", 403), ("key", 404), ("owner", 200)):
        answer = await made.eyes[who]("POST", path, {"reason": "an audit"})
        assert answer.code == code, (who, answer.body)
        if code != 200:
            missing = await made.eyes[who](
                "POST", f"{ORG}/incidents/99999/break-glass", {"reason": "an audit"}
            )
            assert outcome(answer) == outcome(missing)
    public = await made.eyes["admin"](
        "POST", f"{ORG}/incidents/{scene.other.incident}/break-glass", {"reason": "x"}
    )
    assert outcome(public) == (409, "not_allowed_now")
    told = read(await made.author("GET", f"{ORG}/incidents/{made.incident}/timeline?limit=200"))["data"]
    assert msgspec.json.encode(told[-1]["data"]).find(b"an audit") > 0
