"""Door: what a method takes and says, declared where it is written; the machine's description reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from tornado.web import RequestHandler

from hub.domain.errors import HubError


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may rely on.

    `gives` is the type of a good answer's body, None where it has none; `takes` that of the request's, `body`
    its media type. `query` names the parameters beside a page's own, each with a sentence. `may` are the
    refusals that do not follow from the route (door/spec.py knows those). `is_versioned`: a GET has an ETag,
    a PATCH or DELETE wants it back in If-Match. `is_kept`: a GET has an ETag, and who has that one gets 304.
    `is_once`: Idempotency-Key makes a repeat harmless.
    """

    gives: Any = None
    status: int = 200
    takes: Any = None
    query: dict[str, str] = {}
    may: tuple[type[HubError], ...] = ()
    is_versioned: bool = False
    is_kept: bool = False
    is_once: bool = False

    @property
    def is_page(self) -> bool:
        """Whether it gives a page of a list, and so takes `limit` and `cursor`."""
        return "next_cursor" in getattr(self.gives, "__struct_fields__", ())


Method = TypeVar("Method", bound=Callable[..., object])
_SAID: Final[dict[object, Says]] = {}


def says(
    gives: Any = None,
    status: int = 200,
    *,
    takes: Any = None,
    query: dict[str, str] | None = None,
    may: tuple[type[HubError], ...] = (),
    versioned: bool = False,
    kept: bool = False,
    once: bool = False,
) -> Callable[[Method], Method]:
    """Declare it of a handler's method; the method itself stays as it is."""

    def declare(method: Method) -> Method:
        _SAID[method] = Says(
            gives=gives,
            status=status,
            takes=takes,
            query=query or {},
            may=may,
            is_versioned=versioned,
            is_kept=kept,
            is_once=once,
        )
        return method

    return declare


def said(handler: type[RequestHandler], method: str) -> Says | None:
    """What a handler declares of a method, None where it does not."""
    return _SAID.get(getattr(handler, method.lower()))
