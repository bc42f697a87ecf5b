"""Permissions, cell by cell, and what of the log an actor sees."""

from __future__ import annotations

import pytest

from hub.contract.events import Actor
from hub.contract.ids import INSTALLATION
from hub.contract.kinds import KINDS
from hub.contract.words import Action, Role
from hub.domain.access import MATRIX, PERSON, SYSTEM, Grant, mint
from hub.domain.errors import Forbidden
from hub.domain.sight import View

#                        owner admin responder observer
CELLS = """
incident:read              x     x     x     x
stream:follow              x     x     x     x
service:read               x     x     x     x
member:read                x     x     x     x
receipt:read               x     x     x     x
incident:open              x     x     x     .
incident:acknowledge       x     x     x     .
incident:resolve           x     x     x     .
incident:note              x     x     x     .
incident:edit              x     x     x     .
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
"""
ROLES = [Role.OWNER, Role.ADMIN, Role.RESPONDER, Role.OBSERVER]
TABLE = {line.split()[0]: line.split()[1:] for line in CELLS.strip().splitlines()}
ADMINISTRATIVE = {
    "organization.renamed", "member.changed", "member.removed", "role.revoked",
    "invitation.created", "invitation.withdrawn", "invitation.accepted",
    "team.renamed", "team.member_added", "team.member_removed", "team.deleted",
    "organization.created", "member.added", "role.granted", "team.created", "service.created",
    "service.changed", "service.archived", "service.dependencies_set", "integration.changed",
    "integration.rotated", "integration.disabled", "integration.enabled", "integration.tested", "key.rotated", "key.deleted",
    "integration.created", "key.created", "session.used", "request.refused", "person.created",
    "session.started", "session.ended", "sign_in.failed", "password.changed",
    "password.reset_offered", "password.reset",
}  # fmt: skip
SHOWN = {
    "incident.opened", "incident.acknowledged", "incident.unacknowledged", "incident.mitigated",
    "incident.resolved", "incident.closed", "incident.reopened", "incident.noted", "incident.severity_set",
    "incident.signals_cleared", "alert.fired", "alert.reported", "alert.cleared", "change.recorded",
}  # fmt: skip


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
        "operator": ["self:manage"],
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


def test_every_kind_is_shown_to_all_or_to_administrators() -> None:
    assert set(KINDS) == ADMINISTRATIVE | SHOWN
    for kind in KINDS:
        assert View(administrative=True).sees(kind)
        assert View().sees(kind) == (kind in SHOWN)


def test_a_view_has_a_short_hash_of_its_own() -> None:
    assert View().hash == View(administrative=False).hash
    assert View().hash != View(administrative=True).hash
    assert len(View().hash) == 4


def test_a_kind_that_nobody_knows_is_hidden_from_those_who_do_not_administer() -> None:
    assert not View().sees("incident.hidden_by_a_newer_version")
