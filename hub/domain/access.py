"""Permissions: what roles may do, and in which scope; system actors; the Grant that proves a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from hub.contract.events import Actor
from hub.contract.ids import TenantId
from hub.contract.words import Action, Role, Scope
from hub.domain.errors import Forbidden

READ: Final = frozenset(
    {
        Action.INCIDENT_READ,
        Action.STREAM_FOLLOW,
        Action.CONSUMER_USE,
        Action.SERVICE_READ,
        Action.INTEGRATION_READ,
        Action.MEMBER_READ,
        Action.RECEIPT_READ,
    }
)
WORK: Final = frozenset(
    {
        Action.INCIDENT_OPEN,
        Action.INCIDENT_ACKNOWLEDGE,
        Action.INCIDENT_RESOLVE,
        Action.INCIDENT_NOTE,
        Action.INCIDENT_EDIT,
        Action.INCIDENT_HIDE,
        Action.RECEIPT_REPLAY,
    }
)
MANAGE: Final = frozenset(
    {
        Action.AUDIT_READ,
        Action.INCIDENT_BREAK_GLASS,
        Action.SERVICE_MANAGE,
        Action.INTEGRATION_MANAGE,
        Action.KEY_MANAGE,
        Action.CONSUMER_MANAGE,
        Action.ORGANIZATION_MANAGE,
        Action.MEMBER_MANAGE,
        Action.TEAM_MANAGE,
    }
)
OWN: Final = frozenset({Action.OWNER_MANAGE})

MATRIX: Final[dict[Role, frozenset[Action]]] = {
    Role.OWNER: READ | WORK | MANAGE | OWN,
    Role.ADMIN: READ | WORK | MANAGE,
    Role.RESPONDER: READ | WORK,
    Role.OBSERVER: READ,
}
_INCIDENT: Final = WORK - {Action.RECEIPT_REPLAY} | {
    Action.INCIDENT_READ,
    Action.STREAM_FOLLOW,
    Action.CONSUMER_USE,
}
_SERVICE: Final = _INCIDENT | {
    Action.SERVICE_READ,
    Action.SERVICE_MANAGE,
    Action.INTEGRATION_READ,
    Action.INTEGRATION_MANAGE,
    Action.RECEIPT_READ,
    Action.RECEIPT_REPLAY,
}
# What a role can give in a scope: no more than this, whatever the role is. A team's scope is the team itself
# (who is in it, and its own affairs) and, as `_SERVICE`, the services that it owns at the time.
CARRIES: Final[dict[Scope, frozenset[Action]]] = {
    Scope.ORGANIZATION: READ | WORK | MANAGE | OWN,
    Scope.TEAM: _SERVICE | {Action.TEAM_MANAGE, Action.MEMBER_READ},
    Scope.SERVICE: _SERVICE,
    Scope.INCIDENT: _INCIDENT,
}
PERSON: Final = frozenset({Action.SELF_READ, Action.SELF_MANAGE})
SYSTEM: Final[dict[str, frozenset[Action]]] = {
    "stream": frozenset({Action.LOG_READ}),
    "worker": frozenset({Action.INBOX_DRAIN}),
    "sweeper": frozenset({Action.TIMER_FIRE}),
    "sealer": frozenset({Action.LOG_READ, Action.LOG_SEAL}),
    "guard": frozenset({Action.REFUSAL_RECORD}),
    "door": frozenset({Action.INBOX_WRITE}),
    "founder": frozenset({Action.ORGANIZATION_MANAGE}),
    "sign-in": frozenset({Action.SELF_MANAGE}),
    "operator": frozenset({Action.SELF_MANAGE, Action.VAULT_RESEAL}),
}
_MINT: Final = object()

Holdings = Mapping[UUID, frozenset[Action]]
NOTHING: Final[frozenset[Action]] = frozenset()
NOWHERE: Final[Holdings] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Proof that an actor may act in one tenant. Only `services/access.py` makes one.

    `actions` hold in the whole organization; `services`, `teams` and `incidents` say what holds on top for
    one of them. `administrative` says whether administrative events are in the actor's view; `expires_at` is
    the earliest end of what the Grant rests on; `person` and `session` are set for a signed-in browser.
    """

    tenant: TenantId
    slug: str
    actor: Actor
    actions: frozenset[Action]
    administrative: bool = False
    expires_at: datetime | None = None
    person: TenantId | None = None
    session: UUID | None = None
    credential: UUID | None = None
    subject: UUID | None = None
    services: Holdings = field(default_factory=lambda: NOWHERE)
    teams: Holdings = field(default_factory=lambda: NOWHERE)
    incidents: Holdings = field(default_factory=lambda: NOWHERE)
    proof: object = None
    anywhere: frozenset[Action] = field(init=False)  # all its actions, in whatever scope

    def __post_init__(self) -> None:
        if self.proof is not _MINT:
            raise TypeError("A Grant is made by authorize(), by nobody else.")
        narrow = (self.services, self.teams, self.incidents)
        held = self.actions.union(*(each for holdings in narrow for each in holdings.values()))
        object.__setattr__(self, "anywhere", held)

    def allows(
        self,
        action: Action,
        *,
        service: UUID | None = None,
        incident: UUID | None = None,
        team: UUID | None = None,
    ) -> bool:
        """Whether this Grant holds `action` in the whole organization, or for one of the objects named."""
        return (
            action in self.actions
            or (service is not None and action in self.services.get(service, NOTHING))
            or (incident is not None and action in self.incidents.get(incident, NOTHING))
            or (team is not None and action in self.teams.get(team, NOTHING))
        )

    def require(
        self,
        action: Action,
        *,
        service: UUID | None = None,
        incident: UUID | None = None,
        team: UUID | None = None,
    ) -> None:
        """Raise Forbidden unless this Grant allows `action`: where no object is named, in the whole
        organization, so that a scope that somebody forgot to name opens nothing."""
        if not self.allows(action, service=service, incident=incident, team=team):
            raise Forbidden(f"Your role does not allow {action.value}.", action)

    def holds_anywhere(self, action: Action) -> bool:
        """Whether this Grant holds `action` in some scope: what a route asks before it knows the object."""
        return action in self.anywhere

    def require_somewhere(self, action: Action) -> None:
        """Raise Forbidden unless this Grant holds `action` in some scope. For lists, which the view filters:
        who holds any action for an object sees it."""
        if not self.holds_anywhere(action):
            raise Forbidden(f"Your role does not allow {action.value}.", action)

    def at(self, scope: Scope, id: UUID) -> frozenset[Action]:
        """All that this Grant holds at one place; what holds in the whole organization holds there too."""
        holdings = {Scope.TEAM: self.teams, Scope.SERVICE: self.services, Scope.INCIDENT: self.incidents}
        return self.actions | holdings.get(scope, NOWHERE).get(id, NOTHING)


def may_grant(grant: Grant, role: Role, scope: Scope = Scope.ORGANIZATION, id: UUID | None = None) -> bool:
    """Nobody gives away what they do not hold there: a key narrowed by scopes gives no role that is wider."""
    return MATRIX[role] & CARRIES[scope] <= (grant.at(scope, id) if id else grant.actions)


def mint(
    *,
    tenant: TenantId,
    slug: str,
    actor: Actor,
    actions: frozenset[Action],
    administrative: bool = False,
    expires_at: datetime | None = None,
    person: TenantId | None = None,
    session: UUID | None = None,
    credential: UUID | None = None,
    subject: UUID | None = None,
    services: Holdings = NOWHERE,
    teams: Holdings = NOWHERE,
    incidents: Holdings = NOWHERE,
) -> Grant:
    """Make a Grant. A contract test allows this name in services/access.py alone."""
    return Grant(
        tenant=tenant,
        slug=slug,
        actor=actor,
        actions=actions,
        administrative=administrative,
        expires_at=expires_at,
        person=person,
        session=session,
        credential=credential,
        subject=subject,
        services=MappingProxyType(dict(services)),
        teams=MappingProxyType(dict(teams)),
        incidents=MappingProxyType(dict(incidents)),
        proof=_MINT,
    )
