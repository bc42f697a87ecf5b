"""Door: credential to Grant. Every handler is reached through here, with the action of its route."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from tornado.websocket import WebSocketHandler

from hub.config import Config
from hub.contract.commands import COMMANDS
from hub.contract.words import Action
from hub.domain.errors import NotFound, RateLimited, Unauthenticated
from hub.door import origins
from hub.door.limits import Meter
from hub.door.problems import BadToken, CrossOrigin, NotASocket, WrongMethod
from hub.door.route import SAFE, ByCommand, Public
from hub.services import access, credentials, sessions
from hub.services.tickets import redeem
from hub.storage.credentials import Credential

if TYPE_CHECKING:
    from hub.domain.access import Grant
    from hub.door.desk import Desk
    from hub.door.request import Request

COOKIE: Final[dict[str, Any]] = {"path": "/", "secure": True, "httponly": True, "samesite": "Lax"}


def cookie_name(config: Config) -> str:
    """The session cookie's name. `__Host-` binds it to this host and path (RFC 6265bis, section 4.1.3.2);
    the installation is in it because ports share cookies."""
    return f"__Host-hub_{config.installation}"


async def admit(request: Request) -> None:
    """Let the request in with its `credential` and `grant`, or raise what refuses it.

    WrongMethod; CrossOrigin and BadToken for what a browser sends by itself; Unauthenticated; NotFound for an
    organization that is unknown or foreign; Forbidden where the role lacks the action.
    """
    method = "GET" if request.request.method == "HEAD" else str(request.request.method)
    declared = request.route.guards.get(method)
    if declared is None:
        raise WrongMethod()
    if isinstance(declared, Public):
        if method not in SAFE and not request.route.machine:
            _check_page(request)
        if declared.is_counted and not request.route.machine:
            _count(request, request.desk.quotas.addresses, _neighbourhood(request))
        return
    action = _command(request) if isinstance(declared, ByCommand) else declared
    only, request.action = None, action
    if isinstance(request, WebSocketHandler) or request.is_stream:
        credential, only = await _follower(request)
    else:
        credential, by_cookie = await identify(request)
        if by_cookie and method not in SAFE:
            _check_page(request)
            _check_token(request, credential)
    request.credential = credential
    slug = request.path_kwargs.get("org")
    if slug is None:
        request.grant = await access.authorize_self(request.desk.ports, credential, action)
    else:
        request.grant = await access.authorize(
            request.desk.ports, credential, slug, action, request.context, only
        )
        # Only who may act in an organization uses up what it has; strangers get their 404 before.
        _count(request, request.desk.quotas.organizations, request.grant.tenant.hex)
    if isinstance(request, WebSocketHandler) and not _asks_for_socket(request):
        raise NotASocket()


async def _follower(request: Request) -> tuple[Credential, str | None]:
    """Who asks for a stream, and the one slug that a ticket is for.

    A ticket is for clients that can send neither cookie nor header: presented, it alone counts, and no Origin
    is asked for, since no browser sends it by itself.
    """
    if tickets := request.get_query_arguments("ticket"):
        try:
            credential, only = await redeem(request.desk.ports, tickets[-1])
        except Unauthenticated:
            _count_stranger(request)
            raise
        _count(request, request.desk.quotas.credentials, credential.id.hex)
        return credential, only
    credential, by_cookie = await identify(request)
    headers, own = request.request.headers, request.desk.origins
    is_socket = isinstance(request, WebSocketHandler)
    is_ours = origins.may_open_socket if is_socket else origins.may_stream
    if not is_ours(headers, own, by_cookie=by_cookie):
        raise CrossOrigin()
    return credential, None


async def identify(request: Request) -> tuple[Credential, bool]:
    """Who asks, and whether a cookie says so. A key in a header comes first; then no cookie counts.

    Raise Unauthenticated, or RateLimited where that was so too often for the address; a cookie whose session
    has ended is taken away with the answer.
    """
    try:
        credential, by_cookie = await _identify(request)
    except Unauthenticated:
        _count_stranger(request)
        raise
    _count(request, request.desk.quotas.credentials, credential.id.hex)
    return credential, by_cookie


async def _identify(request: Request) -> tuple[Credential, bool]:
    ports = request.desk.ports
    if key := header_key(request):
        # Made-up keys of an address that tried too many reach no database; colleagues there whose keys are at
        # hand go on working.
        is_spent = request.desk.quotas.addresses.is_spent(_neighbourhood(request), _now())
        credential = credentials.at_hand(ports, key) if is_spent else await credentials.find(ports, key)
        if credential is None or credential.kind != "api_key":
            raise Unauthenticated("This API key is not known, or has ended.")
        await credentials.note_use(ports, credential)
        return credential, False
    if request.get_cookie(cookie_name(ports.config)) is None:
        raise Unauthenticated()
    credential = await session(request)  # cookies are signed: only one of ours asks the database
    if credential is None:
        request.has_dead_cookie = True
        raise Unauthenticated("This session has ended; sign in again.")
    return credential, True


async def session(request: Request) -> Credential | None:
    """The session of the request's cookie while it lives, else None."""
    ports = request.desk.ports
    value = request.get_cookie(cookie_name(ports.config))
    token = sessions.open_cookie(ports.config, value) if value else None
    credential = await credentials.find(ports, token) if token else None
    if credential is None or credential.kind != "session" or not await sessions.touch(ports, credential):
        return None
    return credential


async def visitor(request: Request) -> Credential | None:
    """The session of whoever comes to a public route that changes something, proven by its token like
    everywhere; None without one. Raise BadToken."""
    credential = await session(request)
    if credential is not None:
        _check_token(request, credential)
    return credential


def header_key(request: Request) -> str:
    """The key of `Authorization: Bearer` (RFC 6750) or `X-Api-Key`; empty without one."""
    scheme, _, value = request.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.request.headers.get("X-Api-Key", "")


def charge(desk: Desk, grant: Grant) -> None:
    """Count what is asked on an open stream like a request of its own; raise RateLimited."""
    now, quotas = _now(), desk.quotas
    for meter, name in ((quotas.credentials, grant.credential), (quotas.organizations, grant.tenant)):
        if name is not None and (wait := meter.take(name.hex, now).wait):
            raise RateLimited(wait)


def _count_stranger(request: Request) -> None:
    """Count whoever turned out to be nobody for the address; raise RateLimited instead of a 401 too many."""
    _count(request, request.desk.quotas.addresses, _neighbourhood(request))


def _neighbourhood(request: Request) -> str:
    return origins.neighbourhood(request.context.address)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _count(request: Request, meter: Meter, name: str) -> None:
    quota = meter.take(name, _now())
    request.quotas = (*request.quotas, quota)
    if quota.wait:
        raise RateLimited(quota.wait)


def _asks_for_socket(request: Request) -> bool:
    return request.request.headers.get("Upgrade", "").lower() == "websocket"


def _command(request: Request) -> Action:
    command = COMMANDS.get(request.path_kwargs["command"])
    if command is None:
        raise NotFound()
    return command.action


def _check_page(request: Request) -> None:
    if not origins.may_change(request.request.headers, request.desk.origins):
        raise CrossOrigin()


def _check_token(request: Request, credential: Credential) -> None:
    given = request.request.headers.get("X-CSRF-Token", "")
    if not sessions.is_csrf(request.desk.ports, credential.id, given):
        raise BadToken()
