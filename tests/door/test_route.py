"""The boot audit: nothing is reachable that does not say who may reach it."""

from __future__ import annotations

import re

import pytest
from tornado.web import RequestHandler

from hub.contract import commands
from hub.contract.words import Action
from hub.door.route import ByCommand, Public, Route, Unguarded, audit, literal


class Reader(RequestHandler):
    def get(self) -> None: ...


class Writer(Reader):
    def post(self) -> None: ...


def test_a_route_whose_methods_all_declare_an_action_passes() -> None:
    audit([Route("/things", Writer, {"GET": Action.INCIDENT_READ, "POST": Public("it is a test")})])


def test_an_implemented_method_without_an_action_refuses_to_build() -> None:
    with pytest.raises(Unguarded, match=re.escape("POST /things declares no action.")):
        audit([Route("/things", Writer, {"GET": Action.INCIDENT_READ})])


def test_a_literal_path_is_looked_up_unless_an_earlier_route_takes_it() -> None:
    first, named, later = (Route(path, Reader, {}) for path in ("/a/b", "/a/{name}", "/a/c"))
    again = Route("/a/b", Writer, {})
    assert literal([first, named, later, again]) == {"/a/b": first}


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Unguarded, match=r"GET /a declares no action\. GET /b declares no action\."):
        audit([Route("/a", Reader, {}), Route("/b", Reader, {})])


def test_an_action_for_a_method_that_is_not_there_refuses_to_build() -> None:
    with pytest.raises(Unguarded, match="DELETE /things declares an action but is not implemented"):
        audit([Route("/things", Reader, {"GET": Action.INCIDENT_READ, "DELETE": Action.INCIDENT_READ})])


def test_a_method_that_nobody_checks_cannot_be_declared() -> None:
    with pytest.raises(Unguarded, match="BREW /things"):
        audit([Route("/things", Reader, {"GET": Action.INCIDENT_READ, "BREW": Action.INCIDENT_READ})])


def test_public_wants_its_reason() -> None:
    with pytest.raises(Unguarded, match="GET /things is public without a reason"):
        audit([Route("/things", Reader, {"GET": Public(" ")})])


def test_only_a_path_with_a_command_takes_its_action_from_one() -> None:
    with pytest.raises(Unguarded, match="its path names none"):
        audit([Route("/things", Reader, {"GET": ByCommand()})])


def test_a_command_without_an_action_refuses_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sneak(commands.Command, frozen=True, kw_only=True):
        """It names no action."""

    monkeypatch.setitem(commands.COMMANDS, "sneak", Sneak)
    with pytest.raises(Unguarded, match="The command sneak names no action"):
        audit([])


@pytest.mark.parametrize(
    ("path", "url", "found"),
    [
        ("/orgs/{org}/incidents/{incident}", "/orgs/a.b/incidents/7", {"org": "a.b", "incident": "7"}),
        ("/orgs/{org}/incidents/{incident}", "/orgs/a/incidents/7/x", None),
        ("/orgs/{org}/incidents/{incident}", "/orgs//incidents/7", None),
        ("/static/{build}/{name:path}", "/static/1/js/core.js", {"build": "1", "name": "js/core.js"}),
        ("/v2/enqueue", "/v2/enqueue", {}),
        ("/v2.enqueue", "/v2xenqueue", None),
    ],
)
def test_a_path_matches_what_it_looks_like(path: str, url: str, found: dict[str, str] | None) -> None:
    matched = re.fullmatch(Route(path, Reader, {}).pattern, url)
    assert (matched.groupdict() if matched else None) == found


def test_head_is_allowed_where_get_is() -> None:
    assert Route("/", Writer, {"GET": ByCommand(), "POST": ByCommand()}).allow == "GET, POST, HEAD"
    assert Route("/", Writer, {"POST": ByCommand()}).allow == "POST"
