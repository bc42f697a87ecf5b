"""Door: what a request says beyond what its method takes is refused, never overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hub.contract.catalogue import Nothing
from hub.contract.strict import escape
from hub.door.route import SAFE, ByCommand
from hub.door.says import said

if TYPE_CHECKING:
    from hub.door.request import Request

NAME_MAX: Final = 64
PAGE: Final = ("limit", "cursor")


def check(request: Request) -> None:
    """Note in the request's `faults` the parameters of the query that mean nothing here: a list with one that
    is misspelt would be another list than was asked for. Before something is changed, raise Invalid at once.

    Raise Invalid or WrongType for a body where nothing is to be said: it would be taken for heard, and
    text/plain could come from a form of another site. What machines call, pages and streams are let be.
    """
    method = str(request.request.method)
    is_safe = method in SAFE
    declared = said(type(request), "GET" if is_safe else method)
    if declared is None or request.route.machine:
        return
    if request.request.query_arguments and not request.is_stream:
        known = {*declared.query, *(PAGE if declared.is_page else ())}
        for name in sorted(request.request.query_arguments.keys() - known):
            request.faults.add(escape(name[:NAME_MAX]), "unknown", "There is no such parameter.")
    if is_safe:
        return
    request.faults.check()
    is_command = isinstance(request.route.guards[method], ByCommand)  # which takes what its Struct says
    if request.request.body and declared.takes is None and not is_command:
        request.read(Nothing)
