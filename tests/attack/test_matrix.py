"""Who may do what where: every route and command, in every role and scope, by the tables of access.py."""

from __future__ import annotations

from itertools import product
from uuid import UUID

import pytest
from estate import Estate, Visitor, bearer, enrol
from line import drain
from probes import Probe, Things, probes
from setting import Scene
from subjects import KINDS, Holding, holder

from hub.contract.ids import parse
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX, PERSON

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=140)
PLAN = [probe for probe in probes() if probe.is_in_organization and probe.action not in PERSON]
ORG = "/api/v1/orgs/{org}"
# A list shows what is in sight to whoever holds its action anywhere, and so does what says who one is; what
# is about no thing in particular otherwise wants the action in the whole organization.
FILTERED = {
    f"GET {ORG}{path}"
    for path in (
        "", "/incidents", "/services", "/integrations", "/heartbeats", "/receipts", "/teams", "/stream",
        "/events", "/events/stream", "/snapshot", "/consumers",
    )
} | {f"POST {ORG}/stream-tickets", f"POST {ORG}/consumers"}  # fmt: skip
# A thing in a path or body, and the scopes that reach it beside the whole organization; the narrowest first.
REACHED = {
    "incident": (Scope.INCIDENT, Scope.SERVICE),
    "service": (Scope.SERVICE,),
    "integration": (Scope.SERVICE,),
    "heartbeat": (Scope.SERVICE,),
    "receipt": (Scope.SERVICE,),
    "team": (Scope.TEAM,),
}
# What belongs to whoever made it: others know nothing of it, but those who manage them all.
OWNED = {"consumer": Action.CONSUMER_MANAGE}
# What makes somebody able to do things: nobody gives what they do not hold, whatever else they may.
GIVES = {f"POST {ORG}{path}" for path in ("/bindings", "/invitations", "/keys", "/keys/{api_key}/rotate")}
DONE = {200, 201, 202, 204, 409, 412, 426}  # 409 and 412 come from what is there, after the right was seen


def place(things: Things, scope: Scope, estate: Estate) -> UUID:
    """The id of a scope's place."""
    found = estate.org.tenant if scope is Scope.ORGANIZATION else parse(scope, things[scope])
    assert found
    return found


async def settle(scene: Scene, estate: Estate) -> None:
    """Let the member of the estate be one who may take over an incident."""
    member, _ = await enrol(scene.ports, estate.org, "ben", Role.RESPONDER)
    estate.things["member"] = member


async def other_side(scene: Scene, estate: Estate) -> tuple[Things, Things]:
    """Things that belong together: a team, its service, what is about it; and such that do not."""
    call, key, home = scene.call, estate.key.headers, f"/api/v1/orgs/{estate.org.slug}"
    listed = (await call("GET", f"{home}/services", key)).json["data"]
    first, second = listed[0], listed[1]
    inside = estate.things | {"team": first["team"]["id"]}
    changed = await call(
        "PATCH", f"{home}/services/{second['id']}", key | {"If-Match": '"1"'}, {"team": estate.things["team"]}
    )
    assert changed.status == 200, changed
    named = {"name": "Third integration", "service": second["id"]}
    integration = (await call("POST", f"{home}/integrations", key, named)).json
    asked = {"name": "third", "integration": integration["id"], "interval_seconds": 60}
    heartbeat = (await call("POST", f"{home}/heartbeats", key, asked)).json
    opened = await call("POST", f"{home}/incidents", key, {"title": "Other", "service": second["id"]})
    sender = bearer("", integration["key"]).headers
    sent = await call("POST", "/api/v1/ingest/events", sender, {"title": "Other"})
    await drain(scene.ports, estate.org)
    outside = estate.things | {
        "service": second["id"],
        "integration": integration["id"],
        "heartbeat": heartbeat["id"],
        "incident": opened.json["id"],
        "receipt": sent.json["receipt_id"],
    }
    return inside, outside


def expected(probe: Probe, holding: Holding, is_inside: bool) -> set[int]:
    """The statuses that are right for this holding, of a thing within its scope and of one that is not."""
    has, action = holding.actions, probe.action
    done = DONE | {400} if probe.command == "split" else DONE  # whose alert is none: seen after the right
    assert action
    if action not in has:
        return {403}
    if owned := [name for name in OWNED if name in probe.ids]:
        if OWNED[owned[0]] not in has:
            return {404}
        return done if probe.method in {"GET", "DELETE"} else {403}
    if holding.scope is Scope.ORGANIZATION:
        return {403} if str(probe) in GIVES and holding.scopes else done
    things = [name for name in REACHED if name in probe.ids]
    if not things:
        if named := [name for name in probe.references if name in REACHED and name in probe.required]:
            return done if is_inside and reaches(holding, named[0], action) else {400, 403}
        return done if str(probe) in FILTERED else {403}
    if is_inside and reaches(holding, things[0], action):
        return done
    return {403, 404} if is_inside else {404}


def reaches(holding: Holding, thing: str, action: Action) -> bool:
    """Whether a scope has this thing in it: a team's has its services, for what a service's carries."""
    scopes = REACHED[thing]
    if holding.scope in scopes:
        return True
    return holding.scope is Scope.TEAM and Scope.SERVICE in scopes and action in CARRIES[Scope.SERVICE]


async def check(
    scene: Scene, holding: Holding, visitor: Visitor, sides: list[tuple[bool, Things]], plan: list[Probe]
) -> list[str]:
    """The cases that are answered otherwise than they should be, or that tell of what is outside."""
    faults, inside = [], sides[0][1]
    hidden = {name: sides[-1][1][name] for name in REACHED if sides[-1][1][name] != inside[name]}
    for probe in plan:
        for is_inside, things in sides:
            if not is_inside and not (set(probe.ids) | set(probe.references)) & set(REACHED):
                continue
            right = expected(probe, holding, is_inside)
            headers = visitor.headers | {"If-Match": '"999"'}
            answer = await scene.call(probe.method, probe.path(things), headers, probe.body(things))
            if seen := [name for name in REACHED if name in hidden and hidden[name].encode() in answer.body]:
                faults.append(f"{holding}: {probe} tells of {seen}")
            if answer.status not in right:
                where = "inside" if is_inside else "outside"
                faults.append(
                    f"{holding}, {where}: {probe}: {answer.status} {answer.body[:150]!r}, not {right}"
                )
    return faults


def told(faults: list[str], asked: int) -> None:
    if faults:
        pytest.fail(f"{len(faults)} of {asked}:\n" + "\n".join(faults[:25]), pytrace=False)


async def test_roles_in_the_whole_organization_allow_what_the_matrix_says(scene: Scene) -> None:
    await settle(scene, scene.acme)
    faults, before = [], scene.call.asked
    for kind, role in product(KINDS, Role):
        holding = Holding(kind, role, Scope.ORGANIZATION, scene.acme.org.tenant)
        visitor = await holder(scene.ports, scene.acme.org, holding)
        faults += await check(scene, holding, visitor, [(True, scene.acme.things)], PLAN)
    told(faults, scene.call.asked - before)
    assert scene.call.asked - before == len(KINDS) * len(Role) * len(PLAN)


async def test_roles_in_a_scope_allow_no_more_than_it_carries_and_nowhere_else(scene: Scene) -> None:
    await settle(scene, scene.acme)
    inside, outside = await other_side(scene, scene.acme)
    faults, before = [], scene.call.asked
    for kind, scope, role in product(KINDS, (Scope.TEAM, Scope.SERVICE, Scope.INCIDENT), Role):
        if kind != "member" and role is not Role.ADMIN:
            continue  # how one comes by a role and how far it goes do not meddle with each other
        holding = Holding(kind, role, scope, place(inside, scope, scene.acme))
        visitor = await holder(scene.ports, scene.acme.org, holding)
        sides = [(True, inside), (False, outside)]
        faults += await check(scene, holding, visitor, sides, PLAN)
    told(faults, scene.call.asked - before)
    assert scene.call.asked - before > 18 * len(PLAN)


async def test_the_scopes_of_a_key_cut_its_role_down_to_single_actions(scene: Scene) -> None:
    await settle(scene, scene.acme)
    faults, before = [], scene.call.asked
    first = {probe.action: probe for probe in reversed(PLAN)}
    for action in sorted(MATRIX[Role.ADMIN]):
        holding = Holding("key", Role.ADMIN, Scope.ORGANIZATION, scene.acme.org.tenant, (action,))
        visitor = await holder(scene.ports, scene.acme.org, holding)
        plan = [probe for probe in PLAN if probe.action is action or first[probe.action] is probe]
        faults += await check(scene, holding, visitor, [(True, scene.acme.things)], plan)
    told(faults, scene.call.asked - before)
    assert scene.call.asked - before > len(MATRIX[Role.ADMIN]) * len(first)
