"""Door: errors as RFC 9457 problems, in one table; whatever is not in it is a 500 that leaks nothing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from hub.contract.problems import ProblemResource
from hub.contract.signals import Fault
from hub.domain import errors

CONTENT_TYPE: Final = "application/problem+json"


class TooLarge(errors.HubError):
    """The body is larger than this endpoint takes."""

    code = "too_large"


class WrongHost(errors.HubError):
    """This host name is not one of ours; HUB_PUBLIC_URL names the public one."""

    code = "wrong_host"


class WrongType(errors.HubError):
    """Send the body as application/json, uncompressed."""

    code = "wrong_type"


class CrossOrigin(errors.Forbidden):
    """A browser page of another origin may not do this."""

    code = "cross_origin"


class BadToken(errors.Forbidden):
    """The X-CSRF-Token header is missing or not that of this session; GET /api/v1/me tells it."""

    code = "csrf"


class BadRequest(errors.HubError):
    """The request cannot be read."""

    code = "bad_request"


class VersionMissing(errors.HubError):
    """Say which version you change: If-Match with the ETag of your last GET."""

    code = "version_missing"


class WrongMethod(errors.HubError):
    """This address does not take this method; the Allow header names those it does."""

    code = "method_not_allowed"


class NotASocket(errors.HubError):
    """This address speaks WebSocket: ask with Upgrade: websocket."""

    code = "upgrade_required"


class Reset(errors.HubError):
    """This cursor is of a log or a view that is no more: drop what you have, read the lists, go on."""

    code = "reset"

    def __init__(self, reason: str, cursor: str) -> None:
        super().__init__()
        self.reason = reason
        self.cursor = cursor


class Internal(errors.HubError):
    """Something went wrong here. It was logged under this request id."""

    code = "internal"


STATUS: Final[dict[type[errors.HubError], int]] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.SignInFailed: 401,
    errors.SignatureRefused: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAllowedNow: 409,
    errors.Conflict: 409,
    errors.TakenOver: 409,
    errors.Stale: 412,
    errors.KeyReused: 422,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.Contended: 503,
    errors.TooSlow: 503,
    errors.Broken: 500,
    BadRequest: 400,
    CrossOrigin: 403,
    BadToken: 403,
    WrongMethod: 405,
    Reset: 410,
    TooLarge: 413,
    WrongType: 415,
    WrongHost: 421,
    VersionMissing: 428,
    NotASocket: 426,
    Internal: 500,
}
FRAMEWORK: Final[dict[int, type[errors.HubError]]] = {
    400: BadRequest,
    403: CrossOrigin,  # tornado's own cross-origin protection is the only one there that says 403
    404: errors.NotFound,
    405: WrongMethod,
}


class Problem(msgspec.Struct, frozen=True):
    """An answer that says what went wrong."""

    status: int
    code: str
    body: bytes
    headers: dict[str, str]


def known(error: BaseException | None, status: int = 500) -> errors.HubError:
    """The error to tell of: itself, the one that a status of the framework stands for, or Internal."""
    if isinstance(error, errors.HubError) and STATUS.get(type(error), 500) < 500:
        return error
    if isinstance(error, errors.Unavailable):
        return error
    return FRAMEWORK.get(status, Internal)()


def problem(error: errors.HubError, request_id: str) -> Problem:
    """Write an error as `application/problem+json` (RFC 9457), with the headers that its status asks for."""
    status = STATUS[type(error)]
    body = ProblemResource(
        type=f"/docs/problems#{error.code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        errors=faults(error),
        current=error.current if isinstance(error, errors.Conflict | errors.Stale) else msgspec.UNSET,
        first=error.first if isinstance(error, errors.Conflict) else msgspec.UNSET,
        reason=error.reason if isinstance(error, Reset) else msgspec.UNSET,
        cursor=error.cursor if isinstance(error, Reset) else msgspec.UNSET,
    )
    headers = {}
    if isinstance(error, errors.Unavailable | errors.RateLimited):
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="incidenthub"'  # RFC 9110, section 11.6.1
    if status == 426:
        headers |= {"Upgrade": "websocket", "Connection": "Upgrade"}  # RFC 9110, section 15.5.22
    return Problem(status, error.code, msgspec.json.encode(body), headers)


def faults(error: errors.HubError) -> list[Fault]:
    """The bad fields of an error, each with its pointer."""
    return error.faults if isinstance(error, errors.Invalid) else []
