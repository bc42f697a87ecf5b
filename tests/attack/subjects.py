"""Who holds a role of the attack: members, members through a team, and keys, made as the services would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from estate import CONTEXT, Visitor, bearer, register, signed_in
from orgs import Org

from hub.contract.ids import new
from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX
from hub.services.access import system
from hub.services.change import change
from hub.services.credentials import hash_of, new_api_key
from hub.services.ports import Ports
from hub.storage import credentials, members, people
from hub.storage.credentials import Credential

KINDS = ("member", "team", "key")


@dataclass(frozen=True)
class Holding:
    """What a subject was given: a role in a scope, cut down to an API key's scopes where it has any."""

    kind: str
    role: Role
    scope: Scope
    place: UUID
    scopes: tuple[Action, ...] = ()

    def __str__(self) -> str:
        narrowed = f" narrowed to {', '.join(self.scopes)}" if self.scopes else ""
        return f"a {self.kind} that is {self.role} in {self.scope}{narrowed}"

    @property
    def actions(self) -> frozenset[Action]:
        """What it comes to, by the two tables."""
        given = MATRIX[self.role] & CARRIES[self.scope]
        return given & set(self.scopes) if self.scopes else given


async def holder(
    ports: Ports, org: Org, holding: Holding, ends: timedelta | None = None, lasts: timedelta | None = None
) -> Visitor:
    """Somebody with this holding and no other. `ends` is when the role ends, from now, `lasts` the membership
    or the key."""
    now = ports.clock()
    role_until, lasts_until = (None if each is None else now + each for each in (ends, lasts))
    person = await register(ports, "holder") if holding.kind != "key" else None
    secret, subject, kind = new_api_key(), new(), holding.kind
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        if person is None:
            key = Credential(
                tenant_id=org.tenant, id=new(), kind="api_key", subject=subject, scopes=holding.scopes,
                expires_at=lasts_until, last_used_at=now, about={"name": "a key"},
            )  # fmt: skip
            await credentials.add(changed.tx, hash_of(secret), key, changed.now)
        else:
            member = await people.add_member(changed.tx, subject, person, "holder", changed.now)
            if lasts_until is not None:
                await members.change(changed.tx, member, "holder", "UTC", lasts_until)
        if kind == "team":
            await people.add_team(changed.tx, team := new(), f"Team {team.hex}", [subject], changed.now)
            subject = team
        place = (holding.scope, holding.place)
        await people.bind(changed.tx, new(), (kind, subject), holding.role, place, changed.now, role_until)
    if person is None:
        return bearer(str(holding), secret)
    return await signed_in(ports, str(holding), person)
