"""The description that is served: valid, whole, and true of what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from orgs import Org
from tornado.httpclient import HTTPResponse
from web import Site, read

from hub.contract.commands import COMMANDS
from hub.door.application import House
from hub.door.request import Request
from hub.door.route import Public, Route, Unguarded
from hub.door.spec import unsaid
from hub.routes import ROUTES

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/{org}"


class Silent(Request):
    def get(self) -> None:
        """It says nothing."""


def test_an_application_with_a_method_that_says_nothing_is_not_built(house: House) -> None:
    silent = Route("/api/v1/silent", Silent, {"GET": Public("it is a test")})
    with pytest.raises(Unguarded, match="GET /api/v1/silent: say what it takes and gives"):
        House([silent], house.desk, {})


def test_every_method_for_machines_says_what_it_takes_and_gives() -> None:
    assert unsaid(ROUTES) == []


async def described(site: Site) -> dict[str, Any]:
    answer = await site("GET", "/api/v1/openapi.json")
    assert (answer.code, answer.headers["Content-Type"]) == (200, "application/json")
    said: dict[str, Any] = read(answer)
    return said


async def test_it_is_valid_and_names_every_command(site: Site) -> None:
    said = await described(site)
    OpenAPIV31SpecValidator(said).validate()
    assert said["openapi"] == "3.1.1"
    assert {f"{ORG}/incidents/{{incident}}/{name}" for name in COMMANDS} <= set(said["paths"])
    assert said["components"]["securitySchemes"]["session"]["name"] == "__Host-hub_test"
    operations = [each["operationId"] for methods in said["paths"].values() for each in methods.values()]
    assert len(set(operations)) == len(operations)


def fits(said: dict[str, Any], path: str, method: str, answer: HTTPResponse) -> None:
    """Fail unless the answer has a status and a body of the description."""
    response = said["paths"][path][method]["responses"][str(answer.code)]
    if "$ref" in response:
        response = said["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" not in response:
        assert not answer.body
        return
    schema = response["content"][answer.headers["Content-Type"]]["schema"]
    whole = {**schema, "components": said["components"]}
    Draft202012Validator(whole).validate(read(answer))


async def test_answers_are_as_described(site: Site, acme: Org) -> None:
    said = await described(site)
    ask, board = site.with_key(acme.api_key), "/api/v1/orgs/acme/incidents"
    browser = await site.signed_in("owner@acme.example")
    [service] = read(await ask("GET", "/api/v1/orgs/acme/services"))["data"]
    opened = await ask("POST", board, {"title": "Down", "service": service["id"]})
    fits(said, ORG + "/incidents", "post", opened)
    one = f"{board}/{read(opened)['id']}"
    for path, method, answer in [
        ("/incidents", "get", await ask("GET", board)),
        ("/incidents", "post", await ask("POST", board, {"title": 7, "shape": "round"})),
        ("/incidents/{incident}", "get", await ask("GET", one)),
        ("/incidents/{incident}", "get", await ask("GET", one, headers={"If-None-Match": '"1"'})),
        ("/incidents/{incident}", "get", await ask("GET", f"{board}/999")),
        ("/incidents/{incident}/timeline", "get", await ask("GET", one + "/timeline")),
        ("/incidents/{incident}/note", "post", await ask("POST", one + "/note", {"text": "x"})),
        ("/incidents/{incident}/resolve", "post", await ask("POST", one + "/resolve")),
        ("/incidents/{incident}/resolve", "post", await ask("POST", one + "/resolve", {"if_version": 1})),
        ("/audit", "get", await ask("GET", "/api/v1/orgs/acme/audit")),
        ("/services", "get", await ask("GET", "/api/v1/orgs/acme/services")),
        ("", "get", await ask("GET", "/api/v1/orgs/acme")),
        ("", "get", await site("GET", "/api/v1/orgs/acme")),
        ("", "get", await ask("GET", "/api/v1/orgs/globex")),
    ]:
        fits(said, ORG + path, method, answer)
    fits(said, "/api/v1/me", "get", await browser("GET", "/api/v1/me"))
    fits(said, "/api/v1/session", "delete", await browser("DELETE", "/api/v1/session"))
    fits(said, "/livez", "get", await site("GET", "/livez"))
    fits(said, "/readyz", "get", await site("GET", "/readyz"))
    event = await site.with_key(acme.integration_key)("POST", "/api/v1/ingest/events", {"title": "x"})
    fits(said, "/api/v1/ingest/events", "post", event)
