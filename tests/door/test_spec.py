"""The machine's description: what follows from a route, and what its method says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tornado.web import RequestHandler

from hub.contract.commands import COMMANDS
from hub.contract.words import Action
from hub.domain.errors import NotAllowedNow, Unauthenticated
from hub.door.route import ByCommand, Public, Route
from hub.door.says import says
from hub.door.spec import describe, unsaid

ORG = "/api/v1/orgs/{org}"


class Thing(msgspec.Struct):
    """A thing."""

    name: str


class ThingPage(msgspec.Struct):
    """Things."""

    data: list[Thing]
    next_cursor: str | None


class Things(RequestHandler):
    @says(ThingPage, query={"like": "A part of the name."})
    def get(self, org: str) -> None:
        """A page of things.

        In no order.
        """

    @says(Thing, 201, takes=Thing, once=True, may=(NotAllowedNow,))
    def post(self, org: str) -> None:
        """Make one."""

    @says(Thing, takes=Thing, versioned=True)
    def patch(self, org: str) -> None:
        """Change one."""


class Silent(RequestHandler):
    def get(self) -> None:
        """It says nothing."""


GUARDS: dict[str, Any] = {
    "GET": Action.SERVICE_READ,
    "POST": Action.INCIDENT_OPEN,
    "PATCH": Action.INCIDENT_EDIT,
}


@pytest.fixture
def described() -> dict[str, Any]:
    return describe([Route(ORG + "/things", Things, GUARDS)], "the-cookie")


def refused(operation: dict[str, Any]) -> set[str]:
    return {status for status in operation["responses"] if status >= "4"}


def test_an_operation_is_told_in_the_words_of_its_method(described: dict[str, Any]) -> None:
    operation = described["paths"][ORG + "/things"]["get"]
    assert (operation["summary"], operation["description"]) == ("A page of things.", "In no order.")
    assert (operation["operationId"], operation["tags"]) == ("get_orgs_org_things", ["things"])
    assert operation["x-action"] == "service:read"
    assert [each["name"] for each in operation["parameters"]] == ["org", "limit", "cursor", "like"]


def test_refusals_follow_from_the_guard_the_body_and_the_versions(described: dict[str, Any]) -> None:
    methods = described["paths"][ORG + "/things"]
    always = {"400", "401", "403", "404", "413", "421", "429", "500", "503"}
    assert refused(methods["get"]) == always
    assert refused(methods["post"]) == always | {"409", "415", "422"}
    assert refused(methods["patch"]) == always | {"412", "415", "428"}
    for status in always:
        name = methods["get"]["responses"][status]["$ref"].rpartition("/")[2]
        assert "application/problem+json" in described["components"]["responses"][name]["content"]


def test_what_needs_a_key_in_a_header_says_so(described: dict[str, Any]) -> None:
    methods = described["paths"][ORG + "/things"]
    headers = {
        method: [each["name"] for each in said["parameters"] if each["in"] == "header"]
        for method, said in methods.items()
    }
    assert headers == {"get": [], "post": ["Idempotency-Key"], "patch": ["If-Match"]}


def test_a_command_is_an_operation_of_its_own() -> None:
    class Door(RequestHandler):
        @says(Thing, once=True)
        def post(self, org: str, command: str) -> None:
            """Do it."""

    paths = describe([Route(ORG + "/{command}", Door, {"POST": ByCommand()})], "x")["paths"]
    assert set(paths) == {f"{ORG}/{name}" for name in COMMANDS}
    note = paths[ORG + "/note"]["post"]
    assert note["x-action"] == "incident:note"
    assert note["requestBody"]["required"]
    assert not paths[ORG + "/acknowledge"]["post"]["requestBody"]["required"]


def test_a_public_method_asks_for_a_credential_only_where_it_says_so() -> None:
    class Open(RequestHandler):
        @says(Thing)
        def get(self) -> None:
            """For everybody."""

        @says(status=204, may=(Unauthenticated,))
        def delete(self) -> None:
            """For whoever shows something."""

    guards: dict[str, Any] = {"GET": Public("it is a test"), "DELETE": Public("it is a test")}
    methods = describe([Route("/api/v1/open", Open, guards)], "x")["paths"]["/api/v1/open"]
    assert methods["get"]["security"] == []
    assert "401" not in methods["get"]["responses"]
    assert methods["delete"]["security"] == [{"session": []}, {"api_key": []}]
    assert "content" not in methods["delete"]["responses"]["204"]


def test_a_method_that_says_nothing_is_named() -> None:
    routes = [Route("/api/v1/silent", Silent, {"GET": Action.SELF_READ})]
    assert unsaid(routes) == ["GET /api/v1/silent: say what it takes and gives, with @says on Silent."]
    assert unsaid([Route("/a-page", Silent, {"GET": Action.SELF_READ})]) == []
    assert describe(routes, "x")["paths"] == {}
