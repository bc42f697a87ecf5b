"""Holding: what an actor's roles come to, in the whole organization and in each narrower scope."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX, NOTHING
from hub.storage.people import Binding

ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Actions by scope, without objects for which nothing is left; `ends` is the first of the roles' ends."""

    actions: frozenset[Action]
    administrative: bool
    services: dict[UUID, frozenset[Action]]
    teams: dict[UUID, frozenset[Action]]
    incidents: dict[UUID, frozenset[Action]]
    ends: datetime | None


def held(bound: Iterable[Binding], scopes: Iterable[str] = ()) -> Held:
    """What roles come to, cut down to an API key's `scopes` where it has any; unknown words allow nothing."""
    narrowed = set(scopes)
    allowed = frozenset(action for action in Action if not narrowed or action in narrowed)
    places: dict[Scope, dict[UUID, frozenset[Action]]] = {scope: {} for scope in Scope}
    is_administrator, ends = False, list[datetime]()
    for binding in bound:
        scope, gives = binding.scope_kind, MATRIX[binding.role] & CARRIES[binding.scope_kind] & allowed
        _add(places[scope], binding.scope_id, gives)
        for service in binding.services:
            _add(places[Scope.SERVICE], service, gives & CARRIES[Scope.SERVICE])
        is_administrator |= scope is Scope.ORGANIZATION and binding.role in ADMINISTRATORS
        if binding.expires_at is not None:
            ends.append(binding.expires_at)
    whole = NOTHING.union(*places[Scope.ORGANIZATION].values())
    return Held(
        actions=whole,
        administrative=is_administrator and Action.AUDIT_READ in whole,
        services=places[Scope.SERVICE],
        teams=places[Scope.TEAM],
        incidents=places[Scope.INCIDENT],
        ends=min(ends, default=None),
    )


def _add(place: dict[UUID, frozenset[Action]], id: UUID, gives: frozenset[Action]) -> None:
    if gives:
        place[id] = place.get(id, NOTHING) | gives
