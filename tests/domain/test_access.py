"""Permissions, cell by cell, and what of the log an actor sees."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.contract.events import Actor
from hub.contract.ids import INSTALLATION, new
from hub.contract.kinds import KINDS
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX, PERSON, SYSTEM, Grant, Holdings, may_grant, mint
from hub.domain.errors import Forbidden
from hub.domain.sight import View
from hub.storage.log import LogEvent

#                        owner admin responder observer
CELLS = """
incident:read              x     x     x     x
stream:follow              x     x     x     x
consumer:use               x     x     x     x
consumer:manage            x     x     .     .
service:read               x     x     x     x
member:read                x     x     x     x
receipt:read               x     x     x     x
incident:open              x     x     x     .
incident:acknowledge       x     x     x     .
incident:resolve           x     x     x     .
incident:note              x     x     x     .
incident:edit              x     x     x     .
incident:hide              x     x     x     .
receipt:replay             x     x     x     .
incident:break_glass       x     x     .     .
audit:read                 x     x     .     .
member:manage              x     x     .     .
team:manage                x     x     .     .
owner:manage               x     .     .     .
service:manage             x     x     .     .
integration:read           x     x     x     x
integration:manage         x     x     .     .
key:manage                 x     x     .     .
organization:manage        x     x     .     .
self:read                  .     .     .     .
self:manage                .     .     .     .
log:read                   .     .     .     .
log:seal                   .     .     .     .
inbox:write                .     .     .     .
inbox:drain                .     .     .     .
refusal:record             .     .     .     .
timer:fire                 .     .     .     .
vault:reseal               .     .     .     .
"""
ROLES = [Role.OWNER, Role.ADMIN, Role.RESPONDER, Role.OBSERVER]
TABLE = {line.split()[0]: line.split()[1:] for line in CELLS.strip().splitlines()}
ADMINISTRATIVE = {
    "organization.renamed", "member.changed", "member.removed", "role.revoked",
    "invitation.created", "invitation.withdrawn", "invitation.accepted",
    "team.renamed", "team.member_added", "team.member_removed", "team.deleted",
    "organization.created", "member.added", "role.granted", "team.created", "service.created",
    "service.changed", "service.archived", "service.unarchived", "service.dependencies_set",
    "integration.changed",
    "integration.rotated", "integration.disabled", "integration.enabled", "integration.tested",
    "integration.held", "integration.released", "integration.quarantine_emptied", "integration.undone",
    "heartbeat.created", "heartbeat.changed", "heartbeat.deleted", "heartbeat.pings_corrected",
    "receipt.replayed", "receipt.discarded", "integration.replayed",
    "integration.signed", "integration.unsigned", "secrets.resealed",
    "key.rotated", "key.deleted", "consumer.created", "consumer.changed", "consumer.deleted",
    "integration.created", "key.created", "session.used", "request.refused", "person.created",
    "session.started", "session.ended", "sign_in.failed", "password.changed",
    "password.reset_offered", "member.password_reset_offered", "password.reset",
}  # fmt: skip
SHOWN = {
    "incident.opened", "incident.acknowledged", "incident.unacknowledged", "incident.mitigated",
    "incident.resolved", "incident.closed", "incident.reopened", "incident.noted", "incident.severity_set",
    "incident.signals_cleared", "incident.commander_assigned", "incident.commander_vacated",
    "alert.fired", "alert.reported", "alert.cleared", "change.recorded",
    "incident.hidden", "incident.shown", "incident.glass_broken",
    "alert.went_stale", "alert.heard_again", "incident.signals_stale",
    "incident.storm_ended", "alert.split_off", "alert.taken_in",
    "incident.corrected", "incident.note_corrected", "incident.acknowledgement_corrected",
    "incident.reopening_corrected",
    "alert.withdrawn", "alert.restored", "change.corrected",
}  # fmt: skip


# What a scope can carry; None is everything.
IN_INCIDENT = {
    "incident:read", "stream:follow", "consumer:use", "incident:open", "incident:acknowledge",
    "incident:resolve", "incident:note", "incident:edit", "incident:hide",
}  # fmt: skip
IN_SERVICE = IN_INCIDENT | {
    "service:read", "service:manage", "integration:read", "integration:manage",
    "receipt:read", "receipt:replay",
}  # fmt: skip
CARRIED_BY: dict[Scope, set[str] | None] = {
    Scope.ORGANIZATION: None,
    Scope.TEAM: IN_SERVICE | {"team:manage", "member:read"},
    Scope.SERVICE: IN_SERVICE,
    Scope.INCIDENT: IN_INCIDENT,
}


def grant_of(actions: frozenset[Action], **holdings: Holdings) -> Grant:
    return mint(tenant=INSTALLATION, slug="", actor=Actor("x", "x"), actions=actions, **holdings)


def test_the_table_has_every_action_and_role() -> None:
    assert set(TABLE) == set(Action)
    assert set(ROLES) == set(Role) == set(MATRIX)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", list(Action))
def test_a_role_may_do_what_the_table_says(role: Role, action: Action) -> None:
    assert (action in MATRIX[role]) == (TABLE[action][ROLES.index(role)] == "x")


def test_each_system_actor_may_do_its_own_and_no_more() -> None:
    assert {name: sorted(actions) for name, actions in SYSTEM.items()} == {
        "stream": ["log:read"],
        "worker": ["inbox:drain"],
        "sealer": ["log:read", "log:seal"],
        "guard": ["refusal:record"],
        "door": ["inbox:write"],
        "founder": ["organization:manage"],
        "sign-in": ["self:manage"],
        "sweeper": ["timer:fire"],
        "operator": ["self:manage", "vault:reseal"],
    }
    assert sorted(PERSON) == ["self:manage", "self:read"]


def test_a_grant_cannot_be_made_by_hand() -> None:
    everything = frozenset(Action)
    for proof in (None, object(), True):
        with pytest.raises(TypeError):
            Grant(tenant=INSTALLATION, slug="", actor=Actor("x", "x"), actions=everything, proof=proof)


def test_a_grant_requires_what_it_holds() -> None:
    grant = mint(tenant=INSTALLATION, slug="", actor=Actor("x", "x"), actions=MATRIX[Role.OBSERVER])
    grant.require(Action.INCIDENT_READ)
    with pytest.raises(Forbidden, match="incident:note"):
        grant.require(Action.INCIDENT_NOTE)
    with pytest.raises(AttributeError):
        grant.actions = frozenset(Action)  # type: ignore[misc]


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", list(Action))
def test_a_role_gives_in_a_scope_what_the_table_says(role: Role, scope: Scope, action: Action) -> None:
    carried = CARRIED_BY[scope]
    gives = action in MATRIX[role] & CARRIES[scope]
    assert gives == (TABLE[action][ROLES.index(role)] == "x" and (carried is None or action in carried))


@pytest.mark.parametrize("action", list(Action))
def test_a_grant_allows_in_the_scope_that_is_named_and_in_no_other(action: Action) -> None:
    held, other = new(), new()
    for kind in ("service", "team", "incident"):
        grant = grant_of(frozenset(), **{f"{kind}s": {held: frozenset({action})}})
        assert not grant.allows(action)
        for asked in ("service", "team", "incident"):
            assert grant.allows(action, **{asked: held}) == (asked == kind)
            assert not grant.allows(action, **{asked: other})
        assert grant.allows(action, service=held, incident=held, team=held)
        assert {each for each in Action if grant.holds_anywhere(each)} == {action}
        with pytest.raises(Forbidden):
            grant.require(action)
        with pytest.raises(Forbidden):
            grant.require(action, service=other, incident=other, team=other)
        grant.require(action, **{kind: held})
    assert grant_of(frozenset({action})).allows(action, service=other, incident=other, team=other)


def test_what_a_grant_holds_in_a_scope_cannot_be_changed() -> None:
    mine = {new(): MATRIX[Role.OBSERVER]}
    grant = grant_of(frozenset(), services=mine)
    mine[new()] = frozenset(Action)
    assert len(grant.services) == 1
    with pytest.raises(TypeError):
        grant.services[new()] = frozenset(Action)  # type: ignore[index]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", list(Scope))
def test_nobody_gives_away_what_they_do_not_hold_there(role: Role, scope: Scope) -> None:
    place, elsewhere = new(), new()
    gives = MATRIX[role] & CARRIES[scope]
    assert may_grant(grant_of(gives), role, scope, place)
    for less in gives:
        assert not may_grant(grant_of(gives - {less}), role, scope, place)
    if scope is not Scope.ORGANIZATION:
        narrow = grant_of(frozenset(), **{f"{scope}s": {place: gives}})
        assert may_grant(narrow, role, scope, place)
        assert not may_grant(narrow, role, scope, elsewhere)
        assert not may_grant(narrow, role)
        assert not may_grant(narrow, role, scope)


# --- what of the log an actor sees ----------------------------------------------------------------------

WHOLE = View(whole=True)
ADMIN = View(administrative=True, whole=True)
SERVICE, OTHER, INCIDENT, ELSEWHERE = (new() for _ in range(4))


def happened(
    kind: str, incident: UUID | None = None, service: UUID | None = None, private: bool = False
) -> LogEvent:
    return LogEvent(1, kind, incident, b"{}", service, private)


def test_every_kind_is_shown_to_all_or_to_administrators() -> None:
    assert set(KINDS) == ADMINISTRATIVE | SHOWN
    for kind in KINDS:
        assert ADMIN.sees(happened(kind))
        assert WHOLE.sees(happened(kind)) == (kind in SHOWN)
        assert not View().sees(happened(kind))


#  the view                                          the event's incident, its service, private     seen
SIGHT = [
    (WHOLE, INCIDENT, SERVICE, False, True),
    (WHOLE, INCIDENT, SERVICE, True, False),
    (ADMIN, INCIDENT, SERVICE, True, False),
    (View(whole=True, incidents=frozenset({INCIDENT})), INCIDENT, SERVICE, True, True),
    (View(whole=True, incidents=frozenset({ELSEWHERE})), INCIDENT, SERVICE, True, False),
    (View(services=frozenset({SERVICE})), INCIDENT, SERVICE, False, True),
    (View(services=frozenset({SERVICE})), INCIDENT, SERVICE, True, False),
    (View(services=frozenset({SERVICE})), INCIDENT, OTHER, False, False),
    (View(services=frozenset({SERVICE})), INCIDENT, None, False, False),
    (View(incidents=frozenset({INCIDENT})), INCIDENT, OTHER, False, True),
    (View(incidents=frozenset({INCIDENT})), INCIDENT, OTHER, True, True),
    (View(incidents=frozenset({INCIDENT})), ELSEWHERE, OTHER, False, False),
    (View(), INCIDENT, SERVICE, False, False),
    (View(administrative=True), INCIDENT, SERVICE, False, False),
    (WHOLE, None, SERVICE, False, True),
    (View(services=frozenset({SERVICE})), None, SERVICE, False, True),
    (View(services=frozenset({SERVICE})), None, OTHER, False, False),
    (View(incidents=frozenset({INCIDENT})), None, SERVICE, False, False),
]


@pytest.mark.parametrize(("view", "incident", "service", "private", "seen"), SIGHT)
def test_an_event_is_seen_by_whom_the_table_says(
    view: View, incident: UUID | None, service: UUID | None, private: bool, seen: bool
) -> None:
    for kind in SHOWN:
        assert view.sees(happened(kind, incident, service, private)) is seen


def test_who_sees_some_services_sees_nothing_of_how_the_organization_is_run() -> None:
    narrow = View(services=frozenset({SERVICE}), incidents=frozenset({INCIDENT}))
    for kind in ADMINISTRATIVE:
        assert not narrow.sees(happened(kind, service=SERVICE))


def test_a_view_has_a_short_hash_of_its_own() -> None:
    views = [
        View(), WHOLE, ADMIN, View(services=frozenset({SERVICE})), View(incidents=frozenset({SERVICE})),
        View(services=frozenset({SERVICE, OTHER})), View(whole=True, incidents=frozenset({INCIDENT})),
    ]  # fmt: skip
    assert len({view.hash for view in views}) == len(set(views)) == len(views)
    assert {len(view.hash) for view in views} == {4}


def test_equal_views_have_one_hash_in_whatever_order_their_parts_came() -> None:
    many = [new() for _ in range(200)]
    for parts in (many, many[::-1], sorted(many, key=hash)):
        assert View(services=frozenset(parts)).hash == View(services=frozenset(many)).hash


def test_a_kind_that_nobody_knows_is_hidden_from_those_who_do_not_administer() -> None:
    assert not WHOLE.sees(happened("incident.hidden_by_a_newer_version"))
    assert ADMIN.sees(happened("incident.hidden_by_a_newer_version"))
    assert not ADMIN.sees(happened("incident.hidden_by_a_newer_version", INCIDENT, private=True))
