"""Door: the base of every handler: correlation, Host, size, guard, and answers that say what went wrong."""

from __future__ import annotations

import re
from asyncio import Future
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeVar, cast
from urllib.parse import urlencode

import msgspec
import structlog
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError, RequestHandler

from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Forbidden, HubError, Invalid, NotFound, Unavailable
from hub.domain.faults import Faults
from hub.domain.version import Expected
from hub.door import asked, body, correlation, guard, origins, problems
from hub.door.bounded import Arrived
from hub.door.constant import Constant
from hub.door.desk import Desk
from hub.door.limits import Quota
from hub.door.route import Route
from hub.door.server import StrictStream
from hub.logs import bind
from hub.services import access
from hub.services.paging import LIMIT, LIMIT_MAX
from hub.services.ports import RequestContext
from hub.storage.credentials import Credential

IDEMPOTENCY_KEY_MAX = 255
TAG = re.compile(r'"(0|[1-9][0-9]{0,8})"')  # a version as a strong ETag
log = structlog.get_logger("hub.door")
Kind = TypeVar("Kind", bound=msgspec.Struct)


class Page(Protocol):
    """A page of a list."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next one begins."""
        ...


class Request(RequestHandler):
    """One request. The guard has set `credential`, `grant` and `action` before a method runs, where its route
    asks for them; reading one that the route did not ask for is an error, never a None."""

    route: Route
    desk: Desk
    context: RequestContext
    credential: Credential
    grant: Grant
    action: Action
    faults: Faults  # of the query, as far as it has been read
    request_id = ""  # the correlation id; it comes with the first headers, before anything can go wrong
    problem_code = ""
    has_dead_cookie = False
    answers_while_closed = False
    is_stream = False  # a GET that goes on: its page is asked for as that of a change is
    is_endless = False  # a stream, which door/streams.py describes
    query: Mapping[str, str] = {}  # of a stream: what may be asked for in it
    quotas: tuple[Quota, ...] = ()

    def initialize(self, route: Route, desk: Desk, **supplies: Any) -> None:
        """Take what routes.py and app.py give: each name in `kwargs` and `needs` of the route."""
        self.route = route
        self.desk = desk
        self.faults = Faults()
        vars(self).update(supplies)

    def clear(self) -> None:
        """Begin an answer anew: without headers, since those of every answer come when it is sent. (Tornado's
        own would format a date, name itself, and call everything HTML.)"""
        self.request_id = self.request_id or correlation.request_id(self.request.headers)
        self._headers = HTTPHeaders()
        self._write_buffer = []
        self.set_status(200)

    async def prepare(self) -> None:
        """Bind the log's context, refuse what came to the wrong door, then ask the guard."""
        headers = self.request.headers
        traceparent = correlation.traceparent(headers)
        traced = {"traceparent": traceparent} if traceparent else {}
        bind(request_id=self.request_id, **traced)
        self.context = RequestContext(
            request_id=self.request_id,
            traceparent=traceparent,
            address=origins.address(
                self.request.remote_ip or "", headers.get("X-Forwarded-For", ""), self.desk.proxies
            ),
            device=correlation.device(headers),
        )
        if self.desk.gate.is_draining:
            self.set_header("Connection", "close")
        if not self.route.machine and self.request.host.lower() not in self.desk.hosts:
            raise problems.WrongHost()
        if not self.desk.gate.is_open and not self.answers_while_closed:
            raise Unavailable("This process is starting and has not met its database yet.")
        self.check_size()
        if any("\0" in part for part in self.path_kwargs.values()):
            raise NotFound()  # no name holds a NUL, and PostgreSQL's text cannot
        await self.admit()

    def check_size(self) -> None:
        """Refuse a body that was cut. Ingest overrides this: it keeps the beginning."""
        if cast(Arrived, self.request).is_cut:
            raise problems.TooLarge(f"The body is larger than {self.route.body_max} bytes.")

    async def admit(self) -> None:
        """Ask the guard, then whether the request says only what can be meant here."""
        await guard.admit(self)
        asked.check(self)

    async def head(self, *args: str, **kwargs: str) -> None:
        """GET without its body; Tornado leaves the body out."""
        answering = cast(Any, self.get(*args, **kwargs))
        if answering is not None:  # where GET waits for nothing, it is over
            await answering

    def read(self, kind: type[Kind], string_max: int = body.STRING_MAX) -> Kind:
        """The JSON body as `kind`; an empty body is an empty object. Raise Invalid or WrongType."""
        if self.request.body:
            body.check_type(self.request.headers)
        try:
            return body.read(self.request.body or b"{}", kind, string_max)
        except Invalid:
            with self.faults.collected():  # a bad key is told together with the fields
                self.idempotency_key()
            raise

    def page(self) -> tuple[int, str | None]:
        """`limit` (50, at most 200) and `cursor` of the query. Only the list knows whether the cursor is its
        own: so a bad limit is kept in `faults`, and told together with it, or by `answer`."""
        limit = self.get_query_argument("limit", str(LIMIT))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 1 <= int(limit) <= LIMIT_MAX):
            detail = f"limit is a whole number from 1 to {LIMIT_MAX}."
            self.faults.add("/limit", "invalid", detail)
            limit = str(LIMIT)
        return int(limit), self.get_query_argument("cursor", None) or None

    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key` header; raise Invalid for one that no row should hold."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not (1 <= len(key) <= IDEMPOTENCY_KEY_MAX and key.isascii()):
            detail = f"Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} ASCII characters."
            raise Invalid([Fault(pointer="", code="idempotency_key", detail=detail)])
        return key

    def if_match(self) -> Expected:
        """The versions in `If-Match` (RFC 9110, section 13.1.1), which PATCH and DELETE must send: any for
        `*`, else those of its strong tags. A weak tag, or one that is not ours, is no version, so that the
        service answers with the thing as it is. Raise VersionMissing without the header."""
        presented = self.request.headers.get("If-Match", "").strip()
        if not presented:
            raise problems.VersionMissing()
        if presented == "*":
            return Expected(None)
        # No tag of ours has a comma, and no piece of a foreign one that has is a tag of ours.
        tags = (TAG.fullmatch(piece.strip(" \t")) for piece in presented.split(","))
        return Expected(frozenset(int(tag[1]) for tag in tags if tag))

    def flush(self, include_footers: bool = False) -> Future[None]:
        """Send it under the headers of every answer (app.py), on errors too, with what is left of the quotas
        that the guard counted."""
        if not self._headers_written:
            self.set_header("X-Request-ID", self.request_id)
            if self.quotas:
                self.set_header("RateLimit-Policy", ", ".join(quota.policy for quota in self.quotas))
                self.set_header("RateLimit", ", ".join(quota.left for quota in self.quotas))
            constant: Constant = self.settings["constant"]
            if include_footers and self._is_plain(constant):
                self._headers_written = True
                body, self._write_buffer = b"".join(self._write_buffer), []
                return self._send(constant.answer(self.get_status(), self._headers, body))
            constant.fill(self._headers)
        return super().flush(include_footers)

    def _send(self, said: bytes) -> Future[None]:
        """Send a whole answer, mostly in one call of the kernel: Tornado's way there makes two futures."""
        connection = cast(HTTP1Connection, self.request.connection)
        stream = connection.stream
        sent = stream.send(said) if isinstance(stream, StrictStream) else 0
        if sent < len(said):  # it takes bytes that begin with a head, where write_headers() was not called
            return connection.write(said[sent:])
        done = Future[None]()
        done.set_result(None)
        return done

    def _is_plain(self, constant: Constant) -> bool:
        return not hasattr(self, "_new_cookie") and constant.is_plain(
            self.request, self.get_status(), self._headers
        )

    def answer(self, said: object, status: int = 200) -> None:
        """Send `said` as JSON; raise Invalid where the query had faults."""
        self.faults.check()
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.write(msgspec.json.encode(said))

    def answer_once(self, said: object, replayed: bool, status: int = 200) -> None:
        """Send the result of a request that an Idempotency-Key may have made before."""
        if replayed:
            self.set_header("Idempotent-Replayed", "true")
        self.answer(said, status)

    def answer_page(self, page: Page) -> None:
        """Send a page of a list, with the address of the next one in `Link` (RFC 8288)."""
        if page.next_cursor is not None:
            query = self.request.query_arguments | {"cursor": [page.next_cursor.encode()]}
            following = urlencode(query, doseq=True)
            self.set_header("Link", f'<{self.request.path}?{following}>; rel="next"')
        self.answer(page)

    def answer_version(self, said: object, version: int) -> None:
        """Send a resource with its version as a strong ETag, or 304 to who has it already."""
        self.set_header("ETag", f'"{version}"')
        self.set_header("Cache-Control", "private, no-cache")
        if "If-None-Match" in self.request.headers and self.check_etag_header():
            self.set_status(304)
        else:
            self.answer(said)

    def answer_current(self, said: object, version: int) -> None:
        """Send a resource with its version as ETag for If-Match, but never 304: parts of it (a status that
        is derived, a last use) move without a version."""
        self.set_header("ETag", f'"{version}"')
        self.answer(said)

    def compute_etag(self) -> None:
        """No hash of what was written: an ETag here is a row's version, set by its handler."""
        return

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an exception as a problem; by then Tornado has dropped what was written."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Forbidden) and "grant" in vars(self):  # the guard let it in, a service did not
            access.count_refusal(self.desk.ports, self.grant, error.action or self.action, self.context)
        if isinstance(error, Invalid):
            error = self.faults.before(error)
        self.refuse(problems.known(error, status_code))

    def refuse(self, error: HubError) -> None:
        """Answer `error`. Ingest overrides this: senders have shapes of their own."""
        problem = problems.problem(error, self.request_id)
        self.problem_code = problem.code
        self.set_status(problem.status)
        for name, value in problem.headers.items():
            self.set_header(name, value)
        if problem.status == 405:
            self.set_header("Allow", self.route.allow)
        if self.has_dead_cookie:
            self.clear_cookie(guard.cookie_name(self.desk.ports.config), **guard.COOKIE)
        self.set_header("Content-Type", problems.CONTENT_TYPE)
        self.finish(problem.body)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what is our fault. Tornado would write the URL, and with it a key in the query."""
        if not isinstance(value, HTTPError) and isinstance(problems.known(value), problems.Internal):
            log.error("request.failed", route=self.route.path, exc_info=(typ, value, tb))

    def on_finish(self) -> None:
        """One request less under way."""
        self.desk.gate.leave()


class Missing(Request):
    """Whatever no route knows."""

    async def admit(self) -> NoReturn:
        """404, whatever the method."""
        raise NotFound()
