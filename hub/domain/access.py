"""Permissions: the role/action matrix, the named system actors, and the Grant that proves a check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from hub.contract.events import Actor
from hub.contract.ids import TenantId
from hub.contract.words import Action, Role
from hub.domain.errors import Forbidden

READ: Final = frozenset(
    {
        Action.INCIDENT_READ,
        Action.STREAM_FOLLOW,
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
    }
)
MANAGE: Final = frozenset(
    {
        Action.AUDIT_READ,
        Action.SERVICE_MANAGE,
        Action.INTEGRATION_MANAGE,
        Action.KEY_MANAGE,
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
PERSON: Final = frozenset({Action.SELF_READ, Action.SELF_MANAGE})
SYSTEM: Final[dict[str, frozenset[Action]]] = {
    "stream": frozenset({Action.LOG_READ}),
    "worker": frozenset({Action.INBOX_DRAIN}),
    "sealer": frozenset({Action.LOG_READ, Action.LOG_SEAL}),
    "guard": frozenset({Action.REFUSAL_RECORD}),
    "door": frozenset({Action.INBOX_WRITE}),
    "founder": frozenset({Action.ORGANIZATION_MANAGE}),
    "sign-in": frozenset({Action.SELF_MANAGE}),
    "operator": frozenset({Action.SELF_MANAGE}),
}
_MINT: Final = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Proof that an actor may act in one tenant. Only `services/access.py` makes one.

    `administrative` says whether administrative events are in the actor's view; `expires_at` is the
    earliest end of what the Grant rests on; `person` and `session` are set for a signed-in browser.
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
    proof: object = None

    def __post_init__(self) -> None:
        if self.proof is not _MINT:
            raise TypeError("A Grant is made by authorize(), by nobody else.")

    def require(self, action: Action) -> None:
        """Raise Forbidden unless this Grant holds `action`."""
        if action not in self.actions:
            raise Forbidden(f"Your role does not allow {action.value}.")


def may_grant(grant: Grant, role: Role) -> bool:
    """Nobody gives away what they do not hold: a key narrowed by scopes gives no role that is wider."""
    return MATRIX[role] <= grant.actions


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
        proof=_MINT,
    )
