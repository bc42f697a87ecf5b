"""What a role in a narrower scope sees and may do, route by route: out of sight is missing."""

from __future__ import annotations

from typing import Any

import pytest
from line import connected
from orgs import Org
from scene import Scene, build
from servers import Database
from tornado.httpclient import HTTPResponse
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
ORG = "/api/v1/orgs/acme"
SAME = {"X-Request-ID": "the-same"}
NARROW = [Scope.TEAM, Scope.SERVICE, Scope.INCIDENT]
#      what it is about: method, path, action, body
ABOUT: dict[str, list[tuple[str, str, Action, Any]]] = {
    "incident": [
        ("GET", "/incidents/{}", Action.INCIDENT_READ, None),
        ("GET", "/incidents/{}/timeline", Action.INCIDENT_READ, None),
        ("POST", "/incidents/{}/acknowledge", Action.INCIDENT_ACKNOWLEDGE, {}),
        ("POST", "/incidents/{}/note", Action.INCIDENT_NOTE, {"text": "seen"}),
        ("POST", "/incidents/{}/severity", Action.INCIDENT_EDIT, {"severity": "SEV2"}),
        ("POST", "/incidents/{}/resolve", Action.INCIDENT_RESOLVE, {}),
    ],
    "service": [
        ("GET", "/services/{}", Action.SERVICE_READ, None),
        ("PATCH", "/services/{}", Action.SERVICE_MANAGE, {"tier": 3}),
        ("PUT", "/services/{}/dependencies", Action.SERVICE_MANAGE, {"services": []}),
    ],
    "integration": [
        ("GET", "/integrations/{}", Action.INTEGRATION_READ, None),
        ("GET", "/receipts?integration={}", Action.RECEIPT_READ, None),
        ("PATCH", "/integrations/{}", Action.INTEGRATION_MANAGE, {"name": "renamed"}),
        ("POST", "/integrations/{}/rotate", Action.INTEGRATION_MANAGE, {"overlap_seconds": 60}),
        ("POST", "/integrations/{}/test", Action.INTEGRATION_MANAGE, {}),
        ("POST", "/integrations/{}/disable", Action.INTEGRATION_MANAGE, {}),
        ("POST", "/integrations/{}/enable", Action.INTEGRATION_MANAGE, {}),
    ],
    "receipt": [("GET", "/receipts/{}", Action.RECEIPT_READ, None)],
    "team": [
        ("GET", "/teams/{}", Action.MEMBER_READ, None),
        ("PATCH", "/teams/{}", Action.TEAM_MANAGE, {"name": "renamed"}),
    ],
}  # fmt: skip
SEEN = {
    Scope.TEAM: {"incident", "service", "integration", "receipt", "team"},
    Scope.SERVICE: {"incident", "service", "integration", "receipt"},
    Scope.INCIDENT: {"incident"},
}
WHOLE = [
    ("GET", "/members"), ("GET", "/bindings"), ("GET", "/invitations"), ("GET", "/keys"), ("GET", "/audit"),
    ("PATCH", ""), ("POST", "/services"), ("POST", "/teams"), ("POST", "/keys"), ("POST", "/bindings"),
    ("POST", "/invitations"),
]  # fmt: skip


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, site: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, site, acme), timeout=20)
    return made


async def ask(site: Site, scene: Scene, method: str, path: str, body: Any) -> HTTPResponse:
    """Ask, with the version that the administrator reads."""
    headers = dict(SAME)
    if method in ("PATCH", "PUT", "DELETE"):
        shown = await scene.admin("GET", ORG + path.removesuffix("/dependencies"))
        headers["If-Match"] = shown.headers.get("ETag", '"1"')
    return await site(method, ORG + path, body, headers)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("scope", NARROW)
async def test_each_route_opens_what_is_in_sight_and_answers_for_the_rest_as_for_what_is_missing(
    scene: Scene, role: Role, scope: Scope
) -> None:
    site = await scene.actor(role if role is not Role.OWNER else Role.ADMIN, scope)
    gives = MATRIX[role] & CARRIES[scope]
    for what, routes in ABOUT.items():
        mine, other = (getattr(corner, what) for corner in (scene.mine, scene.other))
        missing = text(what, new())
        for method, path, action, body in routes:
            answers = [await ask(site, scene, method, path.format(id), body) for id in (mine, other, missing)]
            if action not in gives:
                assert {outcome(answer) for answer in answers} == {(403, "forbidden")}, (method, path)
                continue
            found, unseen, absent = answers
            assert found.code in ((200, 202) if what in SEEN[scope] else (404,)), (method, path, found.body)
            assert (unseen.code, unseen.body) == (absent.code, absent.body), (method, path)
            assert outcome(absent) == (404, "not_found")
            assert list(unseen.headers) == list(absent.headers)


@pytest.mark.parametrize("scope", NARROW)
async def test_no_narrow_role_reaches_what_is_the_organizations(scene: Scene, scope: Scope) -> None:
    site = await scene.actor(Role.ADMIN, scope)
    for method, path in WHOLE:
        body = None if method == "GET" else {"name": "x"}
        answer = await site(method, ORG + path, body, {"If-Match": '"1"'})
        assert outcome(answer) == (403, "forbidden"), (method, path)


async def test_lists_hold_what_is_in_sight(scene: Scene) -> None:
    whole = scene.admin
    for scope in NARROW:
        site = await scene.actor(Role.OBSERVER, scope)
        for what in ("incidents", "services", "integrations", "teams"):
            one = what.removesuffix("s")
            answer = await site("GET", f"{ORG}/{what}?limit=1")
            if one not in SEEN[scope]:
                assert outcome(answer) == (403, "forbidden")
                continue
            everything = {each["id"] for each in read(await whole("GET", f"{ORG}/{what}"))["data"]}
            listed = [each["id"] for each in await pages(site, f"{ORG}/{what}")]
            assert listed == sorted(set(listed), reverse=what == "incidents")
            assert set(listed) < everything
            assert getattr(scene.mine, one) in listed
            assert getattr(scene.other, one) not in listed


async def pages(site: Site, path: str) -> list[dict[str, Any]]:
    """Everything of a list, one by one."""
    found, cursor = [], ""
    while True:
        page = read(await site("GET", f"{path}?limit=1{cursor}"))
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_a_service_that_is_out_of_sight_cannot_be_named(scene: Scene) -> None:
    site = await scene.actor(Role.ADMIN, Scope.SERVICE)
    for path, body in (
        ("/incidents", {"title": "By hand", "severity": "SEV4"}),
        ("/integrations", {"name": "New"}),
    ):
        answers = [
            await site("POST", ORG + path, body | {"service": service}, SAME)
            for service in (scene.mine.service, scene.other.service, text("service", new()))
        ]
        assert answers[0].code == 201, answers[0].body
        assert answers[1].body == answers[2].body
        assert outcome(answers[1]) == (400, "invalid")
        assert read(answers[1])["errors"][0]["pointer"] == "/service"
    move = {"service": scene.other.service}
    moved = await ask(site, scene, "PATCH", f"/integrations/{scene.mine.integration}", move)
    assert (outcome(moved), read(moved)["errors"][0]["pointer"]) == ((400, "invalid"), "/service")
    depend = {"services": [scene.other.service]}
    needs = await ask(site, scene, "PUT", f"/services/{scene.mine.service}/dependencies", depend)
    assert (outcome(needs), read(needs)["errors"][0]["pointer"]) == ((400, "invalid"), "/services/0")
    for team in (scene.other.team, text("team", new())):
        given = await ask(site, scene, "PATCH", f"/services/{scene.mine.service}", {"team": team})
        assert (outcome(given), read(given)["errors"][0]["pointer"]) == ((400, "invalid"), "/team")


async def test_what_a_service_needs_is_shown_as_far_as_it_is_in_sight_and_stays(scene: Scene) -> None:
    path = f"/services/{scene.mine.service}/dependencies"
    third = (await scene.made("/services", {"name": "Third"}))["id"]
    both = {"services": [scene.other.service, third]}
    assert (await ask(scene.admin, scene, "PUT", path, both)).code == 200
    site, key = await scene.nobody()
    for service in (scene.mine.service, third):
        await scene.bind(key, Role.ADMIN, Scope.SERVICE, service)
    shown = read(await site("GET", f"{ORG}/services/{scene.mine.service}"))
    assert [each["id"] for each in shown["dependencies"]] == [third]
    assert read(await ask(site, scene, "PUT", path, {"services": []}))["dependencies"] == []
    kept = read(await scene.admin("GET", f"{ORG}/services/{scene.mine.service}"))
    assert [each["id"] for each in kept["dependencies"]] == [scene.other.service]
    circle = {"services": [scene.mine.service]}
    assert (
        await ask(
            scene.admin, scene, "PUT", f"/services/{scene.other.service}/dependencies", {"services": [third]}
        )
    ).code == 200
    refused = await ask(site, scene, "PUT", f"/services/{third}/dependencies", circle)
    assert outcome(refused) == (409, "not_allowed_now")
    assert "Other" not in read(refused)["detail"]


async def test_who_sees_the_whole_but_works_on_one_service_is_forbidden_elsewhere(scene: Scene) -> None:
    site, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.ORGANIZATION, None)
    await scene.bind(key, Role.ADMIN, Scope.SERVICE, scene.mine.service)
    for what in ("incident", "service", "integration"):
        for method, path, action, body in ABOUT[what]:
            codes = [
                (await ask(site, scene, method, path.format(getattr(corner, what)), body)).code
                for corner in (scene.mine, scene.other)
            ]
            reads = action in MATRIX[Role.OBSERVER]
            assert codes[0] in (200, 202), (method, path)
            assert codes[1] == (200 if reads else 403), (method, path)
    for path, body in (("/incidents", {"title": "x", "severity": "SEV4"}), ("/integrations", {"name": "y"})):
        asked = body | {"service": scene.other.service}
        assert outcome(await site("POST", ORG + path, asked)) == (403, "forbidden")


async def test_an_organization_shows_what_holds_in_all_of_it_and_what_holds_somewhere(scene: Scene) -> None:
    site = await scene.actor(Role.RESPONDER, Scope.SERVICE)
    shown = read(await site("GET", ORG))
    assert shown["actions"] == []
    assert shown["actions_somewhere"] == sorted(MATRIX[Role.RESPONDER] & CARRIES[Scope.SERVICE])
    everywhere = read(await scene.admin("GET", ORG))
    assert everywhere["actions"] == everywhere["actions_somewhere"] == sorted(MATRIX[Role.ADMIN])


@pytest.mark.parametrize("command", ["acknowledge", "reopen"])
async def test_out_of_sight_nobody_waits_for_who_works_on_it(
    site: Site, ports: Ports, database: Database, acme: Org, command: str
) -> None:
    """C25: how long an answer takes must not tell of it, and nobody holds up what they cannot see."""
    scene = await build(ports, database, site, acme)
    id = scene.other.incident
    number = read(await scene.admin("GET", f"{ORG}/incidents/{id}"))["number"]
    narrow = await scene.actor(Role.RESPONDER, Scope.SERVICE)
    async with connected(database.admin_url) as admin, admin.transaction():
        await admin.execute("SELECT FROM incident FOR UPDATE")
        await admin.execute("SELECT FROM service FOR UPDATE")
        for named in (id, str(number)):
            there = await narrow("POST", f"{ORG}/incidents/{named}/{command}", {}, SAME)
            missing = await narrow("POST", f"{ORG}/incidents/{text('incident', new())}/{command}", {}, SAME)
            assert outcome(there) == (404, "not_found")  # and no 503 after a lock's time-out
            assert there.body == missing.body
        seen = await narrow("POST", f"{ORG}/incidents/{scene.mine.incident}/{command}", {})
        assert seen.code == 503
