"""Every way in declares what its caller must be allowed to do; what is open to everybody is listed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.contract.commands import COMMANDS, Command
from hub.contract.words import Action
from hub.domain.access import MATRIX, PERSON, SYSTEM
from hub.door.route import Guard, Public, Route, Unguarded, audit
from hub.routes import OPERATOR_ROUTES, ROUTES

# Senders prove themselves to the intake, in their own formats; the operator's port is this machine's.
PUBLIC = {
    "POST /api/v1/ingest/events",
    "POST /api/v1/ingest/hooks/{key}",
    "POST /api/v1/ingest/cloudevents",
    "POST /v2/enqueue",
    "POST /integrations/alertmanager/{integration}/webhook",
    "POST /integrations/grafana/{integration}/webhook",
    "PUT /integrations/grafana/{integration}/webhook",
    "GET /api/v1/ingest/receipts",
    "POST /integrations/alertmanager/{integration}/api/v2/alerts",
    "GET /integrations/alertmanager/{integration}/api/v2/status",
    "POST /v2/change/enqueue",
    "POST /generic/2010-04-15/create_event.json",
    "POST /api/v1/ingest/heartbeats/{beat}",
    "GET /api/v1/ingest/receipts/{receipt}",
    "POST /api/v1/session",
    "GET /api/v1/invitations/{link}",
    "GET /invitations",
    "POST /api/v1/invitations/{link}/accept",
    "GET /api/v1/me",
    "POST /api/v1/password-resets/{link}",
    "GET /sign-in",
    "GET /reset-password",
    "GET /account",
    "GET /orgs/{org}",
    "GET /orgs/{org}/incidents/{incident}",
    "GET /orgs/{org}/settings",
    "GET /orgs/{org}/settings/invitations",
    "GET /orgs/{org}/settings/services",
    "GET /orgs/{org}/settings/services/{service}",
    "GET /orgs/{org}/settings/integrations",
    "GET /orgs/{org}/settings/integrations/{integration}",
    "GET /orgs/{org}/settings/consumers",
    "GET /orgs/{org}/settings/heartbeats",
    "GET /orgs/{org}/settings/keys",
    "GET /orgs/{org}/settings/receipts",
    "GET /orgs/{org}/receipts/{receipt}",
    "GET /orgs/{org}/settings/members",
    "GET /orgs/{org}/settings/teams",
    "GET /static/{build}/{name:path}",
    "GET /docs",
    "GET /docs/problems",
    "GET /docs/roles",
    "GET /api/v1/openapi.json",
    "GET /api/v1/asyncapi.json",
    "GET /livez",
    "GET /readyz",
}
ALERTS = (
    "GET /v2/alerts", "POST /v2/alerts", "GET /v2/alerts/count", "GET /v2/alerts/requests/{request}",
    "GET /v2/alerts/{identifier}", "GET /v2/alerts/{identifier}/{verb}",
    "POST /v2/alerts/{identifier}/{verb}",
    "PUT /v2/alerts/{identifier}/{verb}",
    "POST /v2/alerts/{identifier}/actions/{name}", "GET /v2/heartbeats/{beat}/ping",
    "POST /v2/heartbeats/{beat}/ping", "PUT /v2/heartbeats/{beat}/ping", "GET /v2/heartbeats",
    "POST /v2/heartbeats", "GET /v2/heartbeats/{beat}", "PATCH /v2/heartbeats/{beat}",
    "DELETE /v2/heartbeats/{beat}", "PATCH /v2/heartbeats/{beat}/ping",
    *(f"{method} /v2/heartbeats/{{beat}}/{way}" for method in ("POST", "PUT", "PATCH")
      for way in ("enable", "disable")),
)  # fmt: skip
PUBLIC |= {
    way.replace(" ", f" {at}", 1)
    for way in ALERTS
    for at in ("", "/integrations/opsgenie/{integration}", "/jsm/ops/integration")
}
OPERATOR = {"GET /", "GET /style.css", "GET /metrics"}


def guarded(routes: tuple[Route, ...]) -> Iterator[tuple[str, Guard]]:
    return ((f"{method} {route.path}", guard) for route in routes for method, guard in route.guards.items())


def test_every_route_and_command_declares_its_action() -> None:
    audit(ROUTES)
    audit(OPERATOR_ROUTES)


def test_what_is_public_is_listed_here_and_nothing_else() -> None:
    assert {way for way, guard in guarded(ROUTES) if isinstance(guard, Public)} == PUBLIC
    assert {way for way, guard in guarded(OPERATOR_ROUTES) if isinstance(guard, Public)} == OPERATOR


def test_no_address_is_routed_twice() -> None:
    paths = [route.path for route in ROUTES]
    assert len(set(paths)) == len(paths)


def test_every_action_is_asked_for_somewhere() -> None:
    asked = {guard for _, guard in guarded(ROUTES) if isinstance(guard, Action)}
    asked |= {command.action for command in COMMANDS.values()}
    asked.add(Action.CONSUMER_MANAGE)  # by the services, of whoever touches what is not theirs
    assert asked | frozenset().union(*SYSTEM.values()) == set(Action)


def test_every_action_that_a_caller_needs_is_held_by_a_role_or_the_person() -> None:
    held = frozenset().union(*MATRIX.values()) | PERSON
    asked = {guard for _, guard in guarded(ROUTES) if isinstance(guard, Action)}
    assert asked | {command.action for command in COMMANDS.values()} <= held


def test_system_actors_hold_no_action_of_people() -> None:
    people = MATRIX.keys() and frozenset().union(*MATRIX.values()) - {Action.ORGANIZATION_MANAGE}
    for name, actions in SYSTEM.items():
        assert not actions & people, name


def test_a_command_without_an_action_stops_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    class Escalate(Command, frozen=True, kw_only=True):
        """Planted."""

    monkeypatch.setitem(COMMANDS, "escalate", Escalate)
    with pytest.raises(Unguarded, match="escalate"):
        audit(ROUTES)
