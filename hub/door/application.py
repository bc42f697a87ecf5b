"""Door: the application: routes that passed the audit, bounded bodies, headers, one access line a request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler

from hub.door.bounded import Arrived, Bounded
from hub.door.constant import Constant
from hub.door.desk import Desk
from hub.door.request import Missing, Request
from hub.door.route import Route, Unguarded, audit, literal
from hub.door.spec import unsaid
from hub.logs import Lines

UNKNOWN: Final = Route("(unknown)", Missing, {})
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
HSTS: Final = {"Strict-Transport-Security": "max-age=31536000"}
log = Lines("hub.access")


class House(Application):
    """The table of routes behind the door. Raises Unguarded when one of them declares no action, or does not
    say what it takes and gives."""

    def __init__(self, routes: Iterable[Route], desk: Desk, supplies: Mapping[str, object]) -> None:
        self.routes = tuple(routes)
        self.desk = desk
        audit(self.routes)
        if missing := unsaid(self.routes):
            raise Unguarded(" ".join(missing))
        rules: list[Any] = [
            (route.pattern, route.handler, self._kwargs(route, supplies)) for route in self.routes
        ]
        self._literal = {
            path: (route.handler, self._kwargs(route, supplies))
            for path, route in literal(self.routes).items()
        }
        is_https = desk.ports.config.public_url.startswith("https:")
        super().__init__(
            rules,
            default_handler_class=Missing,
            default_handler_args={"route": UNKNOWN, "desk": desk},
            constant=Constant({**HEADERS, **(HSTS if is_https else {})}),
            # The first line against other origins; door/guard.py is stricter where a cookie decides.
            cross_origin_protection=True,
            trusted_origins=desk.origins,
            websocket_max_message_size=64 * 1024,
        )

    def _kwargs(self, route: Route, supplies: Mapping[str, object]) -> dict[str, object]:
        needed = {name: supplies[name] for name in route.needs}
        return {"route": route, "desk": self.desk, **route.kwargs, **needed}

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Tornado's own. Addresses without a name in them are looked up, not tried one after the other."""
        if found := self._literal.get(request.path):
            return self.get_handler_delegate(request, *found)
        return super().find_handler(request, **kwargs)

    def get_handler_delegate(
        self,
        request: HTTPServerRequest,
        target_class: type[RequestHandler],
        target_kwargs: dict[str, Any] | None = None,
        path_args: list[bytes] | None = None,
        path_kwargs: dict[str, bytes] | None = None,
    ) -> Any:
        """What takes a request that matched a route: within its bound, and then to its handler."""
        given = target_kwargs or {}

        def begin() -> asyncio.Task[None]:
            handler = target_class(self, request, **given)
            return asyncio.create_task(handler._execute([], *(path_args or ()), **(path_kwargs or {})))

        route: Route = given["route"]
        gate = self.desk.gate
        return Bounded(cast(Arrived, request), route.body_max, gate.enter, gate.leave, begin)

    def log_request(self, handler: RequestHandler) -> None:
        """The access line. It names the route, never the path or query: those may hold keys."""
        asked = cast(Request, handler)
        log(
            "request",
            request_id=asked.request_id,
            method=asked.request.method,
            route=asked.route.path,
            # as proven, not as asked: somebody may have put a key there
            organization=(asked.grant.slug or None) if hasattr(asked, "grant") else None,
            status=asked.get_status(),
            code=asked.problem_code or None,
            address=asked.context.address if hasattr(asked, "context") else asked.request.remote_ip,
            ms=round(1000 * asked.request.request_time(), 1),
        )
