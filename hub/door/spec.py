"""Door: the description of the API for machines (OpenAPI 3.1.1), out of routes and what methods say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from hub import __version__
from hub.contract.commands import COMMANDS
from hub.contract.events import Envelope
from hub.contract.problems import ProblemResource
from hub.contract.words import Action
from hub.domain.errors import Unauthenticated
from hub.door.answers import REF, Json, responses
from hub.door.route import ByCommand, Public, Route
from hub.door.says import Says, said
from hub.services.paging import LIMIT, LIMIT_MAX

PREFIX: Final = "/api/v1"
ABOUT: Final = (
    "Everything but the streams: /api/v1/asyncapi.json describes those. Problems are RFC 9457. "
    "A browser's cookie needs the X-CSRF-Token of GET /api/v1/me on whatever changes something."
)
PLACES: Final = {
    "org": "The organization's slug.",
    "incident": "The incident's id (`inc_…`) or number.",
    "key": "The integration key.",
    "api_key": "The API key's id (`key_…`).",
    "consumer": "The consumer's id (`con_…`) or name.",
    "link": "The last part of the link's address.",
}


def describe(routes: Iterable[Route], cookie: str) -> Json:
    """The OpenAPI object. `cookie` is the session cookie's name, which belongs to the installation."""
    spoken = list(_spoken(routes))
    bodies = [kind for _, _, _, says, _ in spoken for kind in (says.takes, says.gives) if kind is not None]
    shapes, schemas = msgspec.json.schema_components([*bodies, ProblemResource, Envelope], ref_template=REF)
    shape = iter(shapes)
    paths: dict[str, Json] = {}
    refusals: dict[str, Json] = {}
    for path, method, route, says, about in spoken:
        takes = next(shape) if says.takes is not None else None
        gives = next(shape) if says.gives is not None else None
        operation = _operation(path, method, route, says, about)
        if takes is not None:
            operation["requestBody"] = {
                "required": bool(_shape(takes, schemas).get("required")),
                "content": {"application/json": {"schema": takes}},
            }
        operation["responses"] = responses(method, route, says, gives, refusals)
        paths.setdefault(path, {})[method.lower()] = operation
    tags = sorted({each["tags"][0] for path in paths.values() for each in path.values()})
    return {
        "openapi": "3.1.1",
        "info": {"title": "IncidentHub", "version": __version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
                "api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "ihk_…"},
                "integration_key": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def unsaid(routes: Iterable[Route]) -> list[str]:
    """One sentence for each method that a machine would look for and whose handler declares nothing."""
    return [
        f"{method} {route.path}: say what it takes and gives, with @says on {route.handler.__name__}."
        for route, method in _described(routes)
        if said(route.handler, method) is None
    ]


def _described(routes: Iterable[Route]) -> Iterator[tuple[Route, str]]:
    """The methods for machines: the API and what senders and balancers call, but no page and no stream."""
    for route in routes:
        is_api = route.machine or route.path.startswith(PREFIX)
        if is_api and not getattr(route.handler, "is_endless", False):
            for method in route.guards:
                yield route, method


def _spoken(routes: Iterable[Route]) -> Iterator[tuple[str, str, Route, Says, str]]:
    """Path, method, route, declaration and words of each operation; a command is one of its own."""
    for route, method in _described(routes):
        says = said(route.handler, method)
        if says is None:
            continue
        path = route.path.replace(":path}", "}")
        if isinstance(route.guards[method], ByCommand):
            for name, command in COMMANDS.items():
                about = f"{name.capitalize()}: {inspect.getdoc(command)}"
                yield path.replace("{command}", name), method, route, _taking(says, command), about
        else:
            words = route.about or inspect.getdoc(getattr(route.handler, method.lower()))
            yield path, method, route, says, words or path


def _taking(says: Says, takes: object) -> Says:
    return msgspec.structs.replace(says, takes=takes)


def _operation(path: str, method: str, route: Route, says: Says, about: str) -> Json:
    summary, _, more = about.partition("\n")
    guard = route.guards[method]
    return {
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{path.removeprefix(PREFIX)}").strip("_"),
        "summary": summary.strip(),
        "description": " ".join(more.split()),
        "tags": [_tag(path, route)],
        "security": _security(guard, route, says),
        "x-action": _action(guard, path),
        "parameters": [*_places(path), *_query(says), *_headers(method, says)],
    }


def _tag(path: str, route: Route) -> str:
    """The noun that an operation belongs to."""
    if route.machine:
        return "health" if path in {"/livez", "/readyz"} else "ingest"
    words = [word for word in path.removeprefix(PREFIX).split("/") if word and "{" not in word]
    return next(iter(words[1:] or ["organizations"])) if words[0] == "orgs" else words[0].partition(".")[0]


def _action(guard: object, path: str) -> str:
    if isinstance(guard, ByCommand):
        return COMMANDS[path.rpartition("/")[2]].action.value
    return guard.value if isinstance(guard, Action) else ""


def _security(guard: object, route: Route, says: Says) -> list[dict[str, list[str]]]:
    if isinstance(guard, Public):
        if Unauthenticated not in says.may:
            return []
        return [{"integration_key": []}] if route.machine else [{"session": []}, {"api_key": []}]
    is_own = isinstance(guard, Action) and guard.value.startswith("self:")
    return [{"session": []}] if is_own else [{"session": []}, {"api_key": []}]


def _places(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PLACES.get(name, f"The id of the {name}."),
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query(says: Says) -> Iterator[Json]:
    if says.is_page:
        limit = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}
        yield {"name": "limit", "in": "query", "description": "How many at most.", "schema": limit}
        about = "`next_cursor` of the page before."
        yield {"name": "cursor", "in": "query", "description": about, "schema": {"type": "string"}}
    for name, about in says.query.items():
        yield {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}


def _headers(method: str, says: Says) -> Iterator[Json]:
    if says.is_once:
        yield _header("Idempotency-Key", "A repeat with the same key changes nothing.")
    if says.is_kept:
        yield _header("If-None-Match", "The ETags that you have; 304 if one of them is the present one.")
    if says.is_versioned and method != "GET":
        about = (
            "The ETag that you have read, quoted: the version that you change. `*` is any, a list one of it."
        )
        yield {**_header("If-Match", about), "required": True}


def _header(name: str, about: str) -> Json:
    return {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}


def _shape(schema: Json, schemas: dict[str, Json]) -> Json:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
