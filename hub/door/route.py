"""Door: what a route is, and the audit without which no application is built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from tornado.web import RequestHandler

from hub.contract.commands import COMMANDS
from hub.contract.words import Action

BODY_MAX: Final = 64 * 1024
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Public(msgspec.Struct, frozen=True):
    """Nobody is asked who they are, and why that is right.

    Requests are counted for their address, except where `is_counted` says no: that is for what costs nothing,
    and for what counts by itself. What machines call is never counted (Route.machine).
    """

    why: str
    is_counted: bool = True


class ByCommand(msgspec.Struct, frozen=True):
    """The action is that of the command which the path names (contract/commands.py)."""


Guard = Action | Public | ByCommand


class Route(msgspec.Struct, frozen=True):
    """One line of the sitemap.

    `path` has `{names}`, each one segment of the URL ({names:path} takes slashes too). `guards` says for each
    method what the caller must be allowed to do. `kwargs` are given to the handler as they are; `needs` names
    what the application has to give it (a Receiver, the Station). `body_max` bounds its bodies in bytes.
    `machine` marks what machines call that know neither our Host nor a cookie: health checks and ingest.
    `about` says what it is for where one handler serves several routes (door/spec.py).
    """

    path: str
    handler: type[RequestHandler]
    guards: dict[str, Guard]
    kwargs: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    body_max: int = BODY_MAX
    machine: bool = False
    about: str | None = None

    @property
    def pattern(self) -> str:
        """The regular expression of the path; linear, since no group can match a slash but the last."""
        pieces = re.split(r"\{(\w+)(:path)?\}", self.path)
        names = zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True)
        groups = (f"(?P<{name}>{'.+' if deep else '[^/]+'}){re.escape(after)}" for name, deep, after in names)
        # Machines are configured by hand, and many a base address ends with a slash.
        return re.escape(pieces[0]) + "".join(groups) + ("/?" if self.machine else "")

    @property
    def allow(self) -> str:
        """The value of an `Allow` header (RFC 9110, section 10.2.1)."""
        return ", ".join([*self.guards, *(["HEAD"] if "GET" in self.guards else [])])


class Unguarded(Exception):
    """A route or a command does not say who may use it, or what it says: one sentence for each."""


def audit(routes: Iterable[Route]) -> None:
    """Raise Unguarded unless each implemented method of each route, and each command, declares its action."""
    faults = [fault for route in routes for fault in _faults(route)]
    faults += [
        f"The command {name} names no action."
        for name, command in COMMANDS.items()
        if not isinstance(getattr(command, "action", None), Action)
    ]
    if faults:
        raise Unguarded(" ".join(faults))


def literal(routes: Sequence[Route]) -> dict[str, Route]:
    """The routes whose path holds no name, by that path, where no earlier route takes it."""
    patterns = [re.compile(route.pattern) for route in routes]
    return {
        route.path: route
        for number, route in enumerate(routes)
        if "{" not in route.path and not any(earlier.fullmatch(route.path) for earlier in patterns[:number])
    }


def _faults(route: Route) -> Iterable[str]:
    for method in METHODS:
        inherited = getattr(RequestHandler, method.lower())
        is_implemented = getattr(route.handler, method.lower()) is not inherited
        guard = route.guards.get(method)
        if is_implemented and guard is None:
            yield f"{method} {route.path} declares no action."
        elif guard is not None and not is_implemented:
            yield f"{method} {route.path} declares an action but is not implemented."
        elif isinstance(guard, Public) and not guard.why.strip():
            yield f"{method} {route.path} is public without a reason."
        elif isinstance(guard, ByCommand) and "{command}" not in route.path:
            yield f"{method} {route.path} takes its action from a command, but its path names none."
    for method in sorted(set(route.guards) - set(METHODS)):
        yield f"{method} {route.path} is not a method that can be guarded."
