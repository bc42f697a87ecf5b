"""Door: what each method may answer, good and bad, in the words of the machine's description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from hub.domain import errors
from hub.domain.errors import HubError
from hub.door import problems
from hub.door.route import SAFE, Public, Route
from hub.door.says import Says

Json = dict[str, Any]
REF: Final = "#/components/schemas/{name}"


def responses(
    method: str, route: Route, says: Says, gives: Json | None, refusals: dict[str, Json]
) -> dict[str, Json]:
    """The responses of an operation by status. Each refusal is described once, in `refusals`."""
    good: Json = {"description": HTTPStatus(says.status).phrase}
    if gives is not None:
        good["content"] = {"application/json": {"schema": gives}}
    if (says.is_versioned or says.is_kept) and gives is not None:
        good["headers"] = {
            "ETag": {"description": "The version of what is answered.", "schema": {"type": "string"}}
        }
    found = {str(says.status): good}
    if says.is_kept:
        found["304"] = {"description": "You have this version."}
    by_status: dict[int, list[type[HubError]]] = {}
    for error in sorted(_refusals(method, route, says), key=lambda each: each.code):
        by_status.setdefault(problems.STATUS[error], []).append(error)
    for status, kinds in sorted(by_status.items()):
        if str(status) in found:
            continue
        name = "-".join([*(kind.code for kind in kinds), *(["plain"] if route.machine else [])])
        refusals.setdefault(name, _refusal(status, kinds, route))
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


def _refusals(method: str, route: Route, says: Says) -> set[type[HubError]]:
    """What can go wrong with any request of this kind, and what the handler adds."""
    found: set[type[HubError]] = {*says.may, problems.BadRequest, problems.TooLarge, problems.Internal}
    found |= {errors.Unavailable}
    if not route.machine:
        found |= {problems.WrongHost, errors.RateLimited, errors.Invalid}  # of whatever is said too much
        if method not in SAFE:
            found |= {problems.CrossOrigin, problems.BadToken, problems.WrongType}
    if not isinstance(route.guards[method], Public):
        found |= {errors.Unauthenticated, errors.Forbidden, errors.NotFound}
    if says.takes is not None:
        found |= {errors.Invalid, problems.WrongType}
    if says.is_page or says.query or says.is_once:
        found |= {errors.Invalid}
    if says.is_once:
        found |= {errors.KeyReused}
    if says.is_versioned and method not in SAFE:
        found |= {errors.Stale, problems.VersionMissing}
    return found


def _refusal(status: int, kinds: list[type[HubError]], route: Route) -> Json:
    words = [f"`{kind.code}`: {(kind.__doc__ or '').partition(chr(10))[0]}" for kind in kinds]
    content: Json = {problems.CONTENT_TYPE: {"schema": {"$ref": REF.format(name="ProblemResource")}}}
    if route.machine:  # some senders understand their own vendor's shape only
        content["application/json"] = {"schema": {"type": "object"}}
    refusal: Json = {"description": f"{HTTPStatus(status).phrase}. " + " ".join(words), "content": content}
    if status in {429, 503}:
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        refusal["headers"] = {"Retry-After": seconds}
    return refusal
