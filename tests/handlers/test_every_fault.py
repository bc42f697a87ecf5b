"""Every bad field is named at once: what only the service can tell, too, of bodies and of queries."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from orgs import Org
from test_invitations import invited, stranger
from web import PASSWORD, Site, outcome, read

from hub.contract import (
    catalogue,
    commands,
    consumers,
    heartbeats,
    hold,
    integrations,
    invitations,
    keys,
    people,
    receipts,
    requests,
    signing,
    undo,
)
from hub.contract import sessions as own
from hub.contract.ids import new, text
from hub.contract.teams import NameTeam
from hub.door.says import said
from hub.routes import ROUTES

pytestmark = pytest.mark.gen_test(timeout=40)
ORG = "/api/v1/orgs/acme"
PAST = "2020-01-01T00:00:00Z"
NO_SERVICE, NO_TEAM = text("service", new()), text("team", new())
BAD_LINKS = [{"title": "Wiki", "url": "javascript:alert(1)"}, {"title": "Wiki", "url": "//wiki"}]
SCOPED = {"kind": "service", "id": NO_SERVICE}
# For each body with two fields or items that only a service can check: one with several that are wrong, and
# how these are named. `{…}` is made for the test.
CASES: dict[type, list[tuple[str, str, dict[str, Any], set[str]]]] = {
    people.GiveRole: [
        ("POST", f"{ORG}/bindings",
         {"subject": "mem_x", "role": "observer", "scope": SCOPED, "expires_at": PAST},
         {"/subject", "/scope/id", "/expires_at"}),
        ("POST", f"{ORG}/bindings",
         {"subject": "mem_x", "role": "owner", "scope": SCOPED, "expires_at": PAST},
         {"/subject", "/role", "/scope/id", "/expires_at"}),
    ],
    keys.NewKey: [
        ("POST", f"{ORG}/keys",
         {"name": "K", "role": "observer", "services": [NO_SERVICE, "x"], "scopes": ["member:manage"],
          "expires_at": PAST},
         {"/services/0", "/services/1", "/scopes/0", "/expires_at"}),
        ("POST", f"{ORG}/keys",
         {"name": "K", "role": "owner", "services": [NO_SERVICE], "expires_at": PAST},
         {"/role", "/services/0", "/expires_at"}),
    ],
    people.ChangeMember: [
        ("PATCH", "{member}", {"time_zone": "Mars/Olympus", "expires_at": PAST},
         {"/time_zone", "/expires_at"}),
    ],
    catalogue.NewService: [
        ("POST", f"{ORG}/services", {"name": "First service", "team": NO_TEAM}, {"/name", "/team"}),
        ("POST", f"{ORG}/services", {"name": "Third", "links": BAD_LINKS}, {"/links/0/url", "/links/1/url"}),
    ],
    catalogue.ServicePatch: [
        ("PATCH", "{service}", {"name": "First service", "team": "x"}, {"/name", "/team"}),
        ("PATCH", "{service}", {"name": "First service", "team": NO_TEAM}, {"/name", "/team"}),
        ("PATCH", "{service}", {"links": BAD_LINKS}, {"/links/0/url", "/links/1/url"}),
    ],
    catalogue.DependOn: [
        ("PUT", "{service}/dependencies", {"services": [NO_SERVICE, "x"]}, {"/services/0", "/services/1"}),
    ],
    integrations.NewIntegration: [
        ("POST", f"{ORG}/integrations", {"name": "First integration", "service": NO_SERVICE},
         {"/name", "/service"}),
    ],
    integrations.IntegrationPatch: [
        ("PATCH", "{integration}", {"name": "First integration", "service": NO_SERVICE},
         {"/name", "/service"}),
    ],
    hold.HoldBack: [
        ("POST", "{integration}/hold", {"addresses": ["x", "192.0.2.1", "10.0.0.1/8"]},
         {"/addresses/0", "/addresses/2"}),
    ],
    invitations.AcceptInvitation: [
        ("POST", "{link}/accept", {"password": "password123"}, {"/name", "/password"}),
        ("POST", "{link}/accept", {}, {"/name", "/password"}),
    ],
    commands.Hide: [
        ("POST", "{incident}/hide", {"members": ["x"], "teams": [NO_TEAM], "keys": ["x", "y"]},
         {"/members/0", "/teams/0", "/keys/0", "/keys/1"}),
    ],
    requests.OpenIncident: [
        ("POST", f"{ORG}/incidents",
         {"title": "T", "service": NO_SERVICE,
          "private": {"members": ["x"], "teams": [NO_TEAM], "keys": ["y"]}},
         {"/service", "/private/members/0", "/private/teams/0", "/private/keys/0"}),
    ],
    consumers.NewConsumer: [
        ("POST", f"{ORG}/consumers", {"name": "first", "filter": "odd:1"}, {"/name", "/filter"}),
    ],
    consumers.ChangeConsumer: [
        ("PATCH", "{consumer}", {"name": "first", "filter": "odd:1"}, {"/name", "/filter"}),
    ],
    undo.Undo: [
        ("POST", "{integration}/undo", {"since": "1960-01-01T00:00:00Z", "addresses": ["x", "y"]},
         {"/since", "/addresses/0", "/addresses/1"}),
    ],
    own.ChangePassword: [
        ("PUT", "/api/v1/me/password", {"current": "not mine", "new": "password123"}, {"/current", "/new"}),
    ],
}  # fmt: skip
# Bodies of which a service checks one field at most: a heartbeat's name is taken within an integration, so
# that nothing can be said of it where that is not there.
ONE_AT_MOST = {
    catalogue.Nothing: "", commands.AssignCommander: "commander", commands.Split: "alerts",
    consumers.Acknowledge: "cursor", heartbeats.HeartbeatPatch: "name",
    heartbeats.NewHeartbeat: "integration", hold.LetGo: "", integrations.Rotate: "",
    invitations.Invite: "email", NameTeam: "name",
    own.ResetPassword: "password", people.CreateOrganization: "slug", people.RenameOrganization: "",
    receipts.Discard: "", receipts.Replay: "", requests.SignIn: "", signing.Sign: "secret",
    **{kind: "" for name, kind in commands.COMMANDS.items() if name not in ("commander", "hide", "split")},
}  # fmt: skip
# Whatever stands in a request by this name names something, or is a time: its shape alone says nothing.
TOLD_BY_TYPE = ("datetime", "list", "Where", "Reference", "max_length=64")


def bodies() -> set[type]:
    """Every body that some route takes."""
    saids = (said(route.handler, method) for route in ROUTES for method in route.guards)
    taken = {each.takes for each in saids if each is not None and each.takes not in (None, Any)}
    return taken | set(commands.COMMANDS.values())


def test_every_body_is_known_for_what_a_service_checks_of_it() -> None:
    assert bodies() == CASES.keys() | ONE_AT_MOST.keys(), "a new body needs a case here, or one line"
    assert not CASES.keys() & ONE_AT_MOST.keys()


@pytest.mark.parametrize("kind", sorted(ONE_AT_MOST, key=lambda kind: kind.__name__))
def test_a_body_without_a_case_has_one_such_field_at_most(kind: type) -> None:
    fields = msgspec.structs.fields(kind)
    told = {each.name for each in fields if any(word in str(each.type) for word in TOLD_BY_TYPE)}
    assert told <= {ONE_AT_MOST[kind]}


@pytest.mark.parametrize("kind", sorted(CASES, key=lambda kind: kind.__name__))
def test_a_case_names_every_field_that_its_type_tells(kind: type) -> None:
    fields = msgspec.structs.fields(kind)
    told = {each.name for each in fields if any(word in str(each.type) for word in TOLD_BY_TYPE)}
    named = {pointer.split("/")[1] for case in CASES[kind] for pointer in case[3]}
    assert told <= named


@pytest.mark.parametrize("kind", sorted(CASES, key=lambda kind: kind.__name__))
async def test_all_that_is_wrong_with_a_body_is_named_at_once(site: Site, acme: Org, kind: type) -> None:
    ann, versions = await site.signed_in("owner@acme.example"), dict[str, str]()
    made = {"{member}": read(await ann("GET", f"{ORG}/members"))["data"][0]}
    made["{service}"] = read(await ann("POST", f"{ORG}/services", {"name": "Second"}))
    asked = {"name": "Second", "service": made["{service}"]["id"]}
    made["{integration}"] = read(await ann("POST", f"{ORG}/integrations", asked))
    opened = {"title": "Down", "service": made["{service}"]["id"]}
    made["{incident}"] = read(await ann("POST", f"{ORG}/incidents", opened))
    await ann("POST", f"{ORG}/consumers", {"name": "first"})
    made["{consumer}"] = read(await ann("POST", f"{ORG}/consumers", {"name": "second"}))
    _, link = await invited(site.with_key(acme.api_key))
    for method, path, body, pointers in CASES[kind]:
        who = ann
        for name, thing in made.items():
            if name in path:
                path = path.replace(name, f"{ORG}/{name[1:-1]}s/{thing['id']}")
                versions = {"If-Match": f'"{thing["version"]}"'}
        if "{link}" in path:
            path, who = path.replace("{link}", link), stranger(site)
        answer = await who(method, path, body, versions)
        assert outcome(answer) == (400, "invalid"), answer.body
        told = [fault["pointer"] for fault in read(answer)["errors"]]
        assert (set(told), len(told)) == (pointers, len(pointers))


@pytest.mark.parametrize(
    ("path", "pointers"),
    [
        *((f"{ORG}/{each}?limit=0&cursor=bad", ["/limit", "/cursor"])
          for each in ("members", "bindings", "teams", "services", "integrations", "keys", "invitations",
                       "incidents", "receipts", "audit")),
        ("/api/v1/me/sessions?limit=0&cursor=bad", ["/limit", "/cursor"]),
        ("/api/v1/me/audit?limit=0&cursor=bad", ["/limit", "/cursor"]),
        (f"{ORG}/members?limit=201", ["/limit"]),
        (f"{ORG}/services?archived=maybe&limit=x&cursor=bad", ["/archived", "/limit", "/cursor"]),
        (f"{ORG}/incidents?status=odd,open,even&limit=0", ["/limit", "/status", "/status"]),
        (f"{ORG}/receipts?state=odd&limit=0", ["/state", "/limit"]),
        (f"{ORG}/events?wait=x&limit=0&filter=odd:1%20even:2&snapshot=odd&after=bad",
         ["/wait", "/limit", "/filter", "/filter", "/snapshot", "/after"]),
        (f"{ORG}/events/stream?filter=odd:1&snapshot=odd&after=bad", ["/filter", "/snapshot", "/after"]),
    ],
)  # fmt: skip
async def test_all_that_is_wrong_with_a_query_is_named_at_once(
    site: Site, acme: Org, path: str, pointers: list[str]
) -> None:
    ann = await site.signed_in("owner@acme.example")
    answer = await ann("GET", path)
    assert outcome(answer) == (400, "invalid"), answer.body
    assert [fault["pointer"] for fault in read(answer)["errors"]] == pointers


async def test_a_wrong_current_password_counts_also_where_the_new_one_is_bad(site: Site, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    guess = {"current": "not mine", "new": "password123"}
    assert (await ann("PUT", "/api/v1/me/password", guess)).code == 400
    own_log = read(await ann("GET", "/api/v1/me/audit?limit=1"))["data"]
    assert own_log[0]["action"] == "sign_in.failed"
    weak = await ann("PUT", "/api/v1/me/password", {"current": PASSWORD, "new": "password123"})
    assert [fault["pointer"] for fault in read(weak)["errors"]] == ["/new"]
