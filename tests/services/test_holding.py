"""Holding: bindings of every scope, added up and cut down."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from hub.contract.ids import new
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX
from hub.services.holding import held
from hub.storage.people import Binding

PLACE, OWNED, OTHER = new(), new(), new()
EARLY, LATE = datetime(2050, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)


def bound(
    role: Role, scope: Scope, id: UUID = PLACE, services: tuple[UUID, ...] = (), ends: datetime | None = None
) -> Binding:
    return Binding(role=role, scope_kind=scope, scope_id=id, services=services, expires_at=ends)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("scope", list(Scope))
def test_a_role_holds_in_its_scope_and_nowhere_else(role: Role, scope: Scope) -> None:
    services = (OWNED,) if scope is Scope.TEAM else ()
    has = held([bound(role, scope, services=services)])
    gives = MATRIX[role] & CARRIES[scope]
    assert has.actions == (gives if scope is Scope.ORGANIZATION else frozenset())
    assert has.teams == ({PLACE: gives} if scope is Scope.TEAM else {})
    assert has.incidents == ({PLACE: gives} if scope is Scope.INCIDENT else {})
    owned = {OWNED: MATRIX[role] & CARRIES[Scope.SERVICE]}
    assert has.services == {Scope.SERVICE: {PLACE: gives}, Scope.TEAM: owned}.get(scope, {})
    assert has.administrative == (scope is Scope.ORGANIZATION and role in {Role.OWNER, Role.ADMIN})


def test_roles_of_one_place_add_up() -> None:
    has = held(
        [
            bound(Role.OBSERVER, Scope.SERVICE, OWNED),
            bound(Role.RESPONDER, Scope.TEAM, services=(OWNED, OTHER)),
            bound(Role.OBSERVER, Scope.ORGANIZATION),
        ]
    )
    assert has.actions == MATRIX[Role.OBSERVER]
    responder = MATRIX[Role.RESPONDER] & CARRIES[Scope.SERVICE]
    assert has.services == {OWNED: responder, OTHER: responder}


def test_the_scopes_of_a_key_cut_every_scope_and_leave_no_empty_place() -> None:
    bindings = [bound(Role.ADMIN, scope, services=(OWNED,) if scope is Scope.TEAM else ()) for scope in Scope]
    has = held(bindings, ("service:manage", "nonsense"))
    only = frozenset({Action.SERVICE_MANAGE})
    assert (has.actions, has.services) == (only, {PLACE: only, OWNED: only})
    assert has.teams == {PLACE: only}, "what it is to the team, which has nothing to manage there"
    assert has.incidents == {}
    assert not has.administrative, "administrative events are for who may read the audit log"
    assert held(bindings, ("audit:read",)).administrative
    nothing = held(bindings, ("nonsense",))
    assert (nothing.actions, nothing.services, nothing.teams, nothing.incidents) == (frozenset(), {}, {}, {})


def test_a_grant_rests_on_the_first_end_in_whatever_scope() -> None:
    assert held([]).ends is None
    assert held([bound(Role.OBSERVER, Scope.ORGANIZATION)]).ends is None
    mixed = [
        bound(Role.OBSERVER, Scope.ORGANIZATION, ends=LATE),
        bound(Role.ADMIN, Scope.SERVICE, ends=EARLY),
    ]
    assert held(mixed).ends == EARLY
